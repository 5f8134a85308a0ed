"""Tables of named rows of figures at any width: a figure is never broken, and a column that does not fit is left out whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from vsock_loadgen.columns import columns_that_fit
from vsock_loadgen.text.console import bar
from vsock_loadgen.units import format_seconds

if TYPE_CHECKING:
    from vsock_loadgen.results.measured import TimeSummary

AT_LEAST = "\N{GREATER-THAN OR EQUAL TO}"
_GAP = 2
_MOST_NAME_CELLS = 24
_FEWEST_BAR_CELLS, _MOST_BAR_CELLS = 5, 60


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A title, the heading of the names, the names, and the figures of every column in step with them. `bars` are shares, 0..1;
    `ends` are the rows that are followed by an empty line."""

    title: str
    heading: str
    names: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    bars: Sequence[float] = ()
    ends: Sequence[int] = ()


def figure_tables(tables: Sequence[FigureTable], *, width: int, first_out: Sequence[str] = ()) -> list[Table]:
    """The tables, for a width in cells: all with the same columns at the same places. Columns of `first_out` go first."""
    names = max(cell_len(text) for each in tables for text in (each.heading, *each.names))
    room = width - min(names, _MOST_NAME_CELLS)
    widths: dict[str, int] = {}
    for each in tables:
        for heading, cells in each.columns.items():
            widths[heading] = max(widths.get(heading, 0), *map(cell_len, (heading, *cells)))
    shown = columns_that_fit({heading: cells + _GAP for heading, cells in widths.items()}, room, first_out)
    room = width - sum(widths[heading] + _GAP for heading in shown)
    name_cells = max(1, min(names, room))
    bar_cells = min(_MOST_BAR_CELLS, room - name_cells - _GAP)
    return [_drawn(each, name_cells, {heading: widths[heading] for heading in shown}, bar_cells) for each in tables]


def _drawn(table: FigureTable, name_cells: int, widths: Mapping[str, int], bar_cells: int) -> Table:
    chart = Table(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    chart.padding = (0, _GAP - 1, 0, 0)  # one more cell divides the columns
    chart.add_column(Text(table.heading), overflow="fold", width=name_cells)
    for heading, cells in widths.items():
        chart.add_column(heading, justify="right", no_wrap=True, width=cells)
    has_bars = bool(table.bars) and bar_cells >= _FEWEST_BAR_CELLS
    if has_bars:
        chart.add_column("", no_wrap=True)
    for number, name in enumerate(table.names):
        figures = [table.columns[heading][number] for heading in widths]
        bars = [bar(table.bars[number], bar_cells)] if has_bars else []
        chart.add_row(Text(name), *figures, *bars, end_section=number in table.ends)
    return chart


def time_text(summary: TimeSummary, value: float | None, *, at_least: bool = False) -> str:
    """One of a summary's times: `-` if there is none, or in words that it falls among reports that were not delivered; marked if it
    is `at_least` that long."""
    if value is None:
        return "not delivered" if summary.count else "-"
    return f"{AT_LEAST if at_least else ''}{format_seconds(value)}"
