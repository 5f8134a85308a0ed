"""When agents restart, and when each has its first report after that. Times are readings of one clock, in nanoseconds."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence

from vsock_loadgen.plan.streams import BITS, jitter_start, report_bits

Spread = Sequence[int]
"""Values of a distribution at even shares; a hash picks one."""


class Picker:
    """Picks a value of a spread for each number of a VM: a stateless hash, so that every run picks the same."""

    def __init__(self, seed: int, stream: str, values: Spread) -> None:
        self._start = jitter_start(seed, stream)
        self._values = values
        self.is_nothing = not any(values)

    def __call__(self, index: int, number: int) -> int:
        """The value for the `number`th time of a VM."""
        return self._values[report_bits(self._start, index, number) * len(self._values) >> BITS]


class Starts:
    """Of VMs by position; `indices` are their global ones. An agent is restarted every `every_ns` (None: never), each at its own
    moment, and scans for the first time `first_ns` after a start; None leaves that to its schedule."""

    def __init__(self, indices: Sequence[int], seed: int, *, first_ns: int | None = None, every_ns: int | None = None) -> None:
        self._indices = indices
        self._seed = seed
        self._first_ns = first_ns
        self._every_ns = every_ns
        self._numbers = array("L", [0]) * len(indices)
        self._awaits_first = bytearray(len(indices))
        self._firsts: list[tuple[int, int, int]] = []
        self._restarts: list[tuple[int, int]] = []

    def begin(self, now_ns: int) -> None:
        """All agents have started; from here on they are restarted."""
        if self._every_ns is not None:
            start = jitter_start(self._seed, "restarts")
            self._restarts = [
                (now_ns + 1 + (report_bits(start, index, 0) * self._every_ns >> BITS), position)
                for position, index in enumerate(self._indices)
            ]
            heapq.heapify(self._restarts)

    def started(self, position: int, now_ns: int) -> None:
        """An agent has started, and has no report."""
        self._numbers[position] += 1
        if self._first_ns is not None:
            number = self._numbers[position]
            self._awaits_first[position] = 1
            heapq.heappush(self._firsts, (now_ns + self._first_ns, position, number))

    def may_scan(self, position: int) -> bool:
        """Whether an agent scans when its schedule says so: not before its first scan."""
        return not self._awaits_first[position]

    def restarted(self, now_ns: int) -> list[tuple[int, int]]:
        """The agents that are to restart by now: (position, when)."""
        found = []
        while self._restarts and self._restarts[0][0] <= now_ns and self._every_ns is not None:
            when_ns, position = self._restarts[0]
            heapq.heapreplace(self._restarts, (when_ns + self._every_ns, position))
            found.append((position, when_ns))
        return found

    def first_scans(self, now_ns: int) -> list[tuple[int, int]]:
        """The agents whose first scan is due by now: (position, when). One that has restarted since has another."""
        found = []
        while self._firsts and self._firsts[0][0] <= now_ns:
            when_ns, position, number = heapq.heappop(self._firsts)
            if self._numbers[position] == number:
                self._awaits_first[position] = 0
                found.append((position, when_ns))
        return found

    @property
    def next_ns(self) -> int | None:
        """When the next of these is due."""
        return min((heap[0][0] for heap in (self._firsts, self._restarts) if heap), default=None)
