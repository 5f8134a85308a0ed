"""A search in words and figures, for the terminal, Markdown and the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.outcome import Capacity, Confidence
from vsock_loadgen.capacity.timing import Expected
from vsock_loadgen.capacity.trial import GoalSeen, Level, Trial
from vsock_loadgen.units import SECOND, format_number, format_seconds

MET, MISSED = "\N{CHECK MARK}", "\N{BALLOT X}"
_CONFIDENCE: dict[Confidence, str] = {
    "clear": "every bound is clear at 95 % confidence",
    "majority": "some trials were not clear: the majority of three decided",
    "contradictory": "a load was held and a lower one missed: the target has changed since trial {}",
    "changed": "the load that held first is missed at the end: the target has changed, so the bounds may have too",
    "interrupted": "the search was interrupted: the bounds are preliminary",
}
_LIMITS = {
    "generator": "the generator was late: the target may hold more (add workers or nodes)",
    "fleet": "the fleet: with more load its VMs would report before their last report ends; add VMs, or --vary vms",
    "bounds": "the bounds of the search: the highest load allowed holds",
    "not recovered": "the target, which did not recover after the last trial",
    "thrown away": "the target itself: it discarded reports that it had taken",
    "backlog": "its backlog grows before any goal is missed",
}


def level_text(level: Level) -> str:
    """A load in words."""
    return f"{format_number(level.reports_per_second)} reports/s from {level.vms:,} VMs (rate x {format_number(level.rate)})"


def goal_line(goal: Goal) -> str:
    """A goal as it is announced."""
    return f"goal: {goal.expression}{' (always added)' if goal.is_guard else ''}"


def outcome_lines(capacity: Capacity) -> Iterator[str]:
    """What was found, in three lines or more: what holds, what does not, and why."""
    yield f"holds:  {level_text(capacity.holds)}" if capacity.holds else "holds:  no load that was tried"
    yield f"misses: {level_text(capacity.misses)}" if capacity.misses else "misses: no load that was tried"
    if capacity.limited_by:
        yield f"limited by {limit_text(capacity)}"
    if capacity.at_least:
        is_met = capacity.holds is not None and capacity.at_least.is_met(capacity.holds)
        yield f"at least {capacity.at_least}: {'yes' if is_met else 'no'}"
    if capacity.plateau_reports_per_second is not None:
        is_less = capacity.holds is not None and capacity.plateau_reports_per_second < capacity.holds.reports_per_second
        then = ": a load above that holds only for a while" if is_less else ""
        yield f"plateau: {format_number(capacity.plateau_reports_per_second)} reports/s are delivered under too much load{then}"
    yield f"confidence: {capacity.confidence}, {confidence_text(capacity)}"


def confidence_text(capacity: Capacity) -> str:
    """How sure the bounds are, in words."""
    return _CONFIDENCE[capacity.confidence].format(capacity.contradictory_from)


def limit_text(capacity: Capacity) -> str:
    """What keeps the bounds where they are, in words; empty if nothing is known."""
    name = capacity.limited_by
    return _LIMITS.get(name, f"the goal {name}") if name else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The trials as rows of texts under headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheet_of(trials: Sequence[Trial]) -> Sheet:
    """The trials in their order. VMs have a column if they differ, and the 99th percentile if no goal has it."""
    varies = len({trial.level.vms for trial in trials}) > 1
    goals = [seen.goal for seen in trials[0].goals] if trials else []
    has_p99 = any(goal.startswith("response_time.p99 ") for goal in goals)
    headings = (
        "trial",
        "due/s",
        *(["VMs"] if varies else []),
        "shows",
        "delivered/s",
        "P50",
        *([] if has_p99 else ["P99"]),
        *map(goal_heading, goals),
        "in flight",
        "for",
    )
    return Sheet(headings, tuple(_row(trial, varies=varies, has_p99=has_p99) for trial in trials))


def _row(trial: Trial, *, varies: bool, has_p99: bool) -> tuple[str, ...]:
    return (
        str(trial.number),
        format_number(trial.level.reports_per_second),
        *([f"{trial.level.vms:,}"] if varies else []),
        verdict_text(trial),
        format_number(trial.delivered_per_second),
        _time(trial.p50),
        *([] if has_p99 else [_time(trial.p99)]),
        *map(goal_cell, trial.goals),
        f"{trial.most_in_flight:,}",
        trial.purpose,
    )


def goal_heading(expression: str) -> str:
    """The short heading of a goal's column."""
    short = expression.replace("response_time.", "").replace("service_time.", "service ").replace("_percent", "")
    return short.replace("undelivered", "lost").replace("_and_", "+")


def verdict_text(trial: Trial) -> str:
    """What a trial shows, in a word or two."""
    if trial.verdict == "late":
        return "late"
    return f"{trial.verdict}{'' if trial.is_clear else '?'}"


def goal_cell(seen: GoalSeen) -> str:
    """A goal's figure, and whether it is met."""
    mark = MET if seen.met else MISSED
    if seen.value is None:
        return f"lost {MISSED}" if seen.over else f"- {mark}"
    is_share = "_percent" in seen.goal
    return f"{format_number(seen.value) if is_share else format_seconds(seen.value * SECOND)} {mark}"


def why(trial: Trial) -> str:
    """Why a trial misses, or shows nothing; empty if it holds."""
    if trial.verdict == "late":
        return f"the generator was late (lag P99 {_time(trial.lag_p99)})"
    missed = [f"{goal_heading(seen.goal)} ({goal_cell(seen)})" for seen in trial.misses]
    if trial.thrown_away:
        missed.append(f"the target discarded {trial.thrown_away:,} reports")
    if not missed and trial.backlog == "grows":
        missed = ["the backlog grows"]
    return ", ".join(missed or (["more in flight than can be answered in time"] if trial.cut else []))


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else format_seconds(seconds * SECOND)


def span_text(expected: Expected) -> str:
    """How much a search may take: `about 14 trials, 4 to 9 minutes`."""
    trials, least, most = expected.likely[0], expected.least[1] / 60, expected.most[1] / 60
    return (
        f"about {trials} {'trial' if trials == 1 else 'trials'}, {max(1, math.floor(least))} to {max(1, math.ceil(most))} minutes"
    )


def said(trial: Trial) -> str:
    """What a trial showed, in a line."""
    reason = why(trial)
    return (
        f"{verdict_text(trial)}{f': {reason}' if reason else ''}; delivered {format_number(trial.delivered_per_second)}/s, "
        f"P50 {_time(trial.p50)}, P99 {_time(trial.p99)}, at most {trial.most_in_flight:,} in flight"
    )
