"""Accounts that hand a row over for each report whose fate is known: a separate class, so that a run without rows pays nothing."""

from __future__ import annotations

from typing import NamedTuple

from vsock_loadgen.answering.accounts import Accounts, Asking, Report
from vsock_loadgen.answering.books import AskedLedger
from vsock_loadgen.engine.sampled_sender import DELIVERED, SKIPPED, UNFINISHED, Rows
from vsock_loadgen.measures.outcome import FailureClass


class _Span(NamedTuple):
    """When an asking began, and when it ended; None without an asking."""

    began_ns: int | None = None
    ended_ns: int | None = None


class SampledAccounts(Accounts):
    """Accounts that enter each report's fate in `rows`, with the asking that decided it: the one that took it, else the last failed
    one."""

    def __init__(self, vms: int, ledger: AskedLedger, rows: Rows) -> None:
        super().__init__(vms, ledger)
        self._rows = rows
        self._in_vain: dict[Report, _Span] = {}

    def _deliver(self, asking: Asking, report: Report, now_ns: int, size: int) -> None:
        super()._deliver(asking, report, now_ns, size)
        self._in_vain.pop(report, None)
        self._enter(asking.position, report, DELIVERED, _Span(asking.began_ns, now_ns), size)

    def _ask_in_vain(self, asking: Asking, report: Report, failure: FailureClass, now_ns: int) -> None:
        super()._ask_in_vain(asking, report, failure, now_ns)
        self._in_vain[report] = _Span(asking.began_ns, now_ns)

    def _lose(self, position: int, report: Report) -> None:
        super()._lose(position, report)
        outcome = report.failure or (SKIPPED if report.ended_by else UNFINISHED)
        self._enter(position, report, outcome, self._in_vain.pop(report, _Span()), 0)

    def _enter(self, position: int, report: Report, outcome: str, span: _Span, size: int) -> None:
        self._rows.enter(position, report.book, outcome, report.due_ns, span.began_ns, span.ended_ns, size)
