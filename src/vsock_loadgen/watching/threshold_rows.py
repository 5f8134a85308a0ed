"""Thresholds in the live view: met or missed, what was found so far, and how far that is from the limit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.watching.drawing import BAD, BOLD, DIM, GOOD, Figures, Glyphs, Line, fitted, padded

_SIGN_CELLS = 3
_MOST_NAME_CELLS = 60
_MOST_SPACE = 5
_TITLE = " Thresholds"


def threshold_rows(thresholds: Sequence[JudgedThreshold], columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """A line each, below a heading if there is room for one. If there is not room for all, missed ones come first, and a line says
    how many are left out."""
    if not thresholds or rows < 1:
        return []
    has_heading = rows > len(thresholds)
    shown, hidden = list(thresholds), 0
    if rows < len(thresholds):
        kept = max(1, rows - 1)
        shown = sorted(thresholds, key=_urgency)[:kept]
        hidden = len(thresholds) - kept if rows > 1 else 0
    figures = Figures(
        {
            "so far": [Segment("-" if each.passed is None else each.shown_value, _style(each)) for each in shown],
            "margin": [Segment(each.shown_margin, _style(each)) for each in shown],
        }
    )
    longest = max(_SIGN_CELLS + cell_len(each.expression) for each in shown)
    least = figures.widths["so far"]
    name_cells = max(len(_TITLE), min(_MOST_NAME_CELLS, longest, columns - least))
    heads, *lines = figures.lines(columns - name_cells, ("margin",), _MOST_SPACE)
    drawn = [
        [Segment(fitted(f" {_sign(each, glyphs)} {each.expression}", name_cells, glyphs), _style(each)), *line]
        for each, line in zip(shown, lines, strict=True)
    ]
    if has_heading:
        drawn.insert(0, [Segment(padded(_TITLE, name_cells), BOLD), *heads])
    return [*drawn, [Segment(f"   {glyphs.ellipsis} {hidden} more", DIM)]] if hidden else drawn


def _urgency(threshold: JudgedThreshold) -> int:
    return (False, None, True).index(threshold.passed)


def _sign(threshold: JudgedThreshold, glyphs: Glyphs) -> str:
    return {True: glyphs.met, False: glyphs.missed, None: glyphs.unjudged}[threshold.passed]


def _style(threshold: JudgedThreshold) -> Style:
    return {True: GOOD, False: BAD, None: DIM}[threshold.passed]
