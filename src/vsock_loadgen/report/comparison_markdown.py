"""A comparison in Markdown, to be pasted into a ticket or a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vsock_loadgen.measures.comparison import Comparison, Difference
from vsock_loadgen.measures.conditions import JudgedCondition
from vsock_loadgen.printable import printable
from vsock_loadgen.report.comparison_cells import (
    HEADINGS,
    SPREAD_MEANING,
    change_cells,
    difference_cells,
    figure,
    letter,
    plan_line,
    run_line,
)


def comparison_markdown(comparison: Comparison, judged: Sequence[JudgedCondition] = ()) -> str:
    """The comparison as a document of its own."""
    sides = [letter(number) for number in range(len(comparison.sides))]
    parts = ["## Comparison"]
    if judged:
        verdict = "failed" if any(condition.failed for condition in judged) else "passed"
        parts += [f"**{verdict}**", "\n".join(f"- {_escaped(str(condition))}" for condition in judged)]
    runs = [(letter(number), run.name, run_line(run)) for number, side in enumerate(comparison.sides) for run in side.runs]
    parts += [_table(("side", "run", "verdict"), runs)]
    for run in comparison.runs:
        if run.result.verdict.status == "invalid":
            reasons = "; ".join(run.result.verdict.reasons)
            parts.append(_escaped(f"{run.name} proves nothing about its target: {reasons}"))
    parts.append(plan_line(comparison))
    for title, differences in (("setup", comparison.differences), ("machine", comparison.machines)):
        if differences:
            parts.append(_table((title, *sides), _difference_rows(comparison, differences)))
    for number, name in enumerate(sides[1:]):
        parts.append(_table(("figure", "A", name, *HEADINGS), _figure_rows(comparison, number)))
    parts.append(f"{SPREAD_MEANING.capitalize()}.")
    return "\n\n".join(parts) + "\n"


def _difference_rows(comparison: Comparison, differences: Sequence[Difference]) -> Iterable[tuple[str, ...]]:
    return ((difference.key, *difference_cells(comparison, difference)) for difference in differences)


def _figure_rows(comparison: Comparison, number: int) -> Iterable[tuple[str, ...]]:
    for row in comparison.rows:
        change = row.changes[number]
        before, after = (figure(row.metric, value) for value in (change.before.middle, change.after.middle))
        yield (row.metric.name, before, after, *change_cells(row, change))


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *(tuple(map(_escaped, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """The text with nothing in it that Markdown would take for markup, on one line."""
    return re.sub(r"([\\`*\[\]<>|#~&$]|(?<!\w)_|_(?!\w))", r"\\\1", printable(" ".join(text.split())))
