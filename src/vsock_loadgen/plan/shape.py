"""Phases of load: how fast the VMs' own time runs, and how many of them are switched on, as functions of the time since the start.

A VM's reports have instants tau in its own time; with the rate r(t) that time is Lambda(t), the integral of r, and a report is due
at the first t with Lambda(t) >= tau. Within a phase r is linear, so that Lambda is quadratic and has an inverse in closed form. All
arithmetic is that of IEEE doubles with correctly rounded operations only, so that every machine computes the same instants.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.blocks import Phase, switched_on

_STEPS = 256
"""Steps that stand for a ramp of the number of VMs."""
NEVER = 1 << 62
"""An instant that no run reaches, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One phase in numbers: times in nanoseconds since the start of the cycle, `load_ns` is Lambda at its start."""

    start_ns: int
    length_ns: int
    load_ns: float
    rate_from: float
    rate_to: float
    vms_from: float
    vms_to: float

    def load_after(self, passed_ns: float) -> float:
        """What Lambda gains in the first `passed_ns` of the stretch."""
        slope = (self.rate_to - self.rate_from) / self.length_ns
        return passed_ns * (self.rate_from + slope * passed_ns / 2)

    def time_for(self, load_ns: float) -> float:
        """The inverse: how long it takes for Lambda to gain `load_ns`, which it does within the stretch."""
        slope = (self.rate_to - self.rate_from) / self.length_ns
        root = math.sqrt(max(0.0, self.rate_from * self.rate_from + 2 * slope * load_ns))
        speed = self.rate_from + root
        return min(float(self.length_ns), 2 * load_ns / speed) if load_ns > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of time in which `vms` are switched on: its length, and what Lambda gains in it, in nanoseconds."""

    vms: int
    length_ns: float
    load_ns: float


