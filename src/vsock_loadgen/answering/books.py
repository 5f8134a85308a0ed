"""The books of a fleet that is asked: a report is entered when its VM has scanned, and once more when its fate is known."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from vsock_loadgen.engine.ledger import Book, Ledger
from vsock_loadgen.measures.askings import Asked, EndedBy
from vsock_loadgen.measures.knowledge import Ages, Knowledge
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Share, WorkerSnapshot


class AskedBook(Book):
    """The reports of one cell of the fleet that wait to be asked for, in one phase of load, and the askings. All times are
    nanoseconds."""

    __slots__ = ("_ages", "_entries")

    def __init__(self) -> None:
        super().__init__()
        self._entries = 0
        self._ages = Ages()

    @property
    def state(self) -> Hashable:
        """How often something has been entered."""
        return self._entries

    def scan(self) -> None:
        """A VM has a report, which starts to wait."""
        self._entries += 1
        self.due += 1
        self.in_flight += 1

    def take(self, service_ns: int, size: int) -> None:
        """A waiting report has been taken whole."""
        self._entries += 1
        self._times.service.record(service_ns)
        self.started += 1
        self.in_flight -= 1
        self.delivered += 1
        self.bytes += size

    def age(self, age_ns: int) -> None:
        """The age of a report when it was taken."""
        self._ages.taken.record(age_ns)

    def lose(self, failure: FailureClass) -> None:
        """A report waits no longer, and all askings for it failed."""
        self._entries += 1
        self.started += 1
        self.fail(failure)

    def pass_over(self, ended_by: EndedBy) -> None:
        """A report waits no longer, and was never asked for."""
        self._entries += 1
        self.in_flight -= 1
        self.skipped += 1
        self.ended_by[ended_by] = self.ended_by.get(ended_by, 0) + 1

    def leave(self) -> None:
        """A report still waits at the end, and was never asked for."""
        self._entries += 1
        self.give_up()

    def answer(self, response_ns: int, *, is_overtaken: bool) -> None:
        """The asker has this report or a newer one, this long after it was due."""
        self._entries += 1
        self._times.response.record(response_ns)
        self.overtaken += is_overtaken

    def leave_open(self, age_ns: int) -> None:
        """The run is over, and the asker has neither this report nor a newer one, this long after it was due."""
        self.answer(age_ns, is_overtaken=True)
        self._ages.leave_open(age_ns)

    def settle_initial(self, *, is_lost: bool) -> None:
        """The fate of a report from before the run is known: it has no response time, so it counts as shorter than any."""
        self._entries += 1
        self.initial += 1
        self.overtaken += is_lost

    def take_overtaken(self) -> None:
        """A report that had been overtaken has been taken after all."""
        self._entries += 1
        self.overtaken -= 1

    def ask(self) -> None:
        """An asking begins."""
        self._entries += 1
        self.asking += 1

    def end_asking(self, how: Asked, *, again: bool = False, claimed: bool = False) -> None:
        """An asking has ended; `again` if it took what had been delivered, `claimed` if it named what never was."""
        self._entries += 1
        self.asking -= 1
        self.asked[how] = self.asked.get(how, 0) + 1
        self.again += again
        self.claimed += claimed

    def lag(self, lag_ns: int) -> None:
        """How late the first byte of an answer was."""
        self._entries += 1
        self._times.lag.record(lag_ns)

    def share(self) -> Share:
        """The state now; times and ages are cleared."""
        share = replace(super().share(), ages=self._ages)
        self._ages = Ages()
        return share


class AskedLedger(Ledger[AskedBook]):
    """The books of the cells, and `strangers` as the last of them: askings for unknown VMs."""

    def __init__(self, books: int, vms: int) -> None:
        super().__init__([AskedBook() for _ in range(books + 1)])
        self.strangers = self.books[-1]
        self.knowledge = Knowledge(vms)

    def snapshot(self, worker: int, at_ns: int, cpu_ns: int, *, final: bool = False) -> WorkerSnapshot:
        """The books in which something has changed, and what the asker knows; times, ages and errors are cleared."""
        return replace(super().snapshot(worker, at_ns, cpu_ns, final=final), knowledge=self.knowledge)

    def of_cells(self) -> Sequence[AskedBook]:
        """Those in which reports are entered."""
        return self.books[:-1]
