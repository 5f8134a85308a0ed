"""Every key below `loadgen:`, with its grammar, its default and what it means."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from vsock_loadgen.config.address import DEFAULT_PORT, VSOCK_CID_LOCAL, Address, VsockAddress
from vsock_loadgen.config.content import DiscoveredDataBlock
from vsock_loadgen.config.instants import Instant
from vsock_loadgen.config.limits import LimitsBlock
from vsock_loadgen.config.model import MOST_VMS, Config
from vsock_loadgen.config.phases import PhaseBlock
from vsock_loadgen.config.profiles import PACKAGE_SETS, ProfileBlock
from vsock_loadgen.config.reconcile import Reconcile
from vsock_loadgen.config.target import Target
from vsock_loadgen.config.thresholds import THRESHOLD, Threshold
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL
from vsock_loadgen.distributions.reading import IN_WORDS, Of
from vsock_loadgen.distributions.timing import JITTER
from vsock_loadgen.grammar.block import Block
from vsock_loadgen.grammar.leaves import AutoNumber, Choice, Duration, Number, OptionalText, WholeNumber, YesOrNo
from vsock_loadgen.units import HOUR, MILLISECOND, SECOND

PAYLOAD_SIZES = {"small": 514, "avg": 700, "large": 1500}
"""Packages of each named size of a report, an older key."""
PACKAGE_KEYS = {"numPackages": "num_packages", "packages": "packages", "payloadSize": "payload_size"}
"""The keys that say how many packages a report has; where several have a plain number, the first wins. With their fields."""
DEFAULTS = Config(target=VsockAddress(VSOCK_CID_LOCAL, DEFAULT_PORT))
"""What a config without any key means."""

_YEAR_NS = 365 * 24 * HOUR
_PORT = WholeNumber(1, 2**32 - 2)
_SEED = WholeNumber(-(2**63), 2**63 - 1)
_PAYLOAD_SIZE = Choice(tuple(PAYLOAD_SIZES))
_REPORT_FORMAT = Choice(("indexReport", "vmReport"))
_CIDS = Choice(("assigned", "own"))
_DELIVERY = Choice(("confirmed", "written"))
_LOG_FORMAT = Choice(("text", "json"))
_AFTER_RUN = Choice(("exit", "wait"))
_MOMENT = Duration(MILLISECOND, _YEAR_NS)
_END = Duration(MILLISECOND, 100 * _YEAR_NS, none_is_zero=True)
_STATS_INTERVAL = Duration(SECOND, _YEAR_NS)
_GRACE = Duration(0, _YEAR_NS)
_TIME_SCALE = Number(Fraction(1, 100), Fraction(1_000_000))
_MOST_NODES = 10_000
_MOST_WORKERS = 256


class Section(Block):
    """What stands below `loadgen:`, types and bounds checked."""

    vm_count: Annotated[int, WholeNumber(1, MOST_VMS)] = Field(
        DEFAULTS.vm_count, description="Number of VMs in the whole fleet, over all nodes."
    )
    num_packages: Annotated[int, PACKAGES.exact] = Field(
        PAYLOAD_SIZES["avg"], description="Packages of every VM's report; the older name of a scalar `packages`."
    )
    packages: Annotated[Distribution, Of(PACKAGES)] = Field(
        DEFAULTS.packages, description=f"Packages of a VM's report: a number for all, or in the file {IN_WORDS}."
    )
    payload_size: Annotated[str, _PAYLOAD_SIZE] = Field(
        "avg", description="An older name for a number of packages: small is 514, avg 700, large 1500."
    )
    num_repositories: Annotated[int, WholeNumber(0, 1_000_000)] = Field(
        0, description="Accepted from older files; has no effect.", deprecated=True
    )
    specific_package: Annotated[str | None, OptionalText("the name of a package")] = Field(
        DEFAULTS.specific_package, description="Name of one package that every package of every report is."
    )
    report_interval: Annotated[Distribution, Of(REPORT_INTERVAL)] = Field(
        DEFAULTS.report_interval, description=f"Time between two reports of a VM: a duration for all, or in the file {IN_WORDS}."
    )
    jitter: Annotated[Fraction, JITTER] = Field(
        DEFAULTS.jitter, description="How much earlier or later a report may come, in percent of the interval."
    )
    profiles: list[ProfileBlock] = Field(
        [],
        description="Named shares of the fleet whose packages and interval belong together, in place of shares of each alone.",
    )
    phases: list[PhaseBlock] = Field(
        [],
        description="Stretches of the run, one after the other, each with its own rate and share of VMs that are switched on.",
    )
    repeat_phases: Annotated[bool, YesOrNo()] = Field(
        DEFAULTS.repeat_phases, description="Whether the phases begin anew after the last one; else its end holds."
    )
    start_at: Annotated[int | None, Instant()] = Field(
        DEFAULTS.start_at_ns,
        description="The instant at which the schedule starts, the same for all nodes; a node that starts later joins in.",
    )
    seed: Annotated[int, _SEED] = Field(
        DEFAULTS.seed, description="Decides which VM gets which values, and every moment; the same seed, the same plan."
    )
    report_format: Annotated[Literal["indexReport", "vmReport"], _REPORT_FORMAT] = Field(
        DEFAULTS.report_format,
        description="Outermost message of a report: indexReport as read by ACS 4.9, vmReport since ACS 4.10.",
    )
    package_sets: Annotated[Literal["shared", "perVM"], PACKAGE_SETS] = Field(
        DEFAULTS.package_sets,
        description="Whether VMs with equally many packages report the same ones (shared) or each its own (perVM).",
    )
    package_catalog: Annotated[str | None, OptionalText("the path of a file of packages", 4096)] = Field(
        DEFAULTS.package_catalog,
        description="File of the packages that reports are made of: output of `rpm -qa --qf ...`, or CSV. "
        "A relative path starts at the config file's folder; from a flag, at the working directory.",
    )
    discovered_data: DiscoveredDataBlock = Field(
        DiscoveredDataBlock(), description="What a `vmReport` says about the VM's system besides its packages."
    )
    cids: Annotated[Literal["assigned", "own"], _CIDS] = Field(
        DEFAULTS.cids,
        description="Which CID a report carries: one for each simulated VM (assigned), "
        "or that of the real VM in which the generator runs (own).",
    )
    limits: LimitsBlock = Field(
        LimitsBlock(), description="What the plan warns of; a limit that does not apply is `none`, one that is known `auto`."
    )
    target: Annotated[Address, Target()] = Field(
        DEFAULTS.target,
        description="Where reports go: embedded, unix:///PATH, tcp://HOST:PORT or vsock://CID:PORT.",
    )
    port: Annotated[int, _PORT] = Field(
        DEFAULT_PORT, description="Port of the target vsock://1:PORT; an older key, `target` wins over it."
    )
    delivery: Annotated[Literal["confirmed", "written"], _DELIVERY] = Field(
        DEFAULTS.delivery,
        description="When a report counts as delivered: the peer closed after its end (confirmed), "
        "or its last byte was handed to the kernel (written).",
    )
    request_timeout: Annotated[int, _MOMENT] = Field(
        DEFAULTS.request_timeout_ns, description="Longest time from the first attempt to connect to the end of a report."
    )
    duration: Annotated[int, _END] = Field(
        DEFAULTS.duration_ns, description="Length of the run, a duration; 0 or empty: until it is stopped."
    )
    time_scale: Annotated[Fraction, _TIME_SCALE] = Field(
        DEFAULTS.time_scale,
        description="Divides intervals, offsets and lengths of phases: 10 makes a 5m interval 30s. Timeouts and `duration` stay.",
    )
    stats_interval: Annotated[int, _STATS_INTERVAL] = Field(
        DEFAULTS.stats_interval_ns, description="Time between two lines of statistics, a duration of at least 1s."
    )
    log_format: Annotated[Literal["text", "json"], _LOG_FORMAT] = Field(
        DEFAULTS.log_format, description="Whether the log is lines for people (text) or one JSON object a line (json)."
    )
    metrics_port: Annotated[int, WholeNumber(0, 65_535)] = Field(
        DEFAULTS.metrics_port, description="TCP port of the Prometheus metrics; 0 turns them off."
    )
    metrics_address: Annotated[str | None, OptionalText("an IP address or a host name", 253)] = Field(
        DEFAULTS.metrics_address,
        description="Address that the metrics listen on; where none is given, 127.0.0.1, or in a pod all addresses.",
    )
    workers: Annotated[int | None, AutoNumber(_MOST_WORKERS)] = Field(
        DEFAULTS.workers,
        description="Processes that send: a number, or auto for as many as the forecast needs and the machine has processors for.",
    )
    lag_limit: Annotated[int, _MOMENT] = Field(
        DEFAULTS.lag_limit_ns,
        description="The generator counts as saturated where the 99th percentile of its own lateness passes this duration.",
    )
    thresholds: list[Annotated[Threshold, THRESHOLD]] = Field(
        list(DEFAULTS.thresholds),
        description="What the target has to achieve, as in `response_time.p99 < 500ms`; if one is missed, the verdict is failed.",
    )
    abort_on_fail: Annotated[bool, YesOrNo()] = Field(
        DEFAULTS.abort_on_fail, description="Whether the run is stopped as soon as a threshold is missed, after `abortGrace`."
    )
    abort_grace: Annotated[int, _GRACE] = Field(
        DEFAULTS.abort_grace_ns, description="Time from the start in which thresholds may be missed, so that a run can settle."
    )
    reconcile: Reconcile = Field(
        DEFAULTS.reconcile_url,
        description="URL of the target's own counters, asked before and after the run to know what arrived; "
        "`${NAME}` is a variable of the environment.",
    )
    after_run: Annotated[Literal["exit", "wait"], _AFTER_RUN] = Field(
        DEFAULTS.after_run,
        description="What follows the run: the process ends (exit), or keeps its metrics and its result up until SIGTERM (wait).",
    )
    node_index: Annotated[int | None, AutoNumber(_MOST_NODES - 1, least=0)] = Field(
        DEFAULTS.node_index,
        description="Which of the nodes that share the fleet this one is, from 0; auto: from the cluster where `NODE_NAME` is set, "
        "or `JOB_COMPLETION_INDEX`, else 0.",
    )
    node_count: Annotated[int | None, AutoNumber(_MOST_NODES)] = Field(
        DEFAULTS.node_count,
        description="How many nodes share the fleet; auto: as many workers as the cluster has where `NODE_NAME` is set, else 1.",
    )
