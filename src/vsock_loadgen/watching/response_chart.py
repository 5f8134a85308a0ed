"""The response times of a run as a histogram: upright bars over a logarithmic scale, so that two populations are two hills."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate, pairwise

from rich.segment import Segment

from vsock_loadgen.measures.histogram import Histogram, bucket_bounds, bucket_of
from vsock_loadgen.units import HOUR, MICROSECOND, MINUTE, SECOND, format_number
from vsock_loadgen.watching.drawing import ACCENT, BAD, BOLD, DIM, Glyphs, Line, time_text
from vsock_loadgen.watching.scene import Looked

LEAST_ROWS, MOST_ROWS = 6, 16
_AROUND_BARS = 2
"""The heading and the scale."""
_LEFT = 10
_BAR = 2
"""Cells of a bar."""
_MOST_BARS = 50
_NOT_DELIVERED = "not delivered"
_TICKS = (
    *(step * MICROSECOND * 10**decade for decade in range(7) for step in (1, 2, 5)),
    *(10 * SECOND, 20 * SECOND, *(step * MINUTE for step in (1, 2, 5, 10, 20)), *(step * HOUR for step in (1, 2, 5, 10, 24))),
)
_LEAST_RATIO = 10.0
"""The scale spans at least a decade: similar times are a narrow hill, not a wide one."""


def response_chart(looked: Looked, columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """The chart in exactly `rows` lines and at most `columns` cells; nothing if nothing was delivered, or there is no room."""
    reports = looked.response.count + looked.undelivered
    beside = len(_NOT_DELIVERED) + 3 if looked.undelivered else 0
    bars = min(_MOST_BARS, (columns - _LEFT - beside) // _BAR)
    if not looked.response.count or rows < LEAST_ROWS or bars < 2 * _LEFT:
        return []
    height = min(rows, MOST_ROWS) - _AROUND_BARS
    low, ratio = _scale(looked.response)
    counts = _counts(looked.response, low, ratio, bars)
    top = max(*counts, looked.undelivered)
    lines = []
    for line in range(height - 1, -1, -1):
        label = f"{format_number(100 * top / reports)} %" if line == height - 1 else ""
        cells = "".join(_cell(count / top * height - line, glyphs) * _BAR for count in counts)
        drawn = [Segment(label.rjust(_LEFT - 1) + " ", DIM), Segment(cells, ACCENT)]
        if looked.undelivered:
            drawn.append(Segment("  " + _cell(looked.undelivered / top * height - line, glyphs) * len(_NOT_DELIVERED), BAD))
        lines.append(drawn)
    span = "last 10 s" if looked.is_recent else "whole run"
    head = [Segment(" Response times", BOLD), Segment(f"  share of {reports:,} reports, {span}", DIM)]
    scale = [Segment(" " * _LEFT), Segment(_labels(low, ratio, bars), DIM)]
    return [head, *lines, [*scale, Segment(f"  {_NOT_DELIVERED}", BAD)] if looked.undelivered else scale]


def _scale(times: Histogram) -> tuple[float, float]:
    """Where the scale begins, in nanoseconds, and how much it spans, as a ratio."""
    low, high = max(1, bucket_bounds(times.in_order()[0][0])[0]), max(1, times.largest)
    widen = max(1.0, math.sqrt(_LEAST_RATIO * low / high))
    return low / widen, max(_LEAST_RATIO, high / low) * 1.001


def _counts(times: Histogram, low: float, ratio: float, bars: int) -> list[int]:
    """How many of the times each bar stands for; one that lies across an end belongs to the bar that begins there."""
    buckets, counts = times.in_order()
    reached = list(accumulate(counts, initial=0))
    ends = [bucket_of(round(low * ratio ** (number / bars))) for number in range(1, bars)]
    places = [0, *(bisect_left(buckets, end) for end in ends), len(buckets)]
    return [reached[until] - reached[since] for since, until in pairwise(places)]


def _cell(filled: float, glyphs: Glyphs) -> str:
    """A cell of a bar, filled by a share (1 or more: fully); a value above 0 always shows in the lowest cell."""
    steps = len(glyphs.levels) - 1
    return glyphs.levels[min(steps, max(0, math.ceil(filled * steps)))]


def _labels(low: float, ratio: float, bars: int) -> str:
    """Round times below their bars, as many as do not touch."""
    line = ""
    for tick in _TICKS:
        at = math.log(tick / low) / math.log(ratio) * bars * _BAR if tick >= low else -1.0
        text = time_text(tick)
        if 0 <= at <= bars * _BAR - len(text) and (not line or at >= len(line) + 2):
            line = line.ljust(int(at)) + text
    return line.ljust(bars * _BAR)
