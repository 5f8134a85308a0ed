"""What a run is configured to do: validated, complete and frozen. Times are integer nanoseconds, shares exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from vsock_loadgen.config.address import Address

MOST_VMS = 100_000
MOST_PACKAGES = 100_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """Every VM has the same value."""

    value: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A share of the VMs, `percent` exact, that has one value or a distribution of its own."""

    percent: Fraction
    value: int | Distribution


@dataclass(frozen=True, slots=True)
class Percentile:
    """Shares of the fleet with a value each. The percents add up to exactly 100."""

    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal distribution, clamped at both ends."""

    mean: Fraction
    stddev: Fraction
    minimum: Fraction
    maximum: Fraction


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Measured quantiles: `points` are (percentile 0..100, value), ascending in both; 0 is the minimum, 100 the maximum."""

    points: tuple[tuple[Fraction, Fraction], ...]


Distribution = Scalar | Percentile | Normal | Quantiles
"""Values are packages (a count) or nanoseconds, whichever the attribute has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a run was asked for, defaults filled in, older keys translated."""

    vm_count: int = 50
    packages: Distribution = Scalar(700)
    report_interval: Distribution = Scalar(30_000_000_000)
    jitter: Fraction = Fraction(1, 20)
    """Share of the interval that a report may come earlier or later: 1/20 is +-5 %."""
    seed: int = 0
    report_format: Literal["indexReport", "vmReport"] = "indexReport"
    package_sets: Literal["shared", "perVM"] = "shared"
    specific_package: str | None = None
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
    node_index: int = 0
    node_count: int = 1
    workers: int | None = None
    """None leaves it to the forecast and the machine."""
    lag_limit_ns: int = 50_000_000
    effective: Mapping[str, object] = field(default_factory=dict, compare=False)
    """The same as plain JSON values under the keys of the config file, for the result document."""
