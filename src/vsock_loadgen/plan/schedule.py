"""When every report is due: a pure function of (fleet, seed, time scale, phases, the wall clock at the start), in nanoseconds.

Report 0 of a VM is due at its offset, report k+1 one jittered interval after report k *was due*: an open model, in which the
target's slowness never moves the schedule. Phases of load stretch that time (`shape`). Synchronised VMs are due at every multiple
of their interval of the wall clock, plus their offset, plus a random delay up to their jitter: in step on every node.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from vsock_loadgen.plan.fleet import Cohort, Fleet, part_of
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.plan.streams import JITTER, Step, delay_in_step, jittered_step
from vsock_loadgen.units import MILLISECOND, SECOND, scaled

SHORTEST_INTERVAL_NS = MILLISECOND
_ROUNDED_UP = 1 + 1e-9  # more than doubles can lose
Advance = Callable[[int], int]
"""Position of a VM -> the instant of its next report, in nanoseconds since the start; each call moves on by one report."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The due times of some VMs. Columns are in step; times are nanoseconds after scaling.

    `indices` are global indices, `interval_ns` the mean time between reports, `offset_ns` the instant of report 0 (in the grid, if
    the VM is synchronised), `cohort` the place in `cohorts`, whose own offsets are not used. `rank` orders VMs for being switched
    on; it is empty if there is no `shape`. `stream` is where the jitter of VMs that keep their own time comes from.
    """

    seed: int
    indices: Sequence[int]
    interval_ns: array[int]
    offset_ns: array[int]
    cohort: array[int]
    cohorts: tuple[Cohort, ...]
    shape: Shape | None = None
    rank: array[int] = field(default_factory=lambda: array("l"))
    stream: str = JITTER

    @property
    def is_plain(self) -> bool:
        """Whether every VM keeps its own time, all with one jitter and always switched on."""
        return self.shape is None and len(self.cohorts) == 1 and not self.is_synchronized

    @property
    def is_synchronized(self) -> bool:
        """Whether some VMs keep time with the wall clock."""
        return any(cohort.synchronized for cohort in self.cohorts)

    def advance(self, zero_wall_ns: int, join_ns: int = 0) -> Advance:
        """A walk through every VM's instants from the first. `zero_wall_ns` is the wall clock at the start of the schedule.

        What was due before `join_ns` from the start may be left out. It is if instants follow from their number alone, and not if
        each depends on the jitter of all before it.
        """
        if self.is_plain:
            return self._advance_plainly(join_ns)
        return Walk(self, zero_wall_ns, join_ns)

    def own_ns(self, now_ns: int) -> int:
        """How far the own time of a VM has advanced at an instant, and not less."""
        return now_ns if self.shape is None else math.ceil(self.shape.load_at(now_ns) * _ROUNDED_UP) + 1

    def first_numbers(self, join_ns: int) -> tuple[array[int], array[int]]:
        """For each VM that keeps its own time, the number before the one that its walk begins with, and the instant of that in the
        VM's own time: -1, and its offset, for all but those without jitter."""
        numbers, own_ns = array("q", [-1]) * len(self.offset_ns), array("q", self.offset_ns)
        load_ns = join_ns if self.shape is None else int(self.shape.load_at(join_ns))
        for position, cohort in enumerate(self.cohort) if join_ns > 0 else ():
            interval_ns, passed_ns = self.interval_ns[position], load_ns - self.offset_ns[position]
            is_plain = self.cohorts[cohort].jitter == 0 and not self.cohorts[cohort].synchronized
            if is_plain and passed_ns > 2 * interval_ns:
                numbers[position] = passed_ns // interval_ns - 2  # one in reserve, for the rounding of doubles
                own_ns[position] += numbers[position] * interval_ns
        return numbers, own_ns

    def steps_to(self, join_ns: int) -> int:
        """About how many instants have to be walked through to get to `join_ns` from the start."""
        load_ns = join_ns if self.shape is None else int(self.shape.load_at(join_ns))
        return sum(
            load_ns // interval_ns
            for interval_ns, cohort in zip(self.interval_ns, self.cohort, strict=True)
            if self.cohorts[cohort].jitter and not self.cohorts[cohort].synchronized
        )

    def _advance_plainly(self, join_ns: int) -> Advance:
        """The walk if every VM keeps its own time, all with one jitter."""
        step = jittered_step(self.seed, self.cohorts[0].jitter, self.stream)
        indices, interval_ns = self.indices, self.interval_ns
        numbers, due_ns = self.first_numbers(join_ns)

        def advance(position: int) -> int:
            number = numbers[position]
            numbers[position] = number + 1
            if number >= 0:
                due_ns[position] += step(indices[position], number, interval_ns[position])
            return due_ns[position]

        return advance

    def is_on(self, position: int, now_ns: int) -> bool:
        """Whether a VM is switched on at an instant; an instant at which it is off is not due."""
        return self.shape is None or self.rank[position] < self.shape.switched_on(now_ns)

    def phase_at(self, now_ns: int) -> int:
        """The number of the phase of load that an instant lies in; 0 if there are none."""
        return 0 if self.shape is None else self.shape.phase_at(now_ns)

    def instants(self, position: int, end_ns: int, advance: Advance | None = None) -> Iterator[int]:
        """The due instants before `end_ns` of the VM at this position, in order: the rest of a walk, or all."""
        advance = advance or self.advance(0)
        due_ns = advance(position)
        while due_ns < end_ns:
            if self.is_on(position, due_ns):
                yield due_ns
            due_ns = advance(position)


