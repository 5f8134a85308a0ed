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
    """Per second, over the last NOW_NS: reports that fell due, reports and bytes that were delivered, askings."""

    offered: float = 0.0
    achieved: float = 0.0
    bytes: float = 0.0
    asked: float = 0.0


@dataclass(slots=True)
class _Second:
    """What happened within a second; `in_flight` is the most that was seen."""

    offered: int = 0
    achieved: int = 0
    in_flight: int = 0
    asked: int = 0


class Pace:
    """Takes in counts a few times per second; remembers whole seconds of the run, up to MOST_SECONDS of them."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, Counts]] = deque([(0, Counts())])
        self._seconds: deque[_Second] = deque(maxlen=MOST_SECONDS)
        self._second = -1

    def add(self, elapsed_ns: int, counts: Counts) -> None:
        """Take in the counts at an instant of the run; changes belong to the second in which the stretch began."""
        last_ns, last = self._samples[-1]
        if elapsed_ns <= last_ns:
            return
        while self._second < last_ns // SECOND:
            self._second += 1
            self._seconds.append(_Second())
        row = self._seconds[-1]
        row.offered += counts.due - last.due
        row.achieved += counts.delivered - last.delivered
        row.asked += counts.askings - last.askings
        row.in_flight = max(row.in_flight, counts.in_flight)
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
        changes = (now.due - then.due, now.delivered - then.delivered, now.bytes - then.bytes, now.askings - then.askings)
        return Rates(*(change / seconds for change in changes))

    @property
    def offered(self) -> list[int]:
        """Reports that fell due in each past second, oldest first."""
        return [row.offered for row in self._seconds][:-1]

    @property
    def achieved(self) -> list[int]:
        """Reports delivered in each past second, oldest first."""
        return [row.achieved for row in self._seconds][:-1]

    @property
    def in_flight(self) -> list[int]:
        """The most reports seen in flight in each past second, oldest first."""
        return [row.in_flight for row in self._seconds][:-1]

    @property
    def asked(self) -> list[int]:
        """Askings begun in each past second, oldest first."""
        return [row.asked for row in self._seconds][:-1]
