"""How a run joins a schedule that has begun already: each worker walks through what was due before, and says how far it is. If an
instant follows from its number alone, the walk begins at the present (`Schedule.advance`). If it depends on the jitter of all
reports before it, every one is walked through, a microsecond each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.units import MILLISECOND, SECOND

MOST_STEPS = 60_000_000
"""Reports that a worker may walk through: about a minute's work."""
STEPS_BETWEEN_LOOKS = 10_000
"""A check for commands costs as much as a few reports, and a command is seen within 50 ms."""
_WORD_NS = 250 * MILLISECOND
_SAID_EVERY_NS = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Join:
    """The word to walk to the present: `join_ns` from the start of the schedule, which was at `zero_wall_ns` of the wall clock."""

    zero_wall_ns: int
    join_ns: int


@dataclass(frozen=True, slots=True)
class Walked:
    """How many reports a worker has walked through, and whether it is there."""

    steps: int
    is_there: bool


def walk_to(join: Join, walk: Callable[[int, int], Iterator[int]], channel: Channel) -> bool:
    """A worker's side: walk (`walk` yields how many reports are behind, every STEPS_BETWEEN_LOOKS of them), and say so now and
    then; False if the parent has gone or wants something else by now."""
    next_ns, steps = time.monotonic_ns() + _WORD_NS, 0
    for steps in walk(join.zero_wall_ns, join.join_ns):
        if channel.receive() or channel.closed:
            return False
        if (now_ns := time.monotonic_ns()) >= next_ns:
            next_ns = now_ns + _WORD_NS
            channel.send(Walked(steps, is_there=False))
    channel.send(Walked(steps, is_there=True))
    return True


class Progress:
    """Says how far the walk of all workers is: after a second, then every few seconds."""

    def __init__(self, steps: int, say: Callable[[str], None], clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._steps = max(1, steps)
        self._say = say
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._next_ns = self._began_ns + SECOND
        self._walked: dict[int, int] = {}

    def update(self, worker: int, walked: Walked) -> None:
        """Take in what a worker says."""
        self._walked[worker] = walked.steps
        now_ns = self._clock_ns()
        part = min(1.0, sum(self._walked.values()) / self._steps)
        if now_ns < self._next_ns or not part:
            return
        self._next_ns = now_ns + _SAID_EVERY_NS
        left = (now_ns - self._began_ns) / SECOND * (1 - part) / part
        self._say(f"joining the schedule: {100 * part:.0f} % of what was due before is walked through, about {left:.0f} s left")
