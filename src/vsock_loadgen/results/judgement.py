"""From totals to a verdict. The first reason that applies decides the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from vsock_loadgen.config.model import MAX_LOST, Config
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_SATURATED, EXIT_THRESHOLD
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.clocks import ClockStep, suspended, was_set
from vsock_loadgen.results.ended import Ended
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.result import UNJUDGED, Verdict
from vsock_loadgen.results.saturation import Saturation
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.results.sensor_reconciliation import AnyReconciliation
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold
from vsock_loadgen.units import format_number


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a target is judged beside its thresholds: the share of the due reports that may be lost (None: none, unless
    thresholds decide), and whether it is judged at all."""

    max_lost: Fraction | None = None
    no_verdict: bool = False

    @classmethod
    def of(cls, config: Config) -> Terms:
        """Those of a run."""
        return cls(config.max_lost, config.no_verdict)

    @classmethod
    def read(cls, config: Mapping[str, object]) -> Terms:
        """Those of a result, by its effective config. Raises ValueError if that has something else there."""
        return cls(MAX_LOST.read(config.get("maxLost", "auto")), config.get("noVerdict") is True)


NO_TERMS = Terms()


def judge(
    totals: RunTotals,
    saturation: Saturation | None,
    receipt: Receipt | Scraped | None,
    thresholds: Sequence[JudgedThreshold] = (),
    abortion: Abortion | None = None,
    reconciliation: AnyReconciliation | None = None,
    *,
    ended: Ended | None,
    terms: Terms = NO_TERMS,
    clock_steps: Sequence[ClockStep] = (),
) -> Verdict:
    """The verdict on a run, or on the run so far if nothing has `ended` it. What makes a run invalid comes before
    thresholds: such a run proves nothing about the target."""
    thrown_away, remarks = [], list[str]()
    if reconciliation is not None:
        thrown_away, remarks = _thrown_away(reconciliation), [*filter(None, [reconciliation.remark])]
    incomplete = _lost(totals)
    if ended is not None and ended.by_signal and not ended.is_whole:
        incomplete.append(f"{ended.by_signal}: reports due after that were not sent")
    if ended is None:
        incomplete.append("the run has not ended: this is a snapshot")
    if receipt is not None and (disagreement := receipt.disagreement(totals.counts)):
        incomplete.append(disagreement)
    if reconciliation is not None and reconciliation.lacks:
        incomplete.append(reconciliation.lacks)
    limited = [*([] if saturation is None else [str(saturation)]), *suspended(clock_steps)]
    limited += [
        failure.record.own_fault.format(count)
        for failure, count in totals.counts.failures.items()
        if count and failure.record.own_fault
    ]
    if incomplete or limited:
        stopped = [] if abortion is None else [str(abortion)]
        reasons = (*incomplete, *limited, *stopped, *thrown_away, *remarks, *was_set(clock_steps))
        return Verdict("invalid", reasons, EXIT_INTERNAL if incomplete else EXIT_SATURATED)
    verdict = judge_target(totals.counts, thresholds, abortion, reconciliation, ended=ended, terms=terms)
    return replace(verdict, reasons=(*verdict.reasons, *was_set(clock_steps)))


def _lost(totals: RunTotals) -> list[str]:
    """Which processes of the run were lost, and how."""
    workers = [(worker, totals.how_lost(worker)) for worker in totals.lost]
    lost = [f"worker {worker} was lost{f' ({how})' if how else ''}: its part of the load was not sent" for worker, how in workers]
    if totals.lost_receiver is not None:
        noun = "asker" if totals.counts.was_asked else "receiver"
        lost.append(f"the embedded {noun} was lost ({totals.lost_receiver}): its counts are unknown")
    return lost


def _thrown_away(reconciliation: AnyReconciliation) -> list[str]:
    """Why a target has failed that took reports and did not pass them on. If others send to it too, it is unknown whose reports
    those were."""
    if not reconciliation.thrown_away or (reconciliation.unexplained or 0) < 0:
        return []
    return [f"the target discarded {reconciliation.thrown_away:,} reports: {reconciliation.thrown_away_in_words}"]


