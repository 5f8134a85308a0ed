"""One node's exact part of the fleet's reports: limits on sums over the fleet are divided by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.slices import NodeSlice

_UNIT = 1 << 96
"""A VM counts as this number over its interval in nanoseconds: whole numbers, so that the nodes' parts add up to the whole."""


class Shares:
    """The parts of a node, of the whole fleet's reports and of those of each of its groups, in any stretch of the schedule."""

    def __init__(self, plan: Plan, mine: NodeSlice) -> None:
        self._plan = plan
        self._mine = mine
        self._sums: dict[tuple[str, str], tuple[_Sums, _Sums]] = {}

    def applied(self, thresholds: Sequence[Threshold], since_ns: int, until_ns: int) -> list[Threshold]:
        """The thresholds with the limits for a node's figures between two instants of the schedule: percentages and times as
        written, reports per second in proportion."""
        return [
            replace(each, limit=each.limit * self.of(each.dimension, each.part, since_ns, until_ns))
            if each.metric.unit == "per_second"
            else each
            for each in thresholds
        ]

    def of(self, dimension: str, part: str, since_ns: int, until_ns: int) -> Fraction:
        """This node's part of the expected reports of a group (of the fleet if the dimension is empty) between two instants; if
        there are none, its part of the VMs."""
        if len(self._plan.nodes) == 1:
            return Fraction(1)
        mine, whole = self._sums_of(dimension, part)
        expected = whole.until(until_ns) - whole.until(since_ns)
        if not expected:
            return Fraction(self._mine.vms, self._plan.fleet.vm_count)
        return Fraction(mine.until(until_ns) - mine.until(since_ns), expected)

    def _sums_of(self, dimension: str, part: str) -> tuple[_Sums, _Sums]:
        if (dimension, part) not in self._sums:
            everyone, mine = self._members(dimension, part), self._mine.indices()
            self._sums[dimension, part] = (
                _Sums(self._schedule, [index for index in everyone if index in mine]),
                _Sums(self._schedule, everyone),
            )
        return self._sums[dimension, part]

    @cached_property
    def _schedule(self) -> Schedule:
        """That of the whole fleet, made when it is first needed."""
        return self._plan.schedule(range(self._plan.fleet.vm_count))

    def _members(self, dimension: str, part: str) -> Sequence[int]:
        """Global indices of the VMs of a group."""
        if not dimension:
            return range(self._plan.fleet.vm_count)
        found = self._plan.groups.dimensions[dimension]
        number = found.number_of(part)
        return [index for index, each in enumerate(found.of_vm) if each == number]


class _Sums:
    """Expected reports of some VMs, in units: by how many VMs are switched on, of those that keep their own time and of those in
    step with the wall clock, whose time does not go faster in a phase with a higher rate."""

    def __init__(self, schedule: Schedule, members: Sequence[int]) -> None:
        self._shape = schedule.shape
        places = len(schedule.indices) if schedule.shape else 1
        own, in_step = [0] * (places + 1), [0] * (places + 1)
        for index in members:
            place = 1 + (schedule.rank[index] if schedule.shape else 0)
            by_place = in_step if schedule.cohorts[schedule.cohort[index]].synchronized else own
            by_place[place] += _UNIT // schedule.interval_ns[index]
        self._own, self._in_step = list(accumulate(own)), list(accumulate(in_step))

    def until(self, end_ns: int) -> int:
        """Units from the start of the schedule to an instant."""
        if self._shape is None:
            return end_ns * (self._own[-1] + self._in_step[-1])
        return sum(
            round(stretch.load_ns) * self._own[stretch.vms] + round(stretch.length_ns) * self._in_step[stretch.vms]
            for stretch in self._shape.levels(end_ns)
        )
