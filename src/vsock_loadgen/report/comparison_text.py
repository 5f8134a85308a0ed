"""A comparison as terminal text: what was run, in what it differs, then a table for every side beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.console import JustifyMethod, RenderableType
from rich.padding import Padding
from rich.text import Text

from vsock_loadgen.measures.comparison import Comparison, Difference, Row
from vsock_loadgen.measures.conditions import JudgedCondition
from vsock_loadgen.report.comparison_cells import (
    HEADINGS,
    NOT_DELIVERED,
    SPREAD_MEANING,
    change_cells,
    difference_cells,
    figure,
    group,
    letter,
    plan_line,
    run_line,
)
from vsock_loadgen.report.console import grid, indented, rendered, table

_WIDEST_USUAL_NAME = len("reports_per_second")
_WIDE_ENOUGH = 80
"""Cells at which names need not be broken for the figures beside them."""
_ROOMY = 100
"""Cells at which there is room for every cell's own words."""
_SHORT = {NOT_DELIVERED: "never", "beyond ": "> ", "within ": "< ", "spread unknown": "?", " points": " pt"}
_SHORT_HEADINGS = (*HEADINGS[:2], "spread")
_SHORT_MEANING = "never: not delivered; pt: percentage points; > beyond, < within a side's own spread"


def comparison_text(comparison: Comparison, judged: Sequence[JudgedCondition] = (), *, width: int = 80, color: bool = False) -> str:
    """The comparison for people."""
    parts: list[RenderableType] = [*_conditions(judged), *_runs(comparison), f"[bold]{plan_line(comparison)}[/]"]
    parts += _differences("Differences in what was run", comparison, comparison.differences)
    parts += _differences("Differences of the machines", comparison, comparison.machines)
    parts.append("")
    for number in range(len(comparison.others)):
        parts += [_figures(comparison, number, width), ""]
    if width < _ROOMY:
        parts += [indented(_SHORT_MEANING)]
    if any(len(side.runs) > 1 for side in comparison.sides):
        parts += [indented(SPREAD_MEANING)]
    else:
        parts += [indented("spread unknown: each side has one run; give several of a side to tell a difference from chance")]
    return rendered(parts, width=width, color=color)


def _conditions(judged: Sequence[JudgedCondition]) -> list[RenderableType]:
    if not judged:
        return []
    failed = [condition for condition in judged if condition.failed]
    verdict = "[bold red]Comparison: failed[/]" if failed else "[bold green]Comparison: passed[/]"
    return [verdict, *(indented(Text(str(condition))) for condition in judged), ""]


def _runs(comparison: Comparison) -> list[RenderableType]:
    chart = grid("left", "left", "left")
    for number, side in enumerate(comparison.sides):
        for run in side.runs:
            chart.add_row(letter(number), Text(run.name), run_line(run))
    parts: list[RenderableType] = ["[bold]Runs[/], A is the baseline", indented(chart)]
    for run in comparison.runs:
        if run.result.verdict.status == "invalid":
            parts.append(Text(f"{run.name} proves nothing about its target:"))
            parts += [indented(Text(reason)) for reason in run.result.verdict.reasons]
    return [*parts, ""]


def _differences(title: str, comparison: Comparison, differences: Sequence[Difference]) -> list[RenderableType]:
    if not differences:
        return []
    columns: list[JustifyMethod] = ["left"] * len(comparison.sides)
    chart = grid("left", *columns)
    chart.add_row("", *(letter(number) for number in range(len(comparison.sides))))
    for difference in differences:
        chart.add_row(Text(difference.key), *map(Text, difference_cells(comparison, difference)))
    return [title, indented(chart)]


def _figures(comparison: Comparison, number: int, width: int) -> Padding:
    """The figures of one side beside those of the baseline; without the column of spreads where none is known."""
    rows = comparison.rows
    columns = len(HEADINGS) if any(row.changes[number].spread is not None for row in rows) else len(HEADINGS) - 1
    chart = table(
        f"{letter(number + 1)} beside A",
        "",
        "A",
        letter(number + 1),
        *(HEADINGS if width >= _ROOMY else _SHORT_HEADINGS)[:columns],
    )
    if width >= _WIDE_ENOUGH:
        chart.columns[0].min_width = _WIDEST_USUAL_NAME
    ends = [group(row) != group(after) for row, after in pairwise(rows)] + [False]
    for row, is_last in zip(rows, ends, strict=True):
        chart.add_row(row.metric.name, *_cells(row, number, width=width)[: 2 + columns], end_section=is_last)
    return Padding(chart)


def _cells(row: Row, number: int, *, width: int) -> list[str]:
    """Both figures, their difference twice, and the spread; in fewer words where there is little room."""
    change = row.changes[number]
    figures = [figure(row.metric, value) for value in (change.before.middle, change.after.middle)]
    cells = [*figures, *change_cells(row, change)]
    if width < _ROOMY:
        for words, short in _SHORT.items():
            cells = [cell.replace(words, short) for cell in cells]
    return cells
