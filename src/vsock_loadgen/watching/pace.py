"""How fast reports have fallen due and been delivered lately, from the counts of a run as they grow."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.units import SECOND

NOW_NS = 5 * SECOND
"""What counts as now: short enough to follow a ramp, long enough not to jump with every snapshot."""
MOST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second, over the last NOW_NS: reports that fell due, reports and bytes that were delivered."""

    offered: float = 0.0
    achieved: float = 0.0
    bytes: float = 0.0


class Pace:
    """Takes in counts a few times a second; remembers whole seconds of the run, up to MOST_SECONDS of them."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, Counts]] = deque([(0, Counts())])
        self._seconds: deque[list[int]] = deque(maxlen=MOST_SECONDS)
        self._second = -1

    def add(self, elapsed_ns: int, counts: Counts) -> None:
        """Take in the counts at an instant of the run; what changed belongs to the second in which the stretch began."""
        last_ns, last = self._samples[-1]
        if elapsed_ns <= last_ns:
            return
        while self._second < last_ns // SECOND:
            self._second += 1
            self._seconds.append([0, 0])
        row = self._seconds[-1]
        row[0] += counts.due - last.due
        row[1] += counts.delivered - last.delivered
        self._samples.append((elapsed_ns, counts))
        while self._samples[1][0] <= elapsed_ns - NOW_NS:
            self._samples.popleft()

    @property
    def rates(self) -> Rates:
        """The present rates."""
        (then_ns, then), (now_ns, now) = self._samples[0], self._samples[-1]
        seconds = (now_ns - then_ns) / SECOND
        if not seconds:
            return Rates()
        return Rates((now.due - then.due) / seconds, (now.delivered - then.delivered) / seconds, (now.bytes - then.bytes) / seconds)

    @property
    def offered(self) -> list[int]:
        """Reports that fell due in each second that is over, oldest first."""
        return [row[0] for row in self._seconds][:-1]

    @property
    def achieved(self) -> list[int]:
        """Reports delivered in each second that is over, oldest first."""
        return [row[1] for row in self._seconds][:-1]
