"""From totals to a verdict. The first reason that applies decides the exit code."""

from __future__ import annotations

from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_SATURATED
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.receipt import Receipt
from vsock_loadgen.measures.result import Verdict
from vsock_loadgen.measures.saturation import Saturation
from vsock_loadgen.measures.totals import RunTotals


def judge(totals: RunTotals, saturation: Saturation | None, receipt: Receipt | None, *, ended: bool) -> Verdict:
    """The verdict on a run, or on what there is of it where it has not `ended`."""
    incomplete = [f"worker {worker} was lost: its part of the load was not sent" for worker in totals.lost]
    if not ended:
        incomplete.append("the run has not ended: this is a snapshot")
    if receipt is not None and totals.counts.delivered > receipt.reports:
        missing = totals.counts.delivered - receipt.reports
        incomplete.append(f"the receiver counted {receipt.reports:,} reports, {missing:,} fewer than were delivered")
    limited = [] if saturation is None else [str(saturation)]
    if starved := totals.counts.failures.get(FailureClass.DESCRIPTORS):
        limited.append(f"the generator had no file descriptor for {starved:,} reports: raise the limit (ulimit -n)")
    if incomplete or limited:
        return Verdict("invalid", (*incomplete, *limited), EXIT_INTERNAL if incomplete else EXIT_SATURATED)
    return Verdict("passed", (_without_thresholds(totals),), EXIT_DONE)


def _without_thresholds(totals: RunTotals) -> str:
    """What `passed` means where nothing was asked of the target."""
    counts = totals.counts
    meaning = "no threshold is set: passed means that the run is complete and was on time"
    if counts.delivered == counts.due:
        return meaning
    return f"{meaning}, although {counts.due - counts.delivered:,} of {counts.due:,} due reports were not delivered"
