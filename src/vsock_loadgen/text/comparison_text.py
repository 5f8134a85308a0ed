"""A comparison as terminal text: the runs, how they differ, then a table for every side beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from rich.console import JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from vsock_loadgen.results.comparison import Comparison, Row
from vsock_loadgen.results.conditions import JudgedCondition
from vsock_loadgen.text.comparison_sheet import HEADINGS, SPREAD_MEANING, Sheet, sheet_of
from vsock_loadgen.text.console import grid, indented, rendered
from vsock_loadgen.text.figure_tables import FigureTable, figure_tables

_ROOMY = 100
"""Width in cells with room for every cell's full words."""
_SHORT = {"beyond ": "> ", "within ": "< ", "spread unknown": "?", " points": " pt"}
_SHORT_HEADINGS = (*HEADINGS[:2], "spread")
_SHORT_MEANING = "pt: percentage points; > beyond, < within the spread"


def comparison_text(comparison: Comparison, judged: Sequence[JudgedCondition] = (), *, width: int = 80, color: bool = False) -> str:
    """The comparison for people."""
    sheet = sheet_of(comparison, judged)
    parts: list[RenderableType] = [*_conditions(sheet), *_runs(sheet), f"[bold]{sheet.plan}[/]"]
    parts += [sheet.order] if sheet.order else []
    parts += [Text(warning, style="bold yellow") for warning in sheet.warnings]
    parts += _differences("Differences in what was run", sheet.letters, sheet.setup)
    parts += _differences("Differences of the machines", sheet.letters, sheet.machines)
    parts.append("")
    for number in range(len(comparison.others)):
        for chart in _tables(comparison, sheet, number, width):
            parts += [chart, ""]
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


def _tables(comparison: Comparison, sheet: Sheet, number: int, width: int) -> list[Table]:
    """The figures of one side beside those of the baseline, and those of each group of VMs below its name."""
    rows = comparison.by_part[""]
    ends = [place for place, (row, after) in enumerate(pairwise(rows)) if _kind(row) != _kind(after)]
    tables = [_table("", sheet.figures[number], ends, comparison, sheet, number, width)]
    if groups := sheet.groups[number]:
        lines: list[tuple[str, ...]] = []
        ends = []
        for part, figures in groups.items():
            lines += [(part,), *((f"  {name.removeprefix(f'{part}.')}", *cells) for name, *cells in figures)]
            ends.append(len(lines) - 1)
        tables.append(_table(", by group of VMs", lines, ends, comparison, sheet, number, width))
    return figure_tables(tables, width=width, first_out=("percent", HEADINGS[2], _SHORT_HEADINGS[2], "difference"))


def _table(
    remark: str,
    lines: Sequence[Sequence[str]],
    ends: Sequence[int],
    comparison: Comparison,
    sheet: Sheet,
    number: int,
    width: int,
) -> FigureTable:
    """One side beside the baseline, without the column of spreads if none is known."""
    letter = sheet.letters[number + 1]
    has_spread = any(row.changes[number].spread is not None for row in comparison.rows)
    headings = ("A", letter, *(HEADINGS if width >= _ROOMY else _SHORT_HEADINGS))[: None if has_spread else -1]
    filled = [[*map(partial(_fitting, width=width), line[1:]), *[""] * len(headings)] for line in lines]
    columns = {heading: [line[place] for line in filled] for place, heading in enumerate(headings)}
    return FigureTable(f"{letter} beside A{remark}", "", [line[0] for line in lines], columns, ends=ends)


def _kind(row: Row) -> str:
    """Rows that belong together are of one kind, and follow one another."""
    if row.metric.of_asked:
        return "asked"
    return row.metric.name.partition(".")[0] if row.metric.unit == "seconds" else row.metric.unit


def _fitting(cell: str, width: int) -> str:
    """The cell in fewer words, if there is little room."""
    for words, short in _SHORT.items() if width < _ROOMY else ():
        cell = cell.replace(words, short)
    return cell
