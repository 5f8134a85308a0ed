"""A comparison as terminal text: what was run, in what it differs, then a table for every side beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.console import JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vsock_loadgen.results.comparison import Comparison, Row
from vsock_loadgen.results.conditions import JudgedCondition
from vsock_loadgen.text.comparison_sheet import HEADINGS, NOT_DELIVERED, SPREAD_MEANING, Sheet, sheet_of
from vsock_loadgen.text.console import grid, indented, rendered, table

_WIDEST_USUAL_NAME = len("reports_per_second")
_WIDEST_OF_A_GROUP = len("  response_time.p99")
_WIDE_ENOUGH = 80
"""Cells at which names need not be broken for the figures beside them."""
_ROOMY = 100
"""Cells at which there is room for every cell's own words."""
_SHORT = {NOT_DELIVERED: "never", "beyond ": "> ", "within ": "< ", "spread unknown": "?", " points": " pt"}
_SHORT_HEADINGS = (*HEADINGS[:2], "spread")
_SHORT_MEANING = "never: not delivered; pt: percentage points; > beyond, < within a side's own spread"


def comparison_text(comparison: Comparison, judged: Sequence[JudgedCondition] = (), *, width: int = 80, color: bool = False) -> str:
    """The comparison for people."""
    sheet = sheet_of(comparison, judged)
    parts: list[RenderableType] = [*_conditions(sheet), *_runs(sheet), f"[bold]{sheet.plan}[/]"]
    parts += _differences("Differences in what was run", sheet.letters, sheet.setup)
    parts += _differences("Differences of the machines", sheet.letters, sheet.machines)
    parts.append("")
    for number in range(len(comparison.others)):
        parts += [_figures(comparison, sheet, number, width), ""]
        if sheet.groups[number]:
            parts += [_groups(comparison, sheet, number, width), ""]
    if width < _ROOMY:
        parts += [indented(_SHORT_MEANING)]
    if any(len(side.runs) > 1 for side in comparison.sides):
        parts += [indented(SPREAD_MEANING)]
    else:
        parts += [indented("spread unknown: each side has one run; give several of a side to tell a difference from chance")]
    return rendered(parts, width=width, color=color)


def _conditions(sheet: Sheet) -> list[RenderableType]:
    if not sheet.verdict:
        return []
    style = "bold green" if sheet.verdict == "passed" else "bold red"
    return [f"[{style}]Comparison: {sheet.verdict}[/]", *(indented(Text(condition)) for condition in sheet.conditions), ""]


def _runs(sheet: Sheet) -> list[RenderableType]:
    chart = grid("left", "left", "left")
    for letter, name, worth in sheet.runs:
        chart.add_row(letter, Text(name), worth)
    parts: list[RenderableType] = ["[bold]Runs[/], A is the baseline", indented(chart)]
    for name, reasons in sheet.invalid:
        parts.append(Text(f"{name} proves nothing about its target:"))
        parts += [indented(Text(reason)) for reason in reasons]
    return [*parts, ""]


def _differences(title: str, letters: Sequence[str], differing: Sequence[Sequence[str]]) -> list[RenderableType]:
    if not differing:
        return []
    columns: list[JustifyMethod] = ["left"] * len(letters)
    chart = grid("left", *columns)
    chart.add_row("", *letters)
    for cells in differing:
        chart.add_row(*map(Text, cells))
    return [title, indented(chart)]


def _figures(comparison: Comparison, sheet: Sheet, number: int, width: int) -> Padding:
    """The figures of one side beside those of the baseline."""
    rows = comparison.by_part[""]
    chart = _table("", _WIDEST_USUAL_NAME, comparison, sheet, number, width)
    ends = [_kind(row) != _kind(after) for row, after in pairwise(rows)] + [False]
    for cells, is_last in zip(sheet.figures[number], ends, strict=True):
        chart.add_row(*_fitting(cells, chart, width), end_section=is_last)
    return Padding(chart)


def _groups(comparison: Comparison, sheet: Sheet, number: int, width: int) -> Padding:
    """The same of each group of VMs: its name, and its figures below it."""
    chart = _table(", by group of VMs", _WIDEST_OF_A_GROUP, comparison, sheet, number, width)
    for part, rows in sheet.groups[number].items():
        chart.add_row(Text(part))
        for name, *cells in rows:
            chart.add_row(
                *_fitting((f"  {name.removeprefix(f'{part}.')}", *cells), chart, width), end_section=(name == rows[-1][0])
            )
    return Padding(chart)


def _table(remark: str, widest: int, comparison: Comparison, sheet: Sheet, number: int, width: int) -> Table:
    """An empty table of one side beside the baseline; without the column of spreads where none is known. Names of at most `widest`
    cells are whole, where there is room."""
    letter = sheet.letters[number + 1]
    columns = len(HEADINGS) - (not any(row.changes[number].spread is not None for row in comparison.rows))
    headings = (HEADINGS if width >= _ROOMY else _SHORT_HEADINGS)[:columns]
    made = table(f"{letter} beside A{remark}", "", "A", letter, *headings)
    if width >= _WIDE_ENOUGH:
        made.columns[0].min_width = widest
    return made


def _fitting(cells: Sequence[str], chart: Table, width: int) -> Sequence[str]:
    """As many cells as the chart has columns, shortened where there is little room."""
    shown = cells if width >= _ROOMY else [cells[0], *map(_shortened, cells[1:])]
    return shown[: len(chart.columns)]


def _kind(row: Row) -> str:
    """Rows that belong together are of one kind, and follow one another."""
    return row.metric.name.partition(".")[0] if row.metric.unit == "seconds" else row.metric.unit


def _shortened(cell: str) -> str:
    """The cell in fewer words, where there is little room."""
    for words, short in _SHORT.items():
        cell = cell.replace(words, short)
    return cell
