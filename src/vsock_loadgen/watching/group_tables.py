"""The tables of groups of VMs in the live view, beside or below one another as the window has room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from rich.cells import cell_len
from rich.segment import Segment

from vsock_loadgen.watching.drawing import BAD, BOLD, GOOD, PLAIN, Figures, Glyphs, Line, count_text, fitted, padded, time_segment
from vsock_loadgen.watching.groups import GroupRows

_TITLES = {"packages": " By packages", "report_interval": " By interval", "profile": " By profile"}
_MOST_NAME_CELLS, _COUNT_CELLS, _MOST_SPACE = 24, 12, 3
_GAP = 3
_TOO_MANY = 1_000
"""Columns left out of a table that has lost one of those that a reader must have."""
_FIRST_OUT = ("resp P50", "VMs", "delivered")


def group_tables(groups: Sequence[GroupRows], columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """The tables in so many columns of cells, in at most `rows` lines if they can be: of the ways to place them, the one that cuts
    off the fewest lines, then the one that leaves out the fewest figures."""
    if not groups:
        return []
    has_failed = any(row.counts.failed for table in groups for row in table.rows)
    layouts = [
        _side_by_side(stacks, columns, glyphs, has_failed=has_failed)
        for beside in range(1, len(groups) + 1)
        for stacks in _stacked(groups, beside)
    ]
    narrow = [layout for layout in layouts if max(map(_length, layout[1])) <= columns and layout[0] < _TOO_MANY] or layouts[:1]
    return min(narrow, key=lambda layout: (max(0, len(layout[1]) - rows), layout[0]))[1]


def _stacked(groups: Sequence[GroupRows], beside: int) -> list[list[Sequence[GroupRows]]]:
    """Every way to put the tables, in order, into so many stacks."""
    if beside == 1:
        return [[groups]]
    cuts = range(1, len(groups) - beside + 2)
    return [[groups[:cut], *rest] for cut in cuts for rest in _stacked(groups[cut:], beside - 1)]


def _side_by_side(
    stacks: Sequence[Sequence[GroupRows]], columns: int, glyphs: Glyphs, *, has_failed: bool
) -> tuple[int, list[Line]]:
    """How many columns of figures are left out, and the lines."""
    cells = (columns - _GAP * (len(stacks) - 1)) // len(stacks)
    left_out, drawn = 0, []
    for stack in stacks:
        lines: list[Line] = []
        for table in stack:
            figures = _figures(table, has_failed=has_failed)
            made = _table(table, figures, cells, glyphs)
            missing = len(figures.columns) - len(made[0]) + 1
            left_out += missing if missing <= len(_FIRST_OUT) else _TOO_MANY
            lines += [[], *made] if lines else made
        drawn.append(lines)
    widest = [max(map(_length, lines)) for lines in drawn[:-1]]
    joined = []
    for parts in zip_longest(*drawn, fillvalue=[]):
        spaces = [_spaces(part, width + _GAP) for part, width in zip(parts, widest, strict=False)]
        joined.append(list(chain.from_iterable(chain.from_iterable(zip_longest(parts, spaces, fillvalue=[])))))
    return left_out, joined


def _figures(table: GroupRows, *, has_failed: bool) -> Figures:
    def counts(values: Sequence[int], style: str) -> list[Segment]:
        styles = {"failed": BAD, "delivered": GOOD}
        return [Segment(count_text(value, _COUNT_CELLS), styles.get(style, PLAIN) if value else PLAIN) for value in values]

    columns = {
        "VMs": counts([row.vms for row in table.rows], ""),
        "delivered": counts([row.counts.delivered for row in table.rows], "delivered"),
    }
    if has_failed:
        columns["failed"] = counts([row.counts.failed for row in table.rows], "failed")
    for place, heading in enumerate(("resp P50", "resp P99")):
        columns[heading] = [time_segment(row.response[place], row.undelivered) for row in table.rows]
    return Figures(columns)


def _table(table: GroupRows, figures: Figures, cells: int, glyphs: Glyphs) -> list[Line]:
    title = _TITLES[table.dimension]
    least = sum(width for heading, width in figures.widths.items() if heading not in _FIRST_OUT)
    longest = max(3 + cell_len(row.name) for row in table.rows)
    name_cells = max(cell_len(title), min(_MOST_NAME_CELLS, longest, cells - least))
    heads, *rows = figures.lines(cells - name_cells, _FIRST_OUT, _MOST_SPACE)
    lines = [[Segment(padded(title, name_cells), BOLD), *heads]]
    for row, shown in zip(table.rows, rows, strict=True):
        lines.append([Segment(fitted(f"   {row.name}", name_cells, glyphs)), *shown])
    return lines


def _length(line: Line) -> int:
    return Segment.get_line_length(line)


def _spaces(line: Line, cells: int) -> Line:
    return [Segment(" " * (cells - _length(line)))]
