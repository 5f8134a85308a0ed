"""A queue of whole numbers of which the smallest is taken first: a calendar instead of a heap (R. Brown, "Calendar queues",
Communications of the ACM 31(10), 1988).

The numbers of a day are put down on its page as they come, and sorted when the day has come. A heap of a hundred thousand numbers
goes through a dozen of them, all over the memory, for each one that is replaced; a page is one list, and next to the last one.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterable, Iterator
from itertools import chain, islice

NEVER = 1 << 100
"""What comes first if there is nothing."""


class Calendar:
    """Some numbers, each on the page of `number >> day_bits`. Which numbers come first does not depend on `day_bits`; best are some
    hundreds of them on a page."""

    def __init__(self, numbers: Iterable[int], day_bits: int) -> None:
        self._day_bits = day_bits
        self._pages: dict[int, list[int]] = {}
        self._coming: list[int] = []
        self._day = -1
        self._today: list[int] = []
        self._taken = 0
        self.first = NEVER
        for number in numbers:
            self._put(number)
        self._turn()

    def __iter__(self) -> Iterator[int]:
        return chain(islice(self._today, self._taken, None), *self._pages.values())

    def replace_first(self, number: int) -> None:
        """Take the first number away, and put another one in."""
        self._taken += 1
        self._put(number)
        self._turn()

    def _put(self, number: int) -> None:
        day = number >> self._day_bits
        if day <= self._day:
            insort(self._today, number, self._taken)
        elif (page := self._pages.get(day)) is not None:
            page.append(number)
        else:
            self._pages[day] = [number]
            heapq.heappush(self._coming, day)

    def _turn(self) -> None:
        """Open the next page if there is nothing left on this one, and look at what is first."""
        if self._taken == len(self._today):
            self._taken, self._today = 0, []
            if not self._coming:
                self.first = NEVER
                return
            self._day = heapq.heappop(self._coming)
            self._today = self._pages.pop(self._day)
            self._today.sort()
        self.first = self._today[self._taken]
