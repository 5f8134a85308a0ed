"""What `compare` does with the outcomes of searches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from vsock_loadgen.capacity.comparison import (
    EXAMPLE,
    NO_ANSWER,
    Comparison,
    HoldsCondition,
    JudgedHolds,
    Side,
    comparison_document,
)
from vsock_loadgen.capacity.comparison import compare as compare_sides
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.cli.outputs import put_out
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.errors import EXIT_DONE, EXIT_THRESHOLD, ConfigError, Problem
from vsock_loadgen.results.conditions import Condition
from vsock_loadgen.results.result import Result
from vsock_loadgen.text.capacity_comparison import comparison_markdown, comparison_text

AnyCondition = Condition | HoldsCondition


def compare_searches(
    outcomes: Sequence[tuple[str, Result | Capacity]], conditions: Sequence[AnyCondition], output: str, to: Path | None
) -> int:
    """Compare every search with the first one; returns the exit code. Raises ConfigError if results of runs are among them."""
    sides = [Side(name, outcome) for name, outcome in outcomes if isinstance(outcome, Capacity)]
    runs = [name for name, outcome in outcomes if isinstance(outcome, Result)]
    if runs:
        expected = f"expected the outcome of a search, as in {sides[0].name}: searches compare with searches, runs with runs"
        raise ConfigError([Problem(name, "", f"found the result of a run, {expected}") for name in runs])
    comparison = compare_sides(sides)
    judged = [judged for condition in _of_searches(conditions) for judged in condition.judge(comparison)]
    terminal = streams()
    put_out(_shown(comparison, judged, output, terminal.width, color=terminal.color), to, color=terminal.color)
    return _exit_code(comparison, judged)


def _of_searches(conditions: Sequence[AnyCondition]) -> list[HoldsCondition]:
    """The conditions; all have to be about what holds."""
    for condition in conditions:
        if isinstance(condition, Condition):
            raise click.UsageError(f"--fail-if {condition.expression!r}: searches are judged by holds alone, as in {EXAMPLE!r}")
    return [condition for condition in conditions if isinstance(condition, HoldsCondition)]


def _shown(comparison: Comparison, judged: Sequence[JudgedHolds], output: str, width: int, *, color: bool) -> str:
    if output == "json":
        return json.dumps(comparison_document(comparison, judged), indent=1) + "\n"
    if output == "markdown":
        return comparison_markdown(comparison, judged)
    return comparison_text(comparison, judged, width=width, color=color)


def _exit_code(comparison: Comparison, judged: Sequence[JudgedHolds]) -> int:
    """If a condition was asked, a search whose bounds are not the target's is not an answer, like an invalid run."""
    if not judged:
        return EXIT_DONE
    no_answer = [side.capacity.code for side in comparison.sides if side.capacity.code in NO_ANSWER]
    return min(no_answer, default=EXIT_THRESHOLD if any(condition.failed for condition in judged) else EXIT_DONE)
