"""What is computed from a run's totals once per second, since it is too expensive at every snapshot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND

T = TypeVar("T")


class EachSecond(ABC, Generic[T]):
    """Observes a run; `now` is the latest value."""

    def __init__(self, now: T) -> None:
        self.now = now
        self._next_ns = 0

    def update(self, totals: RunTotals) -> None:
        """Compute if it is time to."""
        if totals.elapsed_ns >= self._next_ns:
            self._next_ns = totals.elapsed_ns + SECOND
            self.now = self._made_of(totals)

    @abstractmethod
    def _made_of(self, totals: RunTotals) -> T:
        """The value now."""
