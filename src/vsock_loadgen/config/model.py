"""What a run is configured to do: validated, complete and frozen. Times are integer nanoseconds, shares exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from vsock_loadgen.config.address import Address
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.timing import UNSAID, Timing

MOST_VMS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named share of the fleet whose attributes belong together. `package_sets` None means the config's own."""

    name: str
    percent: Fraction
    packages: Distribution
    report_interval: Distribution
    package_sets: Literal["shared", "perVM"] | None = None
    timing: Timing = UNSAID


@dataclass(frozen=True, slots=True)
class Level:
    """A factor that goes in a straight line from `start` to `end`; constant where they are equal."""

    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the run: `rate` multiplies how often VMs report, `vms` is the share of the fleet (0..1) that is switched on."""

    name: str
    duration_ns: int
    rate: Level = Level(Fraction(1), Fraction(1))
    vms: Level = Level(Fraction(1), Fraction(1))


@dataclass(frozen=True, slots=True)
class DiscoveredData:
    """What a VM's agent has found out about its system, in the names of the protocol; only a `vmReport` carries it."""

    detected_os: Literal["RHEL", "UNKNOWN"] = "RHEL"
    os_version: str | None = "9.4"
    activation_status: Literal["ACTIVE", "INACTIVE", "ACTIVATION_UNSPECIFIED"] = "ACTIVE"
    dnf_metadata_status: Literal["AVAILABLE", "UNAVAILABLE", "DNF_METADATA_UNSPECIFIED"] = "AVAILABLE"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the plan warns of. None: no such limit; `auto`: as the real pipeline and this machine have it."""

    max_report_bytes: int | Literal["auto"] | None = "auto"
    reports_per_minute_per_vm: Fraction | Literal["auto"] | None = "auto"
    cluster_reports_per_second: Fraction | Literal["auto"] | None = "auto"
    vms_per_node: int | Literal["auto"] | None = "auto"
    descriptors: int | Literal["auto"] | None = "auto"
    """Of one sending process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a run was asked for, defaults filled in, older keys translated."""

    vm_count: int = 50
    packages: Distribution = field(default=Constant(700))
    report_interval: Distribution = field(default=Constant(30_000_000_000))
    jitter: Fraction = Fraction(1, 20)
    """Share of the interval that a report may come earlier or later: 1/20 is +-5 %."""
    profiles: tuple[Profile, ...] = ()
    """Where there are any, they take the place of `packages` and `report_interval`. Their percents add up to exactly 100."""
    phases: tuple[Phase, ...] = ()
    repeat_phases: bool = False
    """Whether the phases begin anew after the last one; else its end holds."""
    start_at_ns: int | None = None
    """The instant (since the epoch) at which the schedule starts, for every node the same; None starts at once."""
    seed: int = 0
    report_format: Literal["indexReport", "vmReport"] = "indexReport"
    package_sets: Literal["shared", "perVM"] = "shared"
    specific_package: str | None = None
    package_catalog: str | None = None
    """Absolute path of a file of packages; None is the catalogue of this program."""
    discovered_data: DiscoveredData = DiscoveredData()
    cids: Literal["assigned", "own"] = "assigned"
    """`own`: every report carries the CID of the machine that sends it, which is a VM itself."""
    limits: Limits = Limits()
    target: Address
    delivery: Literal["confirmed", "written"] = "confirmed"
    request_timeout_ns: int = 10_000_000_000
    duration_ns: int = 0
    """0 means that the run has no end of its own."""
    time_scale: Fraction = Fraction(1)
    stats_interval_ns: int = 10_000_000_000
    metrics_port: int = 9090
    """0 turns the endpoint off."""
    metrics_address: str | None = None
    after_run: Literal["exit", "wait"] = "exit"
    """`wait`: once the run is over, its metrics and its result stay until a stop signal comes."""
    node_index: int | None = None
    node_count: int | None = None
    """None leaves both to where the process runs: a cluster's list of nodes, an Indexed Job, or the only node."""
    workers: int | None = None
    """None leaves it to the forecast and the machine."""
    lag_limit_ns: int = 50_000_000
    reconcile_url: str | None = None
    """Where the target's own counters are, variables of the environment as `${NAME}`; None asks nobody."""
    thresholds: tuple[Threshold, ...] = ()
    abort_on_fail: bool = False
    abort_grace_ns: int = 30_000_000_000
    log_format: Literal["text", "json"] = "text"
    effective: Mapping[str, object] = field(default_factory=dict, compare=False)
    """The same as plain JSON values under the keys of the config file, for the result document."""
