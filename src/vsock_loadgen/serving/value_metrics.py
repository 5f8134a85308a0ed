"""Packages and report intervals of delivered reports, for Prometheus: exact, or left out.

Reports are counted by group of VMs. A group whose VMs all have one value counts at it. In a group with a range of values, the count
at a value within the range is unknown: a bound there is left out, and so is the sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import HistogramMetricFamily, Metric

from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.schedule import scaled_interval
from vsock_loadgen.serving.families import PREFIX, Bounds
from vsock_loadgen.units import SECOND

PACKAGE_BOUNDS = (
    *(1, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000),
    *(7500, 10_000, 20_000, 50_000, 100_000),
)
INTERVAL_BOUNDS = (
    *(0.01, 0.1, 0.5, 1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300),
    *(600, 900, 1800, 3600, 86_400),
)
"""Seconds: the predecessor's, and longer ones."""
Ends = tuple[int, int] | None
"""The smallest and the largest value of a group; None if it has no VMs."""


@dataclass(frozen=True, slots=True)
class ValueHistogram:
    """The histogram of a value of the VMs whose reports were delivered. `ends` are those of the groups of `dimension` in the whole
    fleet, so that every node has the same bounds; values are in `unit`s when they are divided by `unit_size`."""

    name: str
    meaning: str
    dimension: str
    ends: Sequence[Ends]
    bounds: Bounds
    unit: str
    unit_size: int

    def metric(self, delivered: Iterable[int]) -> Metric:
        """The histogram, given the delivered reports of each group."""
        counts: Counter[int] = Counter()
        for ends, count in zip(self.ends, delivered, strict=True):
            if ends:
                counts[ends[1]] += count
        total = None if has_range(self.ends) else sum(value * count for value, count in counts.items()) / self.unit_size
        ascending = sorted(counts)
        rows = self.bounds.rows(ascending, map(counts.__getitem__, ascending))
        return HistogramMetricFamily(PREFIX + self.name, self.meaning, rows, total, unit=self.unit)


def value_histograms(plan: Plan) -> tuple[ValueHistogram, ...]:
    """Those of packages and of report intervals."""

    def scaled(interval_ns: int) -> int:
        return scaled_interval(interval_ns, plan.time_scale)

    packages = ends_of_groups(plan, "packages", int)
    intervals = ends_of_groups(plan, "report_interval", scaled)
    return (
        ValueHistogram(
            name="packages_reported",
            meaning="Packages of delivered reports.",
            dimension="packages",
            ends=packages,
            bounds=bounds_for(packages, PACKAGE_BOUNDS, 1),
            unit="",
            unit_size=1,
        ),
        ValueHistogram(
            name="report_interval_seconds",
            meaning="Report interval of the VM of each delivered report, after timeScale and without jitter.",
            dimension="report_interval",
            ends=intervals,
            bounds=bounds_for(intervals, INTERVAL_BOUNDS, SECOND),
            unit="seconds",
            unit_size=SECOND,
        ),
    )


def ends_of_groups(plan: Plan, dimension: str, sent: Callable[[int], int]) -> list[Ends]:
    """The ends of each group, as they are `sent`."""
    groups = plan.groups.dimensions[dimension].groups
    return [(sent(group.low or 0), sent(group.high or 0)) if group.fleet_vms else None for group in groups]


def bounds_for(ends: Sequence[Ends], usual: Iterable[float], unit_size: int) -> Bounds:
    """The usual bounds, and the upper ends of groups if some have a range, without those that lie within a range."""
    limits = {round(bound * unit_size) for bound in usual}
    if has_range(ends):
        limits |= {each[1] for each in ends if each}
    kept = sorted(limit for limit in limits if not any(each and each[0] <= limit < each[1] for each in ends))
    return Bounds([limit / unit_size for limit in kept], lambda bound: round(bound * unit_size))


def has_range(ends: Iterable[Ends]) -> bool:
    """Whether some group has VMs of several values."""
    return any(each and each[0] < each[1] for each in ends)
