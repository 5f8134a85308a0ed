"""What is to be done at which moment: a heap of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count

from vsock_loadgen.units import SECOND

_LONGEST_WAIT_NS = 24 * 3_600 * SECOND  # a poll takes milliseconds of 31 bits; a longer wait is repeated


class Timers:
    """Actions by due time, in nanoseconds of the caller's clock. Equal times keep their order."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = count()

    def at(self, due_ns: int, action: Callable[[], None]) -> None:
        """Have an action taken at a moment."""
        heappush(self._heap, (due_ns, next(self._serial), action))

    def next_due_ns(self) -> int | None:
        """The moment of the earliest action, None if there is none."""
        return self._heap[0][0] if self._heap else None

    def take_due(self, now_ns: int) -> Iterator[Callable[[], None]]:
        """Take out the actions that are due, earliest first, with those that an action adds and that are due too."""
        while self._heap and self._heap[0][0] <= now_ns:
            yield heappop(self._heap)[2]


def poll_seconds(nanoseconds: int | None) -> float:
    """Seconds for a poll, -1 for any time. Long waits are cut short: a poll may return before its time anyway."""
    return -1.0 if nanoseconds is None else min(nanoseconds, _LONGEST_WAIT_NS) / SECOND
