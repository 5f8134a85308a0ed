"""The accounts of a fleet that is asked.

A report is one scan of one VM. It waits until exactly one end. It is delivered once it has been taken whole and the asker has shown
that. Otherwise it is overtaken by a newer scan, or by the end of its VM or of the run: then it has failed if an asking for it
failed, and is skipped if it was never asked for. Askings are counted apart. While an asking for a report is in flight, its end is
open.

The response time of a report ends when the asker has it or a newer one of its VM, whatever the report's own fate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from vsock_loadgen.answering.books import AskedBook, AskedLedger
from vsock_loadgen.measures.askings import Asked, EndedBy
from vsock_loadgen.measures.outcome import FailureClass


class Report:
    """One scan of one VM: the `number`th of all, and the `generation`th since its agent started at `epoch_ns`. It waits until it
    `is_delivered` or `is_lost`; once its end is due it waits only for the askings `under_way`. `failure` is the class of the last
    failed asking."""

    __slots__ = (
        "book",
        "due_ns",
        "ended_by",
        "epoch_ns",
        "failure",
        "generation",
        "is_answered",
        "is_delivered",
        "is_initial",
        "is_lost",
        "number",
        "under_way",
    )

    def __init__(self, number: int, agent: tuple[int, int], due_ns: int, book: AskedBook, *, is_initial: bool) -> None:
        self.number = number
        self.epoch_ns, before = agent
        self.generation = number - before
        self.due_ns = due_ns
        self.book = book
        self.is_initial = is_initial
        self.is_answered = self.is_delivered = self.is_lost = False
        self.under_way = 0
        self.failure: FailureClass | None = None
        self.ended_by: EndedBy | None = None

    @property
    def waits(self) -> bool:
        """Whether its fate is open."""
        return not (self.is_delivered or self.is_lost)


@dataclass(slots=True)
class Asking:
    """An asking of a VM; `report` is the answer, once that is known. It may meet a `fault`."""

    position: int
    began_ns: int
    book: AskedBook
    fault: Asked | None = None
    report: Report | None = None


class Accounts:
    """Of the VMs of one process, by position. Times are readings of one clock, in nanoseconds."""

    def __init__(self, vms: int, ledger: AskedLedger) -> None:
        self._ledger = ledger
        self._newest: list[Report | None] = [None] * vms
        self._numbers = [0] * vms
        self._agents = [(0, 0)] * vms
        self._open: list[deque[Report] | None] = [None] * vms
        self._known = bytearray(vms)
        self._began_ns = 0

    def begin(self, now_ns: int) -> None:
        """This is when the run begins, and every agent has started."""
        self._began_ns = now_ns
        self._agents = [(now_ns, 0)] * len(self._agents)

    def start_agent(self, position: int, now_ns: int) -> None:
        """The agent of a VM without a report has restarted."""
        self._agents[position] = now_ns, self._numbers[position]

    def report(self, position: int) -> Report | None:
        """The report that a VM answers with; None before its first scan."""
        return self._newest[position]

    def scan(self, position: int, due_ns: int, book: AskedBook, *, is_initial: bool = False) -> None:
        """A VM has scanned. An `is_initial` report is one that it had before the run, and has no response time."""
        before = self._newest[position]
        self._numbers[position] += 1
        report = self._newest[position] = Report(
            self._numbers[position], self._agents[position], due_ns, book, is_initial=is_initial
        )
        book.scan()
        if not is_initial:
            waiting = self._open[position]
            if waiting is None:
                waiting = self._open[position] = deque()
            waiting.append(report)
        if before is not None:
            self._end(position, before, "replaced")

    def withdraw(self, position: int, ended_by: EndedBy) -> None:
        """A VM was switched off, or its agent was restarted: it has no report until it scans."""
        before, self._newest[position] = self._newest[position], None
        if before is not None:
            self._end(position, before, ended_by)

    def ask(self, position: int, now_ns: int, book: AskedBook, fault: Asked | None = None) -> Asking:
        """A VM is asked."""
        book.ask()
        return Asking(position, now_ns, book, fault)

    def refuse_stranger(self, how: Asked = Asked.NOT_FOUND) -> None:
        """An asking for an unknown VM, or by an asker without permission."""
        self._ledger.strangers.ask()
        self._ledger.strangers.end_asking(how)

    def answer_with(self, asking: Asking, report: Report) -> None:
        """An asking is answered with this report, which may be taken now."""
        asking.report = report
        report.under_way += 1

    def end(self, asking: Asking, how: Asked, now_ns: int, size: int = 0) -> None:
        """An asking has ended; if the report was taken whole, that was `size` bytes."""
        report = asking.report
        if report is not None:
            report.under_way -= 1
            again = how is Asked.WHOLE and report.is_delivered
            if how is Asked.WHOLE and not again:
                self._deliver(asking, report, now_ns, size)
            asking.book.end_asking(how, again=again, claimed=how is Asked.UNCHANGED and not report.is_delivered)
        else:
            asking.book.end_asking(how)
            report = self._newest[asking.position]
        if report is not None and report.waits:
            if failure := FailureClass.REFUSED if how is asking.fault else how.failure:
                self._ask_in_vain(asking, report, failure, now_ns)
            if report.ended_by is not None:
                self._end(asking.position, report, report.ended_by)

    def finish(self, end_ns: int) -> None:
        """The run is over, and no asking is in flight: waiting reports are lost, and the age of what the asker does not have is
        final."""
        for position, report in enumerate(self._newest):
            if report is not None and report.waits:
                self._lose(position, report)
        for reports in self._open:
            for report in reports or ():
                report.book.leave_open(max(0, end_ns - report.due_ns))
        self._open = [None] * len(self._open)

    def _deliver(self, asking: Asking, report: Report, now_ns: int, size: int) -> None:
        report.is_delivered = True
        report.book.take(now_ns - asking.began_ns, size)
        if report.is_answered:
            report.book.take_overtaken()
        if report.is_initial:
            report.book.settle_initial(is_lost=False)
        ledger, position = self._ledger, asking.position
        if not report.is_initial:
            report.book.age(max(0, now_ns - report.due_ns))
        waiting = self._open[position]
        while waiting and waiting[0].number <= report.number:
            answered = waiting.popleft()
            answered.is_answered = True
            answered.book.answer(max(0, now_ns - answered.due_ns), is_overtaken=answered is not report)
        if not self._known[position]:
            self._known[position] = 1
            known = ledger.knowledge.known_vms + 1
            after_ns = now_ns - self._began_ns if known == ledger.knowledge.vms else None
            ledger.knowledge = replace(ledger.knowledge, known_vms=known, known_after_ns=after_ns)

    def _ask_in_vain(self, asking: Asking, report: Report, failure: FailureClass, now_ns: int) -> None:
        report.failure = failure

    def _end(self, position: int, report: Report, ended_by: EndedBy) -> None:
        """A report waits no longer, unless it is being taken right now."""
        if not report.waits:
            return
        report.ended_by = report.ended_by or ended_by
        if report.under_way:
            return
        self._lose(position, report)

    def _lose(self, position: int, report: Report) -> None:
        report.is_lost = True
        if report.failure is not None:
            report.book.lose(report.failure)
        elif report.ended_by is not None:
            report.book.pass_over(report.ended_by)
        else:
            report.book.leave()
        if report.is_initial:
            report.book.settle_initial(is_lost=True)
