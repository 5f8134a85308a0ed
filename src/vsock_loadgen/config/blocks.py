"""The blocks of a config, and the items of its lists: each field is the one declaration of its key."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from vsock_loadgen.distributions.buckets import PERCENT
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL
from vsock_loadgen.distributions.reading import Of
from vsock_loadgen.distributions.timing import TIMING, UNSAID, Timing
from vsock_loadgen.grammar.block import BlockOf, Key, OrBlock, key, keys_of, shown
from vsock_loadgen.grammar.leaves import Choice, Duration, Leaf, Name, Number, OptionalText, OrWord, Percentage, WholeNumber
from vsock_loadgen.units import HOUR, MILLISECOND, scaled

MOST_VMS = 1_000_000
MOST_RATE = 10_000
YEAR_NS = 365 * 24 * HOUR
PACKAGE_SETS = Choice(("shared", "perVM"))
MOMENT = Duration(MILLISECOND, YEAR_NS)
_AUTO_OR_NONE = (("auto", "auto"), ("none", None))
_REPORTS = OrWord(Number(Fraction(0), Fraction(1_000_000_000), above=True), _AUTO_OR_NONE)
_ANY_FORM = "any form of a distribution"


@dataclass(frozen=True, slots=True)
class Level:
    """A factor that goes in a straight line from `start` to `end`; constant if they are equal."""

    start: Fraction
    end: Fraction


class _OrRamp(OrBlock):
    """A level by itself, or a ramp from one to another."""

    def __init__(self, leaf: Leaf, name: str, says: str, noun: str, unit: str, examples: tuple[str, str]) -> None:
        start = Key(leaf, f"{noun} at the start of the phase.", examples[0], unit, name="from")
        keys = {"start": start, "end": Key(leaf, f"{noun} at its end.", examples[1], unit, name="to")}
        super().__init__(leaf, name, says, keys, "a ramp", ("form:constant", "form:ramp"))

    def made(self, value: Any) -> Level:
        return Level(**value) if isinstance(value, dict) else Level(value, value)

    def show(self, value: Level) -> object:
        return self.scalar.show(value.start) if value.start == value.end else shown(self.keys, value)


_RATE = _OrRamp(
    Number(Fraction(0), Fraction(MOST_RATE)),
    "RateRamp",
    "A rate that goes in a straight line from one factor to another.",
    "Factor",
    "a factor",
    ("0.1", "2"),
)
_VMS = _OrRamp(
    Percentage(),
    "VmsRamp",
    "A share of the fleet that goes in a straight line from one percentage to another.",
    "Percentage",
    "%",
    ("20%", "100"),
)
_FULL = Level(Fraction(1), Fraction(1))


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the run with a load of its own."""

    name: str = key(..., Name(), "Name of the phase, in the live view, the report and thresholds.", "morning")
    duration_ns: int = key(..., MOMENT, "Its length, a duration; `timeScale` divides it.", "2h")
    rate: Level = key(
        _FULL,
        _RATE,
        "Factor on how often VMs report: 2 is twice as often as their intervals say; or a ramp {from, to}.",
        "1.5",
        unit="a factor",
    )
    vms: Level = key(
        _FULL, _VMS, "Percentage of the fleet that is switched on, from 0 to 100; or a ramp {from, to}.", "20", unit="%"
    )

    def scaled_ns(self, time_scale: Fraction) -> int:
        """Its length divided by the time scale, in whole nanoseconds, at least one."""
        return scaled(self.duration_ns, time_scale)