class Shape:
    """Phases one after the other, repeated or with the last one's end held; times after any time scale."""

    def __init__(self, phases: Sequence[Phase], *, repeat: bool, vm_count: int, time_scale: Fraction) -> None:
        self.names = tuple(phase.name for phase in phases)
        self.repeat = repeat
        self._vm_count = vm_count
        self._stretches: list[_Stretch] = []
        start_ns, load_ns = 0, 0.0
        for phase in phases:
            length_ns = phase.scaled_ns(time_scale)
            rate, vms = phase.rate, phase.vms
            stretch = _Stretch(start_ns, length_ns, load_ns, float(rate.start), float(rate.end), float(vms.start), float(vms.end))
            self._stretches.append(stretch)
            start_ns += length_ns
            load_ns += stretch.load_after(length_ns)
        self.cycle_ns = start_ns
        self.cycle_load_ns = load_ns
        self._starts = [stretch.start_ns for stretch in self._stretches]
        self._end_loads = [*(stretch.load_ns for stretch in self._stretches[1:]), load_ns]

    @property
    def stretches_ns(self) -> list[tuple[int, int]]:
        """When each phase begins in the cycle, and how long it lasts."""
        return [(stretch.start_ns, stretch.length_ns) for stretch in self._stretches]

    def instant(self, load_ns: int) -> int:
        """The first nanosecond since the start at which Lambda has reached `load_ns`; NEVER if it does not."""
        cycles, within = 0, float(load_ns)
        if within > self.cycle_load_ns:
            if not self.repeat:
                held = self._stretches[-1].rate_to
                beyond = self.cycle_ns + (within - self.cycle_load_ns) / held if held > 0 else NEVER
                return min(NEVER, math.ceil(beyond))
            if self.cycle_load_ns == 0:
                return NEVER
            cycles = math.ceil(within / self.cycle_load_ns) - 1
            within -= cycles * self.cycle_load_ns
        stretch = self._stretches[bisect_left(self._end_loads, within)]
        passed_ns = stretch.time_for(within - stretch.load_ns)
        return min(NEVER, cycles * self.cycle_ns + stretch.start_ns + math.ceil(passed_ns))

    def load_at(self, now_ns: int) -> float:
        """Lambda at an instant: how far the VMs' own time has gone."""
        cycles, within_ns = divmod(now_ns, self.cycle_ns) if self.repeat else (0, min(now_ns, self.cycle_ns))
        held_ns = 0 if self.repeat else now_ns - within_ns
        stretch = self._stretches[self._number_at(within_ns)]
        return (
            cycles * self.cycle_load_ns
            + stretch.load_ns
            + stretch.load_after(min(within_ns - stretch.start_ns, stretch.length_ns))
            + held_ns * self._stretches[-1].rate_to
        )

    def switched_on(self, now_ns: int) -> int:
        """How many VMs, lowest ranks first, are on at an instant."""
        stretch, passed_ns = self._at(now_ns)
        share = stretch.vms_from + (stretch.vms_to - stretch.vms_from) * passed_ns / stretch.length_ns
        return switched_on(share, self._vm_count)

    def rate_at(self, now_ns: int) -> float:
        """How fast the VMs' own time runs at an instant."""
        stretch, passed_ns = self._at(now_ns)
        return stretch.rate_from + (stretch.rate_to - stretch.rate_from) * passed_ns / stretch.length_ns

    def phase_at(self, now_ns: int) -> int:
        """The number of the phase that an instant lies in; the last one if its end is held."""
        return self._number_at(now_ns % self.cycle_ns if self.repeat else min(now_ns, self.cycle_ns - 1))

    def mean(self, end_ns: int, *, with_rate: bool) -> float:
        """The mean over [0, end_ns) of the switched-on share, times the rate if `with_rate`."""
        if self.repeat:
            cycles, rest_ns = divmod(end_ns, self.cycle_ns)
            return (cycles * self._area(self.cycle_ns, with_rate) + self._area(rest_ns, with_rate)) / end_ns
        held = _product(self._stretches[-1], self._stretches[-1].length_ns, with_rate)
        return (self._area(min(end_ns, self.cycle_ns), with_rate) + max(0, end_ns - self.cycle_ns) * held) / end_ns

    def levels(self, end_ns: int) -> Iterator[Level]:
        """The time from the start to `end_ns` as levels of VMs that are switched on, in no order; a ramp is a flight of steps."""
        if not self.repeat:
            yield from self._levels(min(end_ns, self.cycle_ns))
            held_ns = max(0, end_ns - self.cycle_ns)
            yield Level(self.switched_on(self.cycle_ns), held_ns, held_ns * self._stretches[-1].rate_to)
            return
        cycles, rest_ns = divmod(end_ns, self.cycle_ns)
        for level in self._levels(self.cycle_ns) if cycles else ():
            yield Level(level.vms, cycles * level.length_ns, cycles * level.load_ns)
        yield from self._levels(rest_ns)

    def _levels(self, until_ns: int) -> Iterator[Level]:
        for stretch in self._stretches:
            length_ns = min(stretch.length_ns, until_ns - stretch.start_ns)
            if length_ns <= 0:
                return
            steps = 1 if stretch.vms_from == stretch.vms_to else _STEPS
            each_ns = length_ns / steps
            for step in range(steps):
                load_ns = stretch.load_after((step + 1) * each_ns) - stretch.load_after(step * each_ns)
                yield Level(self.switched_on(stretch.start_ns + int((step + 0.5) * each_ns)), each_ns, load_ns)

    def _area(self, until_ns: int, with_rate: bool) -> float:
        """The integral of rate * share over the start of a cycle, by Simpson's rule, which is exact for a quadratic."""
        area = 0.0
        for stretch in self._stretches:
            length_ns = min(stretch.length_ns, until_ns - stretch.start_ns)
            if length_ns <= 0:
                break
            area += (
                length_ns
                / 6
                * sum(weight * _product(stretch, length_ns * place / 2, with_rate) for place, weight in ((0, 1), (1, 4), (2, 1)))
            )
        return area

    def _at(self, now_ns: int) -> tuple[_Stretch, float]:
        if self.repeat:
            within_ns = now_ns % self.cycle_ns
        elif now_ns >= self.cycle_ns:
            return self._stretches[-1], float(self._stretches[-1].length_ns)
        else:
            within_ns = now_ns
        stretch = self._stretches[self._number_at(within_ns)]
        return stretch, float(within_ns - stretch.start_ns)

    def _number_at(self, within_ns: int) -> int:
        return max(0, bisect_right(self._starts, within_ns) - 1)


def _product(stretch: _Stretch, passed_ns: float, with_rate: bool) -> float:
    part = passed_ns / stretch.length_ns
    share = stretch.vms_from + (stretch.vms_to - stretch.vms_from) * part
    return share * (stretch.rate_from + (stretch.rate_to - stretch.rate_from) * part) if with_rate else share
