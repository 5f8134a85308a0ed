"""From totals to a verdict. The first reason that applies decides the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_SATURATED, EXIT_THRESHOLD
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.reconciliation import Reconciliation
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.saturation import Saturation
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold


def judge(
    totals: RunTotals,
    saturation: Saturation | None,
    receipt: Receipt | None,
    thresholds: Sequence[JudgedThreshold] = (),
    abortion: Abortion | None = None,
    reconciliation: Reconciliation | None = None,
    *,
    ended: bool,
) -> Verdict:
    """The verdict on a run, or on what there is of it where it has not `ended`. What makes a run invalid comes before thresholds:
    such a run proves nothing about the target."""
    thrown_away, remarks = [], list[str]()
    if reconciliation is not None:
        thrown_away, remarks = _thrown_away(reconciliation), _not_reconciled(reconciliation)
    incomplete = _lost(totals)
    if not ended:
        incomplete.append("the run has not ended: this is a snapshot")
    if receipt is not None and totals.counts.delivered > receipt.reports:
        missing = totals.counts.delivered - receipt.reports
        incomplete.append(f"the receiver counted {receipt.reports:,} reports, {missing:,} fewer than were delivered")
    if reconciliation is not None and (unexplained := reconciliation.unexplained or 0) > 0:
        incomplete.append(f"the target's counters do not show {unexplained:,} of {reconciliation.sent:,} delivered reports")
    limited = [] if saturation is None else [str(saturation)]
    limited += [
        failure.record.own_fault.format(count)
        for failure, count in totals.counts.failures.items()
        if count and failure.record.own_fault
    ]
    if incomplete or limited:
        stopped = [] if abortion is None else [str(abortion)]
        reasons = (*incomplete, *limited, *stopped, *thrown_away, *remarks)
        return Verdict("invalid", reasons, EXIT_INTERNAL if incomplete else EXIT_SATURATED)
    return judge_target(totals.counts, thresholds, abortion, reconciliation)


def _lost(totals: RunTotals) -> list[str]:
    """Which processes of the run came to an end before it, and how."""
    workers = [(worker, totals.how_lost(worker)) for worker in totals.lost]
    lost = [f"worker {worker} was lost{f' ({how})' if how else ''}: its part of the load was not sent" for worker, how in workers]
    if totals.lost_receiver is not None:
        lost.append(f"the embedded receiver was lost ({totals.lost_receiver}): what it had counted is not known")
    return lost


def _thrown_away(reconciliation: Reconciliation) -> list[str]:
    """Why a target has failed that took reports and passed them on to nobody. Where somebody else sends to it as well, nobody knows
    whose reports those were."""
    if not reconciliation.thrown_away or (reconciliation.unexplained or 0) < 0:
        return []
    return [f"the target threw away {reconciliation.thrown_away:,} reports: {reconciliation.thrown_away_in_words}"]


def _not_reconciled(reconciliation: Reconciliation) -> list[str]:
    """Why the target's counters prove nothing."""
    if reconciliation.problem:
        return [f"not reconciled: {reconciliation.problem}"]
    if (unexplained := reconciliation.unexplained or 0) < 0:
        return [f"not reconciled: the target received {-unexplained:,} reports that this run did not send"]
    return []


def judge_target(
    counts: Counts,
    thresholds: Sequence[JudgedThreshold],
    abortion: Abortion | None = None,
    reconciliation: Reconciliation | None = None,
) -> Verdict:
    """The verdict on the target of a run that is complete and was on time."""
    verdict = _judge_figures(counts, thresholds, abortion)
    if reconciliation is None:
        return verdict
    if thrown_away := _thrown_away(reconciliation):
        missed = verdict.reasons if verdict.status == "failed" else ()
        return Verdict("failed", (*missed, *thrown_away), EXIT_THRESHOLD)
    return replace(verdict, reasons=(*verdict.reasons, *_not_reconciled(reconciliation)))


def _judge_figures(counts: Counts, thresholds: Sequence[JudgedThreshold], abortion: Abortion | None) -> Verdict:
    """A run that was stopped for a threshold has failed, even where the reports that were still under way have put the figure
    right."""
    missed = {threshold.expression: str(threshold) for threshold in thresholds if threshold.passed is False}
    if abortion is not None:
        then = [f"{threshold} when it was stopped" for threshold in abortion.missed if threshold.expression not in missed]
        return Verdict("failed", (str(abortion), *missed.values(), *then), EXIT_THRESHOLD)
    if missed:
        return Verdict("failed", tuple(missed.values()), EXIT_THRESHOLD)
    judged = sum(threshold.passed is not None for threshold in thresholds)
    if not judged:
        return Verdict("passed", (_without_thresholds(counts),), EXIT_DONE)
    met = "the threshold is met" if judged == 1 else f"all {judged} thresholds are met"
    unjudged = len(thresholds) - judged
    others = f"; {unjudged} more are about groups of which nothing was due here" if unjudged else ""
    return Verdict("passed", (met + others,), EXIT_DONE)


def _without_thresholds(counts: Counts) -> str:
    """What `passed` means where nothing was asked of the target."""
    meaning = "no threshold is set: passed means that the run is complete and was on time"
    if counts.delivered == counts.due:
        return meaning
    lost = counts.due - counts.delivered
    return (
        f"no threshold is set, and {lost:,} of {counts.due:,} due reports were not delivered: say with thresholds what is expected"
    )
