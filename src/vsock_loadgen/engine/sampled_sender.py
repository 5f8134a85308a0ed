"""A sender that hands a row over for each report: a separate class, so that a run without rows pays nothing for them."""

from __future__ import annotations

from typing import Protocol

from vsock_loadgen.engine.flight import Flight
from vsock_loadgen.engine.ledger import Book
from vsock_loadgen.engine.sender import Sender
from vsock_loadgen.measures.outcome import FailureClass

DELIVERED, SKIPPED, UNFINISHED = "delivered", "skipped", "unfinished"
"""What may become of a report beside the classes of failures."""


class Rows(Protocol):
    """What gets a row for each report: `Samples`."""

    def enter(
        self, position: int, book: Book, outcome: str, due_ns: int, started_ns: int | None, ended_ns: int | None, size: int
    ) -> None:
        """A report of the VM at a position; moments are the clock's."""


class SampledSender(Sender):
    """Sends as any other does, and enters in `samples` what became of each report; `write_to` comes before the first step."""

    _samples: Rows

    def write_to(self, samples: Rows) -> None:
        """Enter rows there from here."""
        self._samples = samples
        self._each_of_rest = self._leave_behind

    def abandon(self) -> None:
        """Give up everything in flight."""
        under_way = [flight for flight in self._by_start if not flight.landed]
        super().abandon()
        for flight in under_way:
            self._enter(flight, UNFINISHED, None)

    def _skip(self, position: int, due_ns: int, book: Book) -> None:
        super()._skip(position, due_ns, book)
        self._samples.enter(position, book, SKIPPED, due_ns, None, None, 0)

    def _leave_behind(self, position: int, due_ns: int, book: Book) -> None:
        outcome = SKIPPED if self._busy[position] else UNFINISHED
        self._samples.enter(position, book, outcome, due_ns, None, None, 0)

    def _deliver(self, flight: Flight) -> int:
        ended_ns = super()._deliver(flight)
        self._enter(flight, DELIVERED, ended_ns)
        return ended_ns

    def _fail(self, flight: Flight, failure: FailureClass, code: int | None) -> None:
        super()._fail(flight, failure, code)
        self._enter(flight, failure, self._clock_ns())

    def _enter(self, flight: Flight, outcome: str, ended_ns: int | None) -> None:
        self._samples.enter(flight.position, flight.book, outcome, flight.due_ns, flight.started_ns, ended_ns, flight.size)