def judge_target(
    counts: Counts,
    thresholds: Sequence[JudgedThreshold],
    abortion: Abortion | None = None,
    reconciliation: AnyReconciliation | None = None,
    *,
    ended: Ended | None = None,
    terms: Terms = NO_TERMS,
) -> Verdict:
    """The verdict on the target of a run that was on time, and complete unless a missed threshold stopped it."""
    if terms.no_verdict and abortion is None:
        verdict = Verdict(UNJUDGED, ("the target is not judged (noVerdict)",), EXIT_DONE)
    else:
        verdict = _judge_figures(counts, thresholds, abortion, _too_many_lost(counts, thresholds, ended, terms))
    if reconciliation is None:
        return verdict
    if not terms.no_verdict and (thrown_away := _thrown_away(reconciliation)):
        missed = verdict.reasons if verdict.status == "failed" else ()
        return Verdict("failed", (*missed, *thrown_away), EXIT_THRESHOLD)
    return replace(verdict, reasons=(*verdict.reasons, *filter(None, [reconciliation.remark])))


def losses(
    counts: Counts,
    thresholds: Sequence[JudgedThreshold],
    reconciliation: AnyReconciliation | None,
    *,
    ended: Ended | None,
    terms: Terms,
) -> list[str]:
    """Why a target has failed beside its thresholds: reports that were lost, or taken and discarded."""
    if terms.no_verdict:
        return []
    thrown_away = _thrown_away(reconciliation) if reconciliation else []
    return [*filter(None, [_too_many_lost(counts, thresholds, ended, terms)]), *thrown_away]


def _too_many_lost(counts: Counts, thresholds: Sequence[JudgedThreshold], ended: Ended | None, terms: Terms) -> str:
    """A sentence if more reports were lost than allowed. Those that a second signal left in flight are not lost."""
    if counts.was_asked:
        lost, what = counts.failed, "were asked for but not taken"  # a report that was never asked for is not lost
    else:
        lost, what = counts.undelivered - (counts.unfinished if ended and ended.abandoned else 0), "were not delivered"
    if terms.max_lost is None:
        is_asked = all(threshold.passed is None for threshold in thresholds)
        bound = "none may be lost without thresholds (see maxLost, noVerdict)"
    else:
        is_asked = True
        bound = f"maxLost is {format_number(float(100 * terms.max_lost))} %"
    if not is_asked or lost <= (terms.max_lost or 0) * counts.due:
        return ""
    return f"{lost:,} of {counts.due:,} due reports {what}: {bound}"


def _judge_figures(counts: Counts, thresholds: Sequence[JudgedThreshold], abortion: Abortion | None, too_many_lost: str) -> Verdict:
    """A run that was stopped for a threshold has failed, even if the reports still in flight have improved the figure."""
    missed = {threshold.expression: str(threshold) for threshold in thresholds if threshold.passed is False}
    if abortion is not None:
        then = [f"{threshold} when it was stopped" for threshold in abortion.missed if threshold.expression not in missed]
        return Verdict("failed", (str(abortion), *missed.values(), *then), EXIT_THRESHOLD)
    if missed or too_many_lost:
        return Verdict("failed", (*missed.values(), *filter(None, [too_many_lost])), EXIT_THRESHOLD)
    if not counts.due:
        return Verdict(UNJUDGED, ("no report was due: there is nothing to judge",), EXIT_DONE)
    if counts.was_asked and not counts.askings:
        return Verdict(UNJUDGED, ("no report was asked for",), EXIT_DONE)
    judged = sum(threshold.passed is not None for threshold in thresholds)
    if not judged:
        return _without_thresholds(counts, thresholds)
    met = "the threshold is met" if judged == 1 else f"all {judged} thresholds are met"
    unjudged = len(thresholds) - judged
    others = f"; {unjudged} more are about VMs or phases without due reports here" if unjudged else ""
    return Verdict("passed", (met + others,), EXIT_DONE)


def _without_thresholds(counts: Counts, thresholds: Sequence[JudgedThreshold]) -> Verdict:
    """The reason if no figure of the target was judged, and no more was lost than allowed."""
    if thresholds:
        return Verdict(UNJUDGED, ("no report that the thresholds are about was due",), EXIT_DONE)
    lost = counts.failed if counts.was_asked else counts.undelivered
    what = "asked for but not taken" if counts.was_asked else "not delivered"
    if lost:
        delivered = f"{lost:,} of {counts.due:,} due reports were {what}, which is allowed"
    else:
        delivered = "every due report that was asked for was taken" if counts.was_asked else "every due report was delivered"
    return Verdict("passed", (f"no threshold is set: passed means complete, on time, and {delivered}",), EXIT_DONE)
