"""Each group's part of the load."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from vsock_loadgen.plan.fleet import Fleet
from vsock_loadgen.plan.forecast import ReportBytes, rate_factors, sizes_by_packages
from vsock_loadgen.plan.groups import Groups
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """The load of a group of the whole fleet, on average over the run, time scale applied; `percent` of all bytes."""

    reports_per_second: float
    bytes_per_second: float
    percent: float


def loads_of_groups(
    groups: Groups, fleet: Fleet, schedule: Schedule, *, duration_ns: int, report_bytes: ReportBytes
) -> dict[str, tuple[GroupLoad, ...]]:
    """The load of every group, dimension by dimension, for a schedule that holds the whole fleet."""
    packages = fleet.packages.values
    alike = Counter(zip(groups.cell, packages, schedule.interval_ns, schedule.cohort, strict=True))
    sizes = sizes_by_packages(packages, report_bytes)
    factors = rate_factors(schedule, duration_ns)
    reports, size = defaultdict[int, float](float), defaultdict[int, float](float)
    for (cell, count, interval_ns, cohort), vms in alike.items():
        rate = vms * factors[cohort] * SECOND / interval_ns
        reports[cell] += rate
        size[cell] += rate * sizes[count]
    whole = sum(size.values()) or 1
    loads = {}
    for place, (name, dimension) in enumerate(groups.dimensions.items()):
        rows = [[0.0, 0.0] for _ in dimension.groups]
        for cell, combination in enumerate(groups.combinations if rows else ()):
            rows[combination[place]][0] += reports[cell]
            rows[combination[place]][1] += size[cell]
        loads[name] = tuple(GroupLoad(rate, each, 100 * each / whole) for rate, each in rows)
    return loads
