"""Which VMs are switched on, while phases of load change how many are."""

from __future__ import annotations

from collections.abc import Sequence

from vsock_loadgen.plan.schedule import Schedule


class Switches:
    """Of the VMs of a schedule, by position. Times are nanoseconds from the start of the schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._shape = schedule.shape
        self._ranks: Sequence[int] = schedule.rank
        self._by_rank = sorted(range(len(schedule.rank)), key=schedule.rank.__getitem__)
        self._on = len(self._by_rank)
        self._share = 0

    def is_on(self, position: int) -> bool:
        """Whether a VM is on, as of the last `look`."""
        return self._shape is None or self._ranks[position] < self._share

    def look(self, now_ns: int) -> tuple[list[int], list[int]]:
        """See how many are on now; returns the positions of those that were switched off since the last look, and on."""
        if self._shape is None:
            return [], []
        self._share = self._shape.switched_on(now_ns)
        before, self._on = self._on, self._count()
        return self._by_rank[self._on : before], self._by_rank[before : self._on]

    def _count(self) -> int:
        """How many of the VMs here, lowest ranks first, are on."""
        low, high = 0, len(self._by_rank)
        while low < high:
            middle = (low + high) // 2
            if self._ranks[self._by_rank[middle]] < self._share:
                low = middle + 1
            else:
                high = middle
        return low