def switched_on(share: float, vm_count: int) -> int:
    """How many VMs a share of the fleet is: floor(share * n + 1/2)."""
    return math.floor(share * vm_count + 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named share of the fleet: its packages, its intervals and its VMs' clock."""

    name: str = key(..., Name(), "Name of the profile, in the plan, the metrics and the report.", "prod")
    percent: Fraction = key(..., PERCENT, "Share of the VMs in percent; all profiles add up to 100.", "62.5")
    packages: Distribution = key(
        None,
        Of(PACKAGES, _ANY_FORM),
        "Packages of its VMs, in any form; required unless `packages` at the top level says it for all.",
        "{mean: 700, stddev: 200, min: 100, max: 2000}",
        unit="packages",
        otherwise="`packages`",
    )
    report_interval: Distribution = key(
        None,
        Of(REPORT_INTERVAL, _ANY_FORM),
        "Intervals of its VMs, in any form; required unless `reportInterval` at the top level says it for all.",
        "1m",
        otherwise="`reportInterval`",
    )
    package_sets: Literal["shared", "perVM"] | None = key(
        None, PACKAGE_SETS, "As `packageSets` at the top level, for its VMs.", "perVM", otherwise="`packageSets`"
    )
    timing: Timing = UNSAID


class OfProfile(BlockOf):
    """A profile as written: what it leaves to the top level is None, and it also has the keys that say how VMs keep time."""

    def __init__(self) -> None:
        super().__init__(Profile)
        self.keys = {**TIMING, **self.keys}

    @property
    def typed(self) -> Any:
        from vsock_loadgen.distributions.models import Timed
        from vsock_loadgen.grammar.models import model_of

        return model_of("ProfileBlock", Profile.__doc__, self.keys, Timed)

    def show(self, value: Profile) -> object:
        said = {name: each for name, each in shown(keys_of(Profile), value).items() if each is not None}
        return said | value.timing.show()


@dataclass(frozen=True, slots=True)
class DiscoveredData:
    """What a VM's agent knows about its system. The values are the protocol's names."""

    detected_os: Literal["RHEL", "UNKNOWN"] = key("RHEL", Choice(("RHEL", "UNKNOWN")), "Operating system of every VM.", "UNKNOWN")
    os_version: str | None = key(
        "9.4", OptionalText('a version in quotes, such as "9.4"'), "Its version, a text in quotes; empty: none.", '"9.6"'
    )
    activation_status: Literal["ACTIVE", "INACTIVE", "ACTIVATION_UNSPECIFIED"] = key(
        "ACTIVE",
        Choice(("ACTIVE", "INACTIVE", "ACTIVATION_UNSPECIFIED")),
        "Whether it is registered for updates.",
        "INACTIVE",
    )
    dnf_metadata_status: Literal["AVAILABLE", "UNAVAILABLE", "DNF_METADATA_UNSPECIFIED"] = key(
        "AVAILABLE",
        Choice(("AVAILABLE", "UNAVAILABLE", "DNF_METADATA_UNSPECIFIED")),
        "Whether its package manager has metadata of its repositories.",
        "UNAVAILABLE",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits above which the plan warns. Each is a number, none, or auto: the limit of the real pipeline, or of this
    machine."""

    max_report_bytes: int | Literal["auto"] | None = key(
        "auto",
        OrWord(WholeNumber(1, 2**40), _AUTO_OR_NONE),
        "Bytes of a report; auto: 16 MiB, what the relay reads; none with an embedded target.",
        "8388608",
        unit="bytes",
    )
    reports_per_minute_per_vm: Fraction | Literal["auto"] | None = key(
        "auto",
        _REPORTS,
        "Reports per minute of one VM; auto: 1, what the relay passes on; none with an embedded target.",
        "none",
        unit="reports per minute",
    )
    cluster_reports_per_second: Fraction | Literal["auto"] | None = key(
        "auto",
        _REPORTS,
        "Reports per second of the whole fleet; auto: 0.3, what Central accepts; none with an embedded target.",
        "3",
        unit="reports per second",
    )
    vms_per_node: int | Literal["auto"] | None = key(
        "auto",
        OrWord(WholeNumber(1, MOST_VMS), _AUTO_OR_NONE),
        "VMs of one node; auto: 10,000, above which their CIDs reach into the next node's.",
        "5000",
        unit="VMs",
    )
    descriptors: int | Literal["auto"] | None = key(
        "auto",
        OrWord(WholeNumber(1, 2**30), _AUTO_OR_NONE),
        "Files that one sending process may open; auto: the hard limit of this process.",
        "1024",
        unit="files",
    )
