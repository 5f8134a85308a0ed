"""Tables and bars as terminal text of a given width."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from vsock_loadgen.printable import printable_lines

BAR = "\N{FULL BLOCK}"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_UPRIGHT_EIGHTHS = " ▁▂▃▄▅▆▇█"
_SHADE = "\N{LIGHT SHADE}"
_INDENT = 2
_NARROWEST_TEXT = 5
_GAP = 3
_MOST_BAR_CELLS, _FEWEST_BAR_CELLS = 30, 5
_BESIDE_A_BAR = 52
"""Cells that the widest row of figures takes up beside its bar."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of a run: its log, and its outcome at the end. `width` and `color` are those of the terminal; `live` is the log's
    if it may be drawn on, and `keys` the one whose keys the live view reads."""

    log: TextIO
    outcome: TextIO
    width: int = 80
    color: bool = False
    live: bool = False
    keys: TextIO | None = None


def rendered(parts: list[RenderableType], *, width: int, color: bool) -> str:
    """The parts one under the other, as text for a terminal of this width.

    Texts may be foreign (a target's error, another's result): what would steer the terminal becomes question marks.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=True,
        emoji=False,  # `:100:` in a message is an address, not a picture
        legacy_windows=False,
    )
    with console.capture() as capture:
        for part in parts:
            console.print(_Harmless(part))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Harmless:
    """A part as it is, without control characters; rich adds its codes for colours later."""

    part: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.part, options):
            yield Segment(printable_lines(segment.text), segment.style, segment.control)


class _WholeColumns(Table):
    """A table whose figures are never broken: if there is no room for all its columns, the last ones are left out."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        while len(self.columns) > 1 and self._least(console) > options.max_width:
            self.columns.pop()
        yield from super().__rich_console__(console, options)

    def _least(self, console: Console) -> int:
        """Cells that the figures take up; text may be broken down to a word's beginning."""
        widths = []
        for column in self.columns:
            cells = [console.render_str(cell) if isinstance(cell, str) else cell for cell in (column.header, *column.cells)]
            widest = max(line.cell_len for cell in cells if isinstance(cell, Text) for line in cell.split(allow_blank=True))
            widths.append(widest if column.justify == "right" else min(widest, _NARROWEST_TEXT))
            column.no_wrap = column.justify == "right"
        return sum(widths) + _GAP * (len(widths) - 1)


def table(title: str, *headings: str) -> Table:
    """An empty table whose first column is text and whose others are figures."""
    made = _WholeColumns(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False
    )
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    return made


def grid(*justify: JustifyMethod) -> Table:
    """Columns without lines or headings, in which nothing is cut off; columns without room are left out as in a table."""
    made = _WholeColumns.grid(padding=(0, 2))
    for side in justify:
        made.add_column(justify=side, overflow="fold", no_wrap=side == "right")
    return made


def indented(part: RenderableType) -> Padding:
    """A part set off from the left edge."""
    return Padding(part, (0, 0, 0, _INDENT))


def flowed(cells: Iterable[str], *, width: int) -> Padding:
    """Cells side by side, as many in a line as there is room for; none is broken."""
    lines: list[str] = []
    for cell in cells:
        joined = f"{lines[-1]}{' ' * _GAP}{cell}" if lines else cell
        if lines and len(joined) <= width - _INDENT:
            lines[-1] = joined
        else:
            lines.append(cell)
    return indented(Text("\n".join(lines)))


def bar_cells(width: int) -> int:
    """How long the bars of a chart may be on a terminal of this width."""
    return max(_FEWEST_BAR_CELLS, min(_MOST_BAR_CELLS, width - _BESIDE_A_BAR))


def columns(values: Sequence[float], tops: Sequence[float], highest: float, height: int) -> list[str]:
    """A chart of upright bars, one cell wide, from its top line down: each as high as its value, in eighths of a cell, and shaded
    up to its top."""
    lines = []
    for line in range(height - 1, -1, -1):
        cells = ""
        for value, top in zip(values, tops, strict=True):
            eighths = min(8, max(0, round((value / highest * height - line) * 8)))
            shaded = top / highest * height - line >= 0.5
            cells += _SHADE if shaded and not eighths else _UPRIGHT_EIGHTHS[eighths]
        lines.append(cells)
    return lines


def bar(share: float, width: int) -> str:
    """A horizontal bar, `share` (0..1) of `width` cells long, in eighths of a cell; a value above 0 always shows."""
    eighths = min(width * 8, round(share * width * 8))
    if share > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return BAR * full + (_EIGHTHS[rest] if rest else "")
