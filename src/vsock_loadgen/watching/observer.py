"""Observers of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vsock_loadgen.measures.totals import RunTotals


class Observer(Protocol):
    """Something that shows a run, or records it. It is called in the parent's main thread and must not take long."""

    def update(self, totals: RunTotals) -> None:
        """See the state of the run, about four times per second."""


class Observers:
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def update(self, totals: RunTotals) -> None:
        """Let each of them see the state of the run."""
        for observer in self._observers:
            observer.update(totals)
