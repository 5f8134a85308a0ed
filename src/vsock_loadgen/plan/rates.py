"""How often VMs report, by kind: a large fleet has far fewer kinds of VMs than VMs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Rate:
    """All VMs that share a cell of the groups, a number of packages, an interval and a cohort. `instants_per_second` is what their
    intervals give, `reports_per_second` what is due of that on average over the run."""

    cell: int
    packages: int
    cohort: int
    instants_per_second: float
    reports_per_second: float


class Rates:
    """Those of a schedule that holds the whole fleet, time scale applied."""

    def __init__(self, cells: Sequence[int], packages: Sequence[int], schedule: Schedule, duration_ns: int) -> None:
        self._alike = Counter(zip(cells, packages, schedule.cohort, schedule.interval_ns, strict=True))
        self._factors = _factors(schedule, duration_ns)

    def __iter__(self) -> Iterator[Rate]:
        for (cell, packages, cohort, interval_ns), vms in self._alike.items():
            instants = vms * SECOND / interval_ns
            yield Rate(cell, packages, cohort, instants, instants * self._factors[cohort])


def _factors(schedule: Schedule, duration_ns: int) -> list[float]:
    """For each cohort, its mean rate over the run (or over one cycle of phases) beside the one that its intervals give.

    Phases change the rate of VMs that keep their own time; synchronised ones they can only switch off.
    """
    shape = schedule.shape
    if shape is None:
        return [1.0] * len(schedule.cohorts)
    return [shape.mean(duration_ns or shape.cycle_ns, with_rate=not cohort.synchronized) for cohort in schedule.cohorts]
