"""What is made of a run's totals once a second, since it costs too much to be made at every snapshot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND

T = TypeVar("T")


class EachSecond(ABC, Generic[T]):
    """Looks at a run that goes on; `now` is what the latest look gave."""

    def __init__(self, now: T) -> None:
        self.now = now
        self._next_ns = 0

    def update(self, totals: RunTotals) -> None:
        """Look if it is time to."""
        if totals.elapsed_ns >= self._next_ns:
            self._next_ns = totals.elapsed_ns + SECOND
            self.now = self._made_of(totals)

    @abstractmethod
    def _made_of(self, totals: RunTotals) -> T:
        """What there is to know now."""
