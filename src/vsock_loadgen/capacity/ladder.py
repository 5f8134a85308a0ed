"""A ladder: given loads, one after the other, each in a slot of the wall clock whose length follows from the config alone.

A search chooses each trial from the one before, on which several nodes cannot agree without a coordinator. The slots of a ladder
are known to all of them in advance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vsock_loadgen.capacity.amounts import Asked, Vary
from vsock_loadgen.capacity.asked import Fleet, load_in, most_load, too_often
from vsock_loadgen.capacity.goals import Goal, longest_limit_ns
from vsock_loadgen.capacity.search import Contradiction, Point, Search, Step, Terms
from vsock_loadgen.capacity.timing import Lengths
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.units import SECOND, format_number

READY_NS = 5 * SECOND
"""The longest time to get ready for a slot: each has new worker processes."""
RECOVERY_NS = 10 * SECOND
"""How long a target may take to recover, once nothing is in flight."""
_ROUNDING = 1 + 1e-3


@dataclass(frozen=True, slots=True)
class Ladder:
    """Loads in ascending order, and what the slot of each is made of: the `lengths` of its trial, `drain_ns` in which its last
    reports finish, and a pause."""

    loads: tuple[float, ...]
    lengths: Lengths
    drain_ns: int

    @property
    def drained_ns(self) -> int:
        """The moment of a slot after which no node has a report in flight."""
        return self.lengths.settle_ns + self.lengths.window_ns + self.drain_ns

    @property
    def slot_ns(self) -> int:
        """The length of a slot, in whole seconds."""
        return -(-(self.drained_ns + RECOVERY_NS + READY_NS) // SECOND) * SECOND

    def begins_ns(self, number: int, zero_wall_ns: int) -> int:
        """When the trial of that number begins, the first being 1, if the ladder does at `zero_wall_ns`."""
        return zero_wall_ns + (number - 1) * self.slot_ns

    def seconds_from(self, number: int) -> float:
        """How long the trials from that number on take."""
        return (len(self.loads) - number + 1) * self.slot_ns / SECOND


def ladder_of(loads: Sequence[float], lengths: Sequence[Lengths], drain_ns: int) -> Ladder:
    """The ladder of loads that need such lengths. All trials are as long as the longest: none is repeated."""
    settle_ns = max(each.settle_ns for each in lengths)
    return Ladder(tuple(loads), Lengths(settle_ns, max(each.window_ns for each in lengths)), drain_ns)


def loads_of_ladder(asked: Asked, goals: Sequence[Goal], fleet: Fleet) -> tuple[float, ...]:
    """The loads of a ladder as they are varied, the lowest first. Raises ConfigError with those that the fleet cannot make."""
    any_load = Terms(asked.vary, (), 0, 0, math.inf, "bounds")
    loads = {amount: any_load.rounded(load_in(amount, asked.vary, fleet)) for amount in asked.ladder}
    most, _ = most_load(asked.vary, goals, fleet)
    too_much = {amount: load for amount, load in loads.items() if load > most * _ROUNDING}
    if too_much:
        limit_ns, mean_interval = longest_limit_ns(goals), fleet.vms / fleet.per_second
        is_by_limit = limit_ns and (asked.vary == "rate" or not most)
        most_text = f"{most:,.0f} VMs" if asked.vary == "vms" else f"{format_number(most * fleet.per_second)}/s"
        raise ConfigError(
            [
                Problem(
                    "--ladder",
                    "",
                    f"with {amount.text} {too_often(mean_interval / (load if asked.vary == 'rate' else 1), limit_ns)}",
                )
                if is_by_limit
                else Problem("--ladder", "", f"found {amount.text}, expected at most {most_text}")
                for amount, load in too_much.items()
            ]
        )
    return tuple(sorted(loads[amount] for amount in asked.ladder))


def ladder_terms(vary: Vary, goals: tuple[Goal, ...], loads: Sequence[float], precision: float) -> Terms:
    """The terms under which the trials of a ladder are judged: all loads are within the bounds, and each is tried once."""
    return Terms(vary, goals, loads[0], loads[0], loads[-1], "bounds", precision, confirm=1)


class Climb(Search):
    """What the trials of a ladder show. No trial is repeated. One that is not clear leaves its load open; one for which the
    generator was late is the upper end; a clear hold above a clear miss is a contradiction."""

    @cached_property
    def points(self) -> list[Point]:
        """Every load that was tried, the lowest first."""
        return [point if point.trials else replace(point, verdict="late", need=None) for point in super().points]

    @property
    def contradiction(self) -> Contradiction | None:
        """The first one, if there is one."""
        pair = self._contradicting(())
        if pair is None:
            return None
        held, missed = pair
        return Contradiction((self.terms.load_of(held), self.terms.load_of(missed)), max(held.number, missed.number))

    @property
    def next(self) -> Step | None:
        """None: the loads are known in advance."""
        return None
