"""The outcome of a search as one HTML page, made as that of a run is."""

from __future__ import annotations

from vsock_loadgen.capacity.goals import limit_of
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.errors import EXIT_DONE, EXIT_THRESHOLD
from vsock_loadgen.text.capacity_sheet import goal_heading, outcome_lines, verdict_text, why
from vsock_loadgen.text.html import Kind, page_of

_CAPACITY = Kind("capacity", "capacity.html", ("capacity.js", "capacity_charts.js"))
_OF_CODES = {EXIT_DONE: "passed", EXIT_THRESHOLD: "failed"}


def capacity_page(capacity: Capacity) -> str:
    """The page of a search."""
    return page_of(_CAPACITY, capacity.to_json(), _meanings(capacity))


def _meanings(capacity: Capacity) -> dict[str, object]:
    """The outcome in the words of the terminal, and what each trial shows and why, which the document does not spell out."""
    return {
        "status": _OF_CODES.get(capacity.code, "invalid"),
        "lines": list(outcome_lines(capacity)),
        "goals": {goal: {"heading": goal_heading(goal), "limit": limit_of(goal)} for goal in _goals(capacity)},
        "trials": [{"shows": verdict_text(trial), "why": why(trial)} for trial in capacity.trials],
    }


def _goals(capacity: Capacity) -> dict[str, None]:
    """The goals asked for, and those that the trials were judged by."""
    return dict.fromkeys((*capacity.goals, *(seen.goal for trial in capacity.trials for seen in trial.goals)))
