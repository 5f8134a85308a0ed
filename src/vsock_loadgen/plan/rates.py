"""How often VMs report: added up over the VMs that are alike, of which a large fleet has far fewer than VMs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Rates:
    """Of a schedule that holds the whole fleet, per second, time scale applied.

    `reports` are due on average over the run, by (cell of the groups, packages). Instants are those of the intervals, due or not:
    `own` of the VMs that keep their own time (in a second of that), `in_step` of those that are synchronised.
    """

    reports: Mapping[tuple[int, int], float]
    own: float
    in_step: float


def rates_of(cells: Sequence[int], packages: Sequence[int], schedule: Schedule, duration_ns: int) -> Rates:
    """The rates of VMs whose cells and packages are given in step with the schedule. `duration_ns` 0 means no end."""
    factors, in_step = _factors(schedule, duration_ns), [cohort.synchronized for cohort in schedule.cohorts]
    reports, instants = defaultdict[tuple[int, int], list[float]](list), (list[float](), list[float]())
    alike = Counter(zip(cells, packages, schedule.cohort, schedule.interval_ns, strict=True))
    for (cell, count, cohort, interval_ns), vms in alike.items():
        rate = vms * SECOND / interval_ns
        instants[in_step[cohort]].append(rate)
        reports[cell, count].append(rate * factors[cohort])
    return Rates({key: math.fsum(each) for key, each in reports.items()}, *map(math.fsum, instants))


def _factors(schedule: Schedule, duration_ns: int) -> list[float]:
    """For each cohort, its mean rate over the run (or over one cycle of phases) beside the one that its intervals give.

    Phases change the rate of VMs that keep their own time; synchronised ones they can only switch off.
    """
    shape = schedule.shape
    if shape is None:
        return [1.0] * len(schedule.cohorts)
    return [shape.mean(duration_ns or shape.cycle_ns, with_rate=not cohort.synchronized) for cohort in schedule.cohorts]
