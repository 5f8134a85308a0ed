"""One worker's books: every due report is entered once when it falls due and once when its fate is known."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from vsock_loadgen.measures.askings import Asked, EndedBy
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot

_BY_KEY = ("failures", "asked", "ended_by")
_NAMES = [each.name for each in fields(Counts) if each.name not in _BY_KEY]


class Book:
    """The reports of one cell of the fleet, in one phase of load: counts since the start, and times since the last snapshot. All
    times are nanoseconds."""

    __slots__ = ("_times", *_NAMES, *_BY_KEY)

    def __init__(self) -> None:
        self.due = self.started = self.delivered = self.skipped = self.unfinished = self.in_flight = self.bytes = 0
        self.initial = self.overtaken = self.again = self.claimed = self.asking = 0
        self.failures: dict[FailureClass, int] = {}
        self.asked: dict[Asked, int] = {}
        self.ended_by: dict[EndedBy, int] = {}
        self._times = Times()

    def skip(self, reports: int = 1) -> None:
        """A report, or several, fell due while the VM's last one was still in flight."""
        self.due += reports
        self.skipped += reports

    def start(self, lag_ns: int) -> None:
        """A report fell due and is being sent, `lag_ns` after it should have been."""
        self.due += 1
        self.started += 1
        self.in_flight += 1
        self._times.lag.record(lag_ns)

    def deliver(self, response_ns: int, service_ns: int, size: int) -> None:
        """A report in flight was delivered."""
        self.in_flight -= 1
        self.delivered += 1
        self.bytes += size
        self._times.response.record(response_ns)
        self._times.service.record(service_ns)

    def fail(self, failure: FailureClass) -> None:
        """A report in flight was not delivered."""
        self.in_flight -= 1
        self.failures[failure] = self.failures.get(failure, 0) + 1

    def leave_unstarted(self, reports: int = 1) -> None:
        """A report, or several, were due before the end but had not been started by then."""
        self.due += reports
        self.unfinished += reports

    def give_up(self) -> None:
        """A report in flight was abandoned when the run ended."""
        self.in_flight -= 1
        self.unfinished += 1

    @property
    def counts(self) -> Counts:
        """The counts now."""
        of_keys: dict[str, Any] = {name: dict(getattr(self, name)) for name in _BY_KEY}
        return Counts(**{name: getattr(self, name) for name in _NAMES}, **of_keys)

    @property
    def state(self) -> Hashable:
        """A number that changes whenever something has been entered."""
        return self.due, self.in_flight

    def share(self) -> Share:
        """The state now; the times are cleared."""
        share = Share(self.counts, self._times)
        self._times = Times(Histogram(), Histogram(), Histogram())
        return share


B = TypeVar("B", bound=Book)


class Ledger(Generic[B]):
    """A book for every number under which a report may be entered; there is no other count. `errors` has the last message of each
    failure class since the last snapshot."""

    def __init__(self, books: Sequence[B]) -> None:
        self.books = books
        self.errors: dict[FailureClass, str] = {}
        self._told = [book.state for book in books]

    def snapshot(self, worker: int, at_ns: int, cpu_ns: int, *, final: bool = False) -> WorkerSnapshot:
        """The books in which something has changed; their times, and the errors, are cleared."""
        shares = {}
        for number, book in enumerate(self.books):
            state = book.state
            if state != self._told[number]:
                self._told[number] = state
                shares[number] = book.share()
        errors, self.errors = self.errors, {}
        return WorkerSnapshot(worker, at_ns, shares, errors, cpu_ns, final)


def new_books(count: int) -> list[Book]:
    """A number of books."""
    return [Book() for _ in range(count)]
