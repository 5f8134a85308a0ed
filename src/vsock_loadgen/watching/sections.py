"""The parts of the live view that every run has: accounts, rates, times, failures and the log, each as lines of a width in
cells."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from vsock_loadgen.log import Entry
from vsock_loadgen.printable import printable
from vsock_loadgen.units import SECOND, format_bytes, format_duration, format_number
from vsock_loadgen.watching.asked_rows import ACCOUNTS
from vsock_loadgen.watching.drawing import (
    ACCENT,
    BAD,
    BOLD,
    CAUTION,
    DIM,
    GOOD,
    LABEL_CELLS,
    MOST_SPACE,
    PLAIN,
    Figures,
    Glyphs,
    Line,
    count_text,
    fitted,
    padded,
    time_segment,
)
from vsock_loadgen.watching.scene import Clock, Scene

_FEWEST_COUNT_CELLS, _MOST_COUNT_CELLS = 8, 14
_RATE_CELLS = 12
_LONGEST_MESSAGE = 600


def accounts(scene: Scene, width: int) -> list[Line]:
    """Reports by outcome, of the shown stretch."""
    counts = scene.looked.counts
    columns = [
        ("due", counts.due, PLAIN),
        ("delivered", counts.delivered, GOOD),
        ("failed", counts.failed, BAD if counts.failed else PLAIN),
        ("skipped", counts.skipped, CAUTION if counts.skipped else PLAIN),
        ("in flight", scene.counts.in_flight, PLAIN),
    ]
    if counts.unfinished:
        columns.append(("unfinished", counts.unfinished, CAUTION))
    names = ACCOUNTS if scene.subject.mode == "pull" else {}
    cells = max(_FEWEST_COUNT_CELLS, min(_MOST_COUNT_CELLS, (width - LABEL_CELLS) // len(columns)))
    figures = Figures({names.get(name, name): [Segment(count_text(count, cells), style)] for name, count, style in columns})
    first_out = ("waiting", "in flight", "skipped", "due", "unfinished")
    heads, row = figures.lines(width - LABEL_CELLS, first_out, MOST_SPACE)
    title = " Last 10 s" if scene.looked.is_recent else " Reports"
    return [[Segment(padded(title, LABEL_CELLS), BOLD), *heads], [Segment(" " * LABEL_CELLS), *row]]


def pace(scene: Scene, width: int, glyphs: Glyphs, *, has_heading: bool) -> list[Line]:
    """The two rates one below the other on one scale, so that a gap between them shows; of a fleet that is asked, the askings on
    their own."""
    cells = max(0, width - LABEL_CELLS - _RATE_CELLS)
    offered, achieved = scene.offered[-cells:] if cells else [], scene.achieved[-cells:] if cells else []
    top = max([*offered, *achieved, 1])
    rates = scene.rates
    lines = [
        _rate_line(" offered", f"{_rate(rates.offered)}/s", sparkline(offered, top, glyphs), ACCENT),
        _rate_line(" achieved", f"{_rate(rates.achieved)}/s", sparkline(achieved, top, glyphs), GOOD),
    ]
    if scene.subject.mode == "pull":
        asked = scene.asked[-cells:] if cells else []
        lines.append(_rate_line(" askings", f"{_rate(rates.asked)}/s", sparkline(asked, max([*asked, 1]), glyphs), ACCENT))
    if not has_heading:
        return lines
    captions = [f"{format_bytes(rates.bytes)}/s"]
    if offered:
        captions += [f"last {format_duration(len(offered) * SECOND)}", f"peak {top:,}/s"]
    while len(captions) > 1 and len(", ".join(captions)) > cells:
        captions.pop()
    head = [Segment(padded(" Rates", LABEL_CELLS), BOLD), Segment(f"{'':11}{', '.join(captions)}", DIM)]
    return [head, *lines]


def in_flight_row(scene: Scene, width: int, glyphs: Glyphs) -> list[Line]:
    """Reports in flight over time, on their own scale: they grow if a target is saturated."""
    cells = max(0, width - LABEL_CELLS - _RATE_CELLS)
    values = scene.in_flight[-cells:] if cells else []
    name = " waiting" if scene.subject.mode == "pull" else " in flight"
    return [_rate_line(name, count_text(scene.counts.in_flight, 9), sparkline(values, max([*values, 1]), glyphs), ACCENT)]


def _rate_line(name: str, figure: str, line: str, style: Style) -> Line:
    return [Segment(padded(name, LABEL_CELLS)), Segment(f" {figure:>8}  "), Segment(line, style)]


def _rate(per_second: float) -> str:
    return format_number(per_second) if per_second < 999_999.5 else f"{per_second / 1e6:.1f}M"


def sparkline(values: Sequence[int], top: int, glyphs: Glyphs) -> str:
    """A column for every value, its height in proportion to `top`; a value above 0 always shows."""
    steps = len(glyphs.levels) - 1
    return "".join(glyphs.levels[max(1, round(value * steps / top)) if value > 0 else 0] for value in values)


def times(clocks: Sequence[Clock], width: int, *, is_recent: bool) -> list[Line]:
    """Quantiles of every clock, of the shown stretch; beside those of the whole run, two of the last ten seconds."""
    names = ("P50", "P95", "P99", "P99.9", "max", *(() if is_recent else ("10s P50", "10s P99")))
    rows = [
        [time_segment(value, clock.undelivered) for value in clock.figures]
        + [time_segment(value, clock.lately_undelivered) for value in clock.lately]
        for clock in clocks
    ]
    figures = Figures(dict(zip(names, zip(*rows, strict=True), strict=False)))
    heads, *lines = figures.lines(width - LABEL_CELLS, ("P99.9", "P95", "max", "10s P50", "10s P99"), MOST_SPACE)
    named = [[Segment(padded(f" {clock.name}", LABEL_CELLS)), *line] for clock, line in zip(clocks, lines, strict=True)]
    return [[Segment(padded(" Last 10 s" if is_recent else " Times", LABEL_CELLS), BOLD), *heads], *named]


def failure_rows(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
    failures = sorted(scene.counts.failures.items(), key=lambda item: -item[1])
    if not failures:
        return []
    head = [Segment(padded(" Failures", 14), BOLD), Segment(f"{'reports':>11}  last message", DIM)]
    return [head] + [
        [
            Segment(padded(f" {failure}", 14), BAD),
            Segment(count_text(count, 11).rjust(11)),
            Segment("  " + fitted(printable(scene.errors.get(failure, "")), columns - 28, glyphs)),
        ]
        for failure, count in failures
    ]


def log_rows(entries: Sequence[Entry], columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """As many of the last entries as fit, whole; of the very last one, at least its beginning."""
    lines: list[Line] = []
    for entry in reversed(entries):
        text = printable(entry.as_text())[:_LONGEST_MESSAGE]
        wrapped = textwrap.wrap(text, max(20, columns - 2), subsequent_indent=" " * 9)
        if lines and len(lines) + len(wrapped) > rows:
            break
        style = DIM if entry.level == "info" else CAUTION
        lines[:0] = [[Segment(f" {part}", style)] for part in wrapped]
    if len(lines) > rows > 0:
        lines = lines[:rows]
        last = lines[-1][0]
        lines[-1] = [Segment(last.text[: columns - len(glyphs.ellipsis)] + glyphs.ellipsis, last.style)]
    return lines[: max(rows, 0)]


def shortened(lines: list[Line], rows: int, glyphs: Glyphs) -> list[Line]:
    """The lines, or as many as fit and how many more there are; nothing if not even a heading and a row fit."""
    if len(lines) <= rows:
        return lines
    if rows < 2:
        return []
    if rows == 2:
        return lines[:2]
    hidden = sum(bool(line) and line[0].style != BOLD for line in lines[rows - 1 :])  # neither headings nor what is between tables
    return [*lines[: rows - 1], [Segment(f"   {glyphs.ellipsis} {hidden} more rows in a larger window", DIM)]]
