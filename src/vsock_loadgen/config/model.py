"""What a run is configured to do: validated, complete and frozen. Times are integer nanoseconds, shares exact fractions.

A field is the one declaration of its key: grammar, flag, variable, JSON Schema, documents, the effective config, and what merging
and comparing results make of it follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vsock_loadgen.config.address import DEFAULT_PORT, VSOCK_CID_LOCAL, Address, VsockAddress
from vsock_loadgen.config.blocks import MOMENT, MOST_VMS, PACKAGE_SETS, YEAR_NS, DiscoveredData, Limits, OfProfile, Phase, Profile
from vsock_loadgen.config.instants import INSTANT
from vsock_loadgen.config.reconcile import RECONCILE, URL
from vsock_loadgen.config.serve import Serve
from vsock_loadgen.config.target import TARGET
from vsock_loadgen.config.thresholds import THRESHOLD, Threshold
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL
from vsock_loadgen.distributions.reading import IN_WORDS, Of
from vsock_loadgen.distributions.timing import JITTER
from vsock_loadgen.errors import Problem
from vsock_loadgen.grammar.block import BlockOf, ListOf, key
from vsock_loadgen.grammar.leaves import Choice, Duration, Number, OptionalText, OrWord, Percentage, WholeNumber, YesOrNo, auto
from vsock_loadgen.units import MILLISECOND, SECOND

MOST_NODES = 10_000
_EACH_ITS_OWN = "every key its own"
MAX_LOST = OrWord(Percentage(), (("auto", None),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a config asks for, defaults filled in, older keys translated."""

    vm_count: int = key(
        50,
        WholeNumber(1, MOST_VMS),
        "Simulate this many VMs in the whole fleet, over all nodes.",
        "5000",
        group="fleet",
        scope="shared",
        unit="VMs",
    )
    packages: Distribution = key(
        Constant(700),
        Of(PACKAGES),
        f"Report this many packages per VM: a number for all, or in the file {IN_WORDS}.",
        "{min: 100, p50: 500, p95: 1500, max: 3000}",
        group="fleet",
        scope="shared",
        unit="packages",
    )
    specific_package: str | None = key(
        None,
        OptionalText("the name of a package"),
        "Make every package of every report this one.",
        "openssl-libs",
        group="content",
        scope="shared",
    )
    report_interval: Distribution = key(
        Constant(30 * SECOND),
        Of(REPORT_INTERVAL),
        f"Send the reports of a VM this far apart: a duration for all, or in the file {IN_WORDS}.",
        "1m30s",
        group="fleet",
        scope="shared",
    )
    jitter: Fraction = key(
        Fraction(1, 20),
        JITTER,
        "Send each report up to this much earlier or later, in percent of the interval.",
        "2.5",
        group="fleet",
        scope="load",
    )
    """Share of the interval that a report may come earlier or later: 1/20 is +-5 %."""
    profiles: tuple[Profile, ...] = key(
        (),
        ListOf(OfProfile()),
        "Divide the fleet into named shares whose packages and interval belong together.",
        "[{name: dev, percent: 100, packages: 400, reportInterval: 5m}]",
        group="fleet",
        scope="load",
    )
    """If there are any, they replace `packages` and `report_interval`. Their percents add up to exactly 100."""
    phases: tuple[Phase, ...] = key(
        (),
        ListOf(BlockOf(Phase)),
        "Divide the run into stretches, each with a rate and a share of the VMs that is switched on.",
        "[{name: ramp, duration: 10m, rate: {from: 0.1, to: 1}}]",
        group="time",
        scope="load",
    )
    repeat_phases: bool = key(
        False,
        YesOrNo(),
        "Repeat the phases after the last one; otherwise the load at its end stays.",
        "true",
        group="time",
        scope="load",
    )
    start_at_ns: int | None = key(
        None,
        INSTANT,
        "Start the schedule at this instant, the same for all nodes; a node that starts later joins in.",
        "2026-11-23T08:00:00Z",
        group="time",
        scope="shared",
    )
    """The instant (since the epoch) at which the schedule starts, for every node the same; None starts at once."""
    seed: int = key(
        0,
        WholeNumber(-(2**63), 2**63 - 1),
        "Draw the VMs' values and all moments with this seed; the same seed gives the same plan.",
        "4711",
        group="fleet",
        scope="load",
    )
    report_format: Literal["indexReport", "vmReport"] = key(
        "indexReport",
        Choice(("indexReport", "vmReport")),
        "Send reports in this message: indexReport as read by ACS 4.9, vmReport since ACS 4.10.",
        "vmReport",
        group="content",
        scope="shared",
    )
    package_sets: Literal["shared", "perVM"] = key(
        "shared",
        PACKAGE_SETS,
        "Let VMs with equally many packages report the same ones (shared), or each its own (perVM).",
        "perVM",
        group="content",
        scope="shared",
    )
    package_catalog: str | None = key(
        None,
        OptionalText("the path of a file of packages", 4096),
        "Make reports of the packages in this file: output of `rpm -qa --qf ...`, or CSV. "
        "A relative path starts at the config file's folder; from a flag, at the working directory.",
        "rpms.txt",
        group="content",
        scope="shared",
    )
    """Absolute path of a file of packages; None is the catalogue of this program."""
    discovered_data: DiscoveredData = key(
        DiscoveredData(),
        BlockOf(DiscoveredData),
        "Say this about the VM's system in a `vmReport`, besides its packages.",
        '{osVersion: "9.6"}',
        group="content",
        scope="shared",
        otherwise=_EACH_ITS_OWN,
    )
    cids: Literal["assigned", "own"] = key(
        "assigned",
        Choice(("assigned", "own")),
        "Let a report carry the CID of its simulated VM (assigned), or of the real VM in which the generator runs (own).",
        "own",
        group="content",
        scope="shared",
    )
    limits: Limits = key(
        Limits(),
        BlockOf(Limits),
        "Warn in the plan above these limits; `none` takes a limit away, `auto` is the known one.",
        "{clusterReportsPerSecond: 3}",
        group="limits",
        scope="shared",
        otherwise=_EACH_ITS_OWN,
    )
    target: Address = key(
        VsockAddress(VSOCK_CID_LOCAL, DEFAULT_PORT),
        TARGET,
        "Send reports to embedded, unix:///PATH, tcp://HOST:PORT or vsock://CID:PORT.",
        "unix:///run/relay.sock",
        group="sending",
        scope="node",
    )
    serve: Serve = key(
        Serve(),
        BlockOf(Serve),
        "Answer like this when VMs are asked for their reports (`vsock-loadgen serve`).",
        "{dialect: generation}",
        group="sending",
        scope="shared",
        otherwise=_EACH_ITS_OWN,
    )
    delivery: Literal["confirmed", "written"] = key(
        "confirmed",
        Choice(("confirmed", "written")),
        "Count a report as delivered if the peer closed after its end (confirmed), or if the kernel has its last byte (written).",
        "written",
        group="sending",
        scope="shared",
    )
    request_timeout_ns: int = key(
        10 * SECOND,
        MOMENT,
        "Give up on a report this long after its first attempt to connect.",
        "30s",
        group="sending",
        scope="shared",
    )
    duration_ns: int = key(
        0,
        Duration(MILLISECOND, 100 * YEAR_NS, none_is_zero=True),
        "Stop after this duration; 0 or empty: run until stopped.",
        "10m",
        group="time",
        scope="shared",
    )
    time_scale: Fraction = key(
        Fraction(1),
        Number(Fraction(1, 100), Fraction(1_000_000)),
        "Divide intervals, offsets and lengths of phases by this: 10 makes a 5m interval 30s. Timeouts and `duration` stay.",
        "60",
        group="time",
        scope="load",
        unit="a factor",
    )
    stats_interval_ns: int = key(
        10 * SECOND,
        Duration(SECOND, YEAR_NS),
        "Write a line of statistics this often; 1s or longer.",
        "1s",
        group="showing",
        scope="node",
    )
    log_format: Literal["text", "json"] = key(
        "text",
        Choice(("text", "json")),
        "Write the log as lines for people (text), or as one JSON object per line (json).",
        "json",
        group="showing",
        scope="node",
    )
    metrics_port: int | None = key(
        None,
        auto(0, 65_535),
        "Serve Prometheus metrics on this TCP port; 0: do not. auto: 9090 in a pod, else 9190, or a free one if that is taken.",
        "0",
        group="showing",
        scope="node",
    )
    metrics_address: str | None = key(
        None,
        OptionalText("an IP address or a host name", 253),
        "Serve the metrics on this address; by default 127.0.0.1, or in a pod all addresses.",
        "127.0.0.1",
        group="showing",
        scope="node",
    )
    push_gateway: str | None = key(
        None,
        URL,
        "Push the metrics to the Prometheus Pushgateway at this URL when the run ends; `${NAME}` is a variable of the environment.",
        "http://127.0.0.1:9091",
        group="showing",
        scope="node",
    )
    workers: int | None = key(
        None,
        auto(1, 256),
        "Send from this many processes; auto: as many as the forecast needs and the machine has processors for.",
        "4",
        group="sending",
        scope="node",
        unit="processes",
    )
    lag_limit_ns: int = key(
        50 * MILLISECOND,
        MOMENT,
        "Call the generator saturated if the 99th percentile of its own lateness exceeds this duration.",
        "20ms",
        group="sending",
        scope="node",
    )
    thresholds: tuple[Threshold, ...] = key(
        (),
        ListOf(THRESHOLD),
        "Require this of the target, as in `response_time.p99 < 500ms`; if one is missed, the verdict is failed.",
        "[response_time.p99 < 500ms, failed_percent < 0.1]",
        group="judging",
        scope="shared",
    )
    max_lost: Fraction | None = key(
        None,
        MAX_LOST,
        "Fail if more than this percentage of the due reports is lost: failed, skipped or unfinished. "
        "auto: fail if any is lost, unless thresholds decide.",
        "0.01%",
        group="judging",
        scope="shared",
        unit="percent",
    )
    """Share of the due reports."""
    no_verdict: bool = key(
        False,
        YesOrNo(),
        "Leave the target unjudged: lost reports and missed thresholds are shown, and the exit code is 0.",
        "true",
        group="judging",
        scope="shared",
    )
    abort_on_fail: bool = key(
        False,
        YesOrNo(),
        "Stop the run as soon as a threshold is missed, after `abortGrace`.",
        "true",
        group="judging",
        scope="shared",
    )
    abort_grace_ns: int = key(
        30 * SECOND,
        Duration(0, YEAR_NS),
        "Allow missed thresholds for this long after the start, so that a run can settle.",
        "2m",
        group="judging",
        scope="shared",
    )
    reconcile_url: str | None = key(
        None,
        RECONCILE,
        "Ask the target's own counters at this URL before and after the run; `${NAME}` is a variable of the environment.",
        "http://127.0.0.1:9091/metrics",
        group="judging",
        scope="node",
    )
    """URL of the target's own counters, variables of the environment as `${NAME}`; None asks nothing."""
    reconcile_central: str | None = key(
        None,
        URL,
        "For a fleet that is asked: read Central's rate limiter at this URL as well.",
        "http://127.0.0.1:9092/metrics",
        group="judging",
        scope="node",
    )
    """URL of Central's metrics, as that of `reconcile`; None asks nothing."""
    after_run: Literal["exit", "wait"] = key(
        "exit",
        Choice(("exit", "wait")),
        "End the process after the run (exit), or serve its metrics and result until SIGTERM (wait).",
        "wait",
        group="sending",
        scope="node",
    )
    node_index: int | None = key(
        None,
        auto(0, MOST_NODES - 1),
        "Run as this node of those that share the fleet, from 0; "
        "auto: `JOB_COMPLETION_INDEX`, else from the cluster if `NODE_NAME` is set, else 0.",
        "0",
        group="nodes",
        scope="node",
    )
    node_count: int | None = key(
        None,
        auto(1, MOST_NODES),
        "Share the fleet among this many nodes; auto: the cluster's workers if `NODE_NAME` is set, else 1.",
        "3",
        group="nodes",
        scope="shared",
        unit="nodes",
    )
    effective: Mapping[str, object] = field(default_factory=dict, compare=False)
    """The same as plain JSON values under the keys of the config file, for the result document."""
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The place of each written value, by path, for what is found out once the fleet is known."""

    @property
    def has_serve(self) -> bool:
        """Whether the config says something about a fleet that is asked for its reports."""
        return "serve" in self.places

    @property
    def files(self) -> Mapping[str, Path]:
        """The files that it refers to, by the field that names each."""
        return {} if self.package_catalog is None else {"package_catalog": Path(self.package_catalog)}

    def problem(self, path: str, message: str) -> Problem:
        """What is wrong about the value at a path."""
        return Problem(self.places.get(path, ""), path, message)
