"""What pictures are made of: styles, characters, and text of a width in cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from vsock_loadgen.columns import columns_that_fit
from vsock_loadgen.units import MINUTE, format_age, format_seconds

Line = list[Segment]

PLAIN, BOLD, DIM = Style(), Style(bold=True), Style(dim=True)
GOOD, CAUTION, BAD, ACCENT = (Style(color=name) for name in ("green", "yellow", "red", "cyan"))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that charts are drawn with; `levels` ascend from nothing to full, and thresholds are `met`, `missed` or
    `unjudged`."""

    levels: str
    filled: str
    empty: str
    ellipsis: str
    met: str
    missed: str
    unjudged: str


UNICODE = Glyphs(" ▁▂▃▄▅▆▇█", "━", "─", "…", "✓", "✗", "·")
ASCII = Glyphs(" .:-=+*%#", "=", "-", "...", "+", "x", ".")
LABEL_CELLS = 10
"""Cells of the names in front of figures and charts."""
MOST_SPACE = 5
"""Cells that may be left free between columns of figures, beside the one that must be."""


def padded(text: str, cells: int) -> str:
    """The text in exactly `cells` cells."""
    return set_cell_size(text, max(cells, 0))


def fitted(text: str, cells: int, glyphs: Glyphs) -> str:
    """The text in exactly `cells` cells; an ellipsis shows where it was cut."""
    if cell_len(text) <= cells:
        return padded(text, cells)
    return padded(text, cells - len(glyphs.ellipsis)) + glyphs.ellipsis


def count_text(count: int, cells: int) -> str:
    """A count in full if it fits with a space before it, else in millions."""
    text = f"{count:,}"
    return text if len(text) < cells else f"{count / 1e6:,.1f}M"


def time_segment(value_ns: int | None, undelivered: int) -> Segment:
    """A time; if there is none, whether it falls among reports that were not delivered: they count as longer than any."""
    if value_ns is None:
        return Segment("not delivered", BAD) if undelivered else Segment("-", DIM)
    return Segment(time_text(value_ns))


def time_text(value_ns: int) -> str:
    """A time to three figures, or in words for minutes or hours, as for a fleet that is asked."""
    return format_seconds(value_ns) if value_ns < MINUTE else format_age(value_ns)


@dataclass(frozen=True, slots=True)
class Figures:
    """Columns of figures by their headings, each with a row for every name."""

    columns: Mapping[str, Sequence[Segment]]

    @property
    def widths(self) -> dict[str, int]:
        """Cells that each column needs with a space before it."""
        return {
            heading: 1 + max(cell_len(heading), *(segment.cell_length for segment in column))
            for heading, column in self.columns.items()
        }

    def lines(self, room: int, first_out: Sequence[str], most_space: int) -> list[Line]:
        """The headings, then the rows, in at most `room` cells, with up to `most_space` more between columns. What does not fit is
        left out by columns, those of `first_out` first."""
        widths = self.widths
        shown = columns_that_fit(widths, room, first_out)
        if not shown:
            return [[] for _ in range(1 + max(map(len, self.columns.values()), default=0))]
        space = max(0, min(most_space, (room - sum(widths[heading] for heading in shown)) // max(1, len(shown))))
        cells = [widths[heading] + space for heading in shown]
        heads = [Segment(heading.rjust(each), DIM) for heading, each in zip(shown, cells, strict=True)]
        rows = zip(*(self.columns[heading] for heading in shown), strict=True)
        return [
            heads,
            *([Segment(segment.text.rjust(each), segment.style) for segment, each in zip(row, cells, strict=True)] for row in rows),
        ]