class Walk:
    """The walk if VMs differ in how they keep time. Keeps, per VM, the number of its next report and its own time."""

    def __init__(self, schedule: Schedule, zero_wall_ns: int, join_ns: int) -> None:
        self._schedule = schedule
        self._zero_wall_ns = zero_wall_ns
        self._join_ns = max(0, join_ns)
        self._steps: list[Step] = [
            delay_in_step(schedule.seed, cohort.jitter)
            if cohort.synchronized
            else jittered_step(schedule.seed, cohort.jitter, schedule.stream)
            for cohort in schedule.cohorts
        ]
        self._numbers, self._own_ns = schedule.first_numbers(join_ns)

    def __call__(self, position: int) -> int:
        """The instant of the VM's next report."""
        schedule = self._schedule
        cohort = schedule.cohort[position]
        if schedule.cohorts[cohort].synchronized:
            return self._next_in_step(position, self._steps[cohort])
        number = self._numbers[position]
        self._numbers[position] = number + 1
        if number >= 0:
            self._own_ns[position] += self._steps[cohort](schedule.indices[position], number, schedule.interval_ns[position])
        own_ns = self._own_ns[position]
        return own_ns if schedule.shape is None else schedule.shape.instant(own_ns)

    def _next_in_step(self, position: int, delay: Step) -> int:
        """The next instant of the common grid that is not before the start."""
        schedule = self._schedule
        index, interval_ns, offset_ns = schedule.indices[position], schedule.interval_ns[position], schedule.offset_ns[position]
        number = self._numbers[position]
        if number < 0:  # the first: from the grid's last instant before the present, whose delay may lead beyond it
            number = max(0, (self._zero_wall_ns + self._join_ns - offset_ns) // interval_ns)
        while True:
            due_ns = number * interval_ns + offset_ns + delay(index, number, interval_ns) - self._zero_wall_ns
            number += 1
            if due_ns >= self._join_ns:
                self._numbers[position] = number
                return due_ns


def schedule_of(fleet: Fleet, indices: Sequence[int], *, seed: int, time_scale: Fraction, shape: Shape | None = None) -> Schedule:
    """The schedule of the VMs with these global indices. `time_scale` divides all times; those of `shape` are scaled already."""
    intervals, offsets = part_of(fleet.report_interval.values, indices), part_of(fleet.offset_ns, indices)
    if time_scale != 1 or min(intervals, default=SECOND) < SHORTEST_INTERVAL_NS:
        interval_of = {interval: scaled_interval(interval, time_scale) for interval in set(intervals)}
        intervals = array("q", map(interval_of.__getitem__, intervals))
        over, under = time_scale.denominator, time_scale.numerator
        pairs = zip(offsets, intervals, strict=True)
        offsets = array("q", [min(offset * over // under, interval - 1) for offset, interval in pairs])
    return Schedule(
        seed,
        array("i", indices),
        intervals,
        offsets,
        part_of(fleet.cohort, indices),
        fleet.cohorts,
        shape,
        part_of(fleet.rank, indices) if shape else array("l"),
    )


def scaled_interval(interval_ns: int, time_scale: Fraction) -> int:
    """An interval divided by the time scale, in whole nanoseconds, at least 1 ms."""
    return max(SHORTEST_INTERVAL_NS, scaled(interval_ns, time_scale))
