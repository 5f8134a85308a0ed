"""VMs that keep time with the clock, taken together: those of one interval and offset are due at the same instants.

A group is walked as one, so that herds are found over a whole run, for which walking each VM would take too long.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.sending import Herd

MOST_INSTANTS = 20_000
MOST_INSTANTS_IN_ALL = 1_000_000
FEWEST_REPORTS = 2


@dataclass(frozen=True, slots=True)
class _Group:
    """VMs of one interval, offset and jitter; `ranks` in ascending order, empty if all are always on."""

    interval_ns: int
    offset_ns: int
    spread_ns: int
    vms: int
    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Herds:
    """All herds of a schedule up to an end: reports and spread by the instant since the start at which the first is due."""

    reports: Counter[int]
    spread_ns: dict[int, int]

    @property
    def largest(self) -> Herd | None:
        """The herd of most reports, the first of several; None if there is none of at least FEWEST_REPORTS."""
        if not self.reports:
            return None
        at_ns, reports = min(self.reports.items(), key=lambda item: (-item[1], item[0]))
        return Herd(reports, at_ns, self.spread_ns[at_ns]) if reports >= FEWEST_REPORTS else None


def hyper_period_ns(schedule: Schedule) -> int:
    """After how long all synchronised VMs are due together again; 0 if there are none."""
    intervals = {group.interval_ns for group in _groups(schedule)}
    return math.lcm(*intervals) if intervals else 0


def herds_of(schedule: Schedule, end_ns: int, zero_wall_ns: int) -> Herds:
    """The herds that are due from the start until `end_ns`, or until there are MOST_INSTANTS of a group; fewer of each if there are
    very many groups, so that there are at most MOST_INSTANTS_IN_ALL."""
    reports, spread_ns = Counter[int](), dict[int, int]()
    groups = _groups(schedule)
    most = min(MOST_INSTANTS, MOST_INSTANTS_IN_ALL // max(1, len(groups)))
    for group in groups:
        for due_ns in _instants(group, end_ns, zero_wall_ns, most):
            shape = schedule.shape
            on = group.vms if shape is None else bisect_left(group.ranks, shape.switched_on(due_ns))
            if on:
                reports[due_ns] += on
                spread_ns[due_ns] = max(spread_ns.get(due_ns, 0), group.spread_ns)
    return Herds(reports, spread_ns)


def _groups(schedule: Schedule) -> list[_Group]:
    members: dict[tuple[int, int, int], array[int]] = {}
    together = [cohort.synchronized for cohort in schedule.cohorts]
    if not any(together):
        return []
    for position, key in enumerate(zip(schedule.interval_ns, schedule.offset_ns, schedule.cohort, strict=True)):
        if together[key[2]]:
            members.setdefault(key, array("q")).append(schedule.rank[position] if schedule.shape else 0)
    groups = []
    for (interval_ns, offset_ns, cohort), ranks in members.items():
        jitter = schedule.cohorts[cohort].jitter
        spread_ns = interval_ns * jitter.numerator // jitter.denominator
        groups.append(_Group(interval_ns, offset_ns, spread_ns, len(ranks), tuple(sorted(ranks)) if schedule.shape else ()))
    return groups


def _instants(group: _Group, end_ns: int, zero_wall_ns: int, most: int) -> Iterator[int]:
    first = -((group.offset_ns - zero_wall_ns) // group.interval_ns)
    for number in range(first, first + most):
        due_ns = number * group.interval_ns + group.offset_ns - zero_wall_ns
        if due_ns >= end_ns:
            return
        yield due_ns
