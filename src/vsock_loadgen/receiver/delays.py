"""A delay that changes at given times."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from vsock_loadgen.units import format_duration


@dataclass(frozen=True, slots=True)
class Delays:
    """The delay from the start on, and those that follow it as (since when, delay).

    All are nanoseconds, times since the start. Raises ValueError for a delay below 0, and unless the times ascend from above 0.
    """

    first_ns: int = 0
    later: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for before_ns, from_ns in pairwise((0, *(from_ns for from_ns, _ in self.later))):
            if from_ns <= before_ns:
                found = f"{format_duration(from_ns)} is not after {format_duration(before_ns)}"
                raise ValueError(f"{found}, expected ascending times after 0s")
        if min(self.first_ns, *(delay_ns for _, delay_ns in self.later), 0) < 0:
            raise ValueError("a delay is negative, expected 0 or more")

    def at(self, elapsed_ns: int) -> int:
        """The delay at this time after the start."""
        begun = bisect_right(self.later, elapsed_ns, key=lambda step: step[0])
        return self.later[begun - 1][1] if begun else self.first_ns
