"""One picture of a running fleet for a screen of any size: pure, from what is known to lines of styled text.

What every reader needs stands first and is always there; failures, groups and the log share the lines that are left. From 60
columns and 16 lines on, figures are never cut off.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment

from vsock_loadgen.log import Entry
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.printable import printable
from vsock_loadgen.units import SECOND, format_bytes, format_duration, format_number
from vsock_loadgen.watching.drawing import (
    ACCENT,
    BAD,
    BOLD,
    CAUTION,
    DIM,
    GOOD,
    PLAIN,
    UNICODE,
    Figures,
    Glyphs,
    Line,
    count_text,
    fitted,
    padded,
    time_segment,
)
from vsock_loadgen.watching.group_tables import group_tables
from vsock_loadgen.watching.groups import GroupRows
from vsock_loadgen.watching.pace import Rates

_STATE_STYLES = {"waiting": DIM, "running": GOOD, "stopping": CAUTION, "draining": CAUTION}
_LABEL_CELLS = 10
_FEWEST_COUNT_CELLS, _MOST_COUNT_CELLS = 8, 14
_WIDEST_TABLE = 120
_MOST_SPACE = 5
_LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True)
class Clock:
    """Quantiles of one of the three clocks, in nanoseconds: P50, P95, P99, P99.9 and the largest since the start, P50 and P99
    of the last ten seconds. None where nothing was recorded, or where it falls among the reports that were `undelivered`."""

    name: str
    since_start: Sequence[int | None] = (None,) * 5
    lately: Sequence[int | None] = (None,) * 2
    undelivered: int = 0
    lately_undelivered: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is being run: all that does not change while it goes on. `duration_ns` 0 means until it is stopped; `groups`
    are as they were before it began, `shape` has the phases of load."""

    title: str
    duration_ns: int
    groups: Sequence[GroupRows] = ()
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to show at one instant. `offered` and `achieved` are reports in each whole second so far."""

    subject: Subject
    elapsed_ns: int
    zero_wall_ns: int
    is_stopping: bool
    counts: Counts
    rates: Rates
    offered: Sequence[int]
    achieved: Sequence[int]
    clocks: Sequence[Clock]
    errors: Mapping[FailureClass, str]
    groups: Sequence[GroupRows]
    entries: Sequence[Entry]


def frame(scene: Scene, columns: int, rows: int, glyphs: Glyphs = UNICODE) -> list[Line]:
    """The picture, at most `rows` lines of `columns` cells. Figures that do not fit are left out by columns, other text is cut."""
    width = min(columns, _WIDEST_TABLE)
    fixed = [
        _head(scene, columns, glyphs),
        _accounts(scene.counts, width),
        _pace(scene, width, glyphs),
        _times(scene.clocks, width),
    ]
    room = rows - sum(map(len, fixed))
    failures = _failures(scene, columns, glyphs)
    entries = [entry for entry in scene.entries if not (failures and entry.event == "failures")]  # the table says it
    log_rows = min(2, len(entries))
    wanted_gaps = len(fixed) - 1 + bool(scene.groups) + bool(failures) + bool(log_rows)
    groups = group_tables(scene.groups, columns, room - len(failures) - log_rows - (len(fixed) - 1), glyphs)
    gaps = max(0, min(wanted_gaps, room - len(groups) - len(failures) - log_rows))
    room -= gaps
    failures = _shortened(failures, max(2, room // 3), glyphs)
    groups = _shortened(groups, room - len(failures) - log_rows, glyphs)
    log = _log(entries, columns, room - len(failures) - len(groups), glyphs)
    lines: list[Line] = []
    for number, section in enumerate(each for each in (*fixed, groups, failures, log) if each):
        if number and gaps:
            lines.append([])
            gaps -= 1
        lines += section
    return [Segment.adjust_line_length(line, columns, pad=False) for line in lines[: max(rows, 0)]]


def _head(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
    over = bool(scene.subject.duration_ns) and scene.elapsed_ns >= scene.subject.duration_ns
    state = "stopping" if scene.is_stopping else "draining" if over else "running" if scene.elapsed_ns > 0 else "waiting"
    style = _STATE_STYLES[state]
    shape = scene.subject.shape
    if shape is not None and scene.elapsed_ns > 0 and not over:
        state += f", phase {shape.names[shape.phase_at(scene.elapsed_ns)]}"
    room = columns - len(state) - 3
    title = f" vsock-loadgen  {scene.subject.title}"
    head = [Segment(fitted(title, room, glyphs), BOLD), Segment("  "), Segment(state, style)]
    return [head, _progress(scene, columns, glyphs)]


def _progress(scene: Scene, columns: int, glyphs: Glyphs) -> Line:
    elapsed_ns, duration_ns = scene.elapsed_ns, scene.subject.duration_ns
    if elapsed_ns <= 0:
        return [Segment(f" starts at {_clock(scene.zero_wall_ns)}")]
    since = format_duration(elapsed_ns // SECOND * SECOND)
    if not duration_ns:
        return [Segment(f" {since} since the start, until stopped (Ctrl-C)")]
    share = min(1.0, elapsed_ns / duration_ns)
    left = format_duration(-(-max(0, duration_ns - elapsed_ns) // SECOND) * SECOND)
    text = f" {100 * share:3.0f} %  {since} of {format_duration(duration_ns)}, {left} left"
    if columns - cell_len(text) > 40:
        text += f", ends at {_clock(scene.zero_wall_ns + duration_ns)}"
    cells = max(0, min(columns, _WIDEST_TABLE) - cell_len(text) - 2)
    filled = round(share * cells)
    return [Segment(" "), Segment(glyphs.filled * filled, ACCENT), Segment(glyphs.empty * (cells - filled), DIM), Segment(text)]


def _clock(wall_ns: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(wall_ns // SECOND))


def _accounts(counts: Counts, width: int) -> list[Line]:
    columns = [
        ("due", counts.due, PLAIN),
        ("delivered", counts.delivered, GOOD),
        ("failed", counts.failed, BAD if counts.failed else PLAIN),
        ("skipped", counts.skipped, CAUTION if counts.skipped else PLAIN),
        ("in flight", counts.in_flight, PLAIN),
    ]
    if counts.unfinished:
        columns.append(("unfinished", counts.unfinished, CAUTION))
    cells = max(_FEWEST_COUNT_CELLS, min(_MOST_COUNT_CELLS, (width - _LABEL_CELLS) // len(columns)))
    figures = Figures({name: [Segment(count_text(count, cells), style)] for name, count, style in columns})
    heads, row = figures.lines(width - _LABEL_CELLS, ("in flight", "skipped", "due", "unfinished"), _MOST_SPACE)
    return [[Segment(padded(" Reports", _LABEL_CELLS), BOLD), *heads], [Segment(" " * _LABEL_CELLS), *row]]


def _pace(scene: Scene, width: int, glyphs: Glyphs) -> list[Line]:
    """The two rates one below the other on one scale, so that a gap between them shows."""
    cells = max(0, width - _LABEL_CELLS - 12)
    offered, achieved = scene.offered[-cells:] if cells else [], scene.achieved[-cells:] if cells else []
    top = max([*offered, *achieved, 1])
    lines = []
    for name, rate, seconds, style in (
        (" offered", scene.rates.offered, offered, PLAIN),
        (" achieved", scene.rates.achieved, achieved, GOOD),
    ):
        figure = f"{format_number(rate) if rate < 999_999.5 else f'{rate / 1e6:.1f}M'}/s".rjust(9)
        line = sparkline(seconds, top, glyphs)
        lines.append(
            [Segment(padded(name, _LABEL_CELLS)), Segment(f"{figure}  "), Segment(line, ACCENT if style is PLAIN else style)]
        )
    caption = f"{format_bytes(scene.rates.bytes)}/s"
    if offered:
        caption += f", last {format_duration(len(offered) * SECOND)}, peak {top:,}/s"
    head = [Segment(padded(" Rates", _LABEL_CELLS), BOLD), Segment(f"{'':11}{caption}", DIM)]
    return [head, *lines]


def sparkline(values: Sequence[int], top: int, glyphs: Glyphs) -> str:
    """A column for every value, its height in proportion to `top`; something shows where anything is."""
    steps = len(glyphs.levels) - 1
    return "".join(glyphs.levels[max(1, round(value * steps / top)) if value > 0 else 0] for value in values)


def _times(clocks: Sequence[Clock], width: int) -> list[Line]:
    names = ("P50", "P95", "P99", "P99.9", "max", "10s P50", "10s P99")
    rows = [
        [time_segment(value, clock.undelivered) for value in clock.since_start]
        + [time_segment(value, clock.lately_undelivered) for value in clock.lately]
        for clock in clocks
    ]
    figures = Figures(dict(zip(names, zip(*rows, strict=True), strict=True)))
    heads, *lines = figures.lines(width - _LABEL_CELLS, ("P99.9", "P95", "max", "10s P50"), _MOST_SPACE)
    named = [[Segment(padded(f" {clock.name}", _LABEL_CELLS)), *line] for clock, line in zip(clocks, lines, strict=True)]
    return [[Segment(padded(" Times", _LABEL_CELLS), BOLD), *heads], *named]


def _failures(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
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


def _log(entries: Sequence[Entry], columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """As many of the last entries as there is room for, whole; of the very last one, at least its beginning."""
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


def _shortened(lines: list[Line], rows: int, glyphs: Glyphs) -> list[Line]:
    """The lines, or as many as fit and a word about the rest; nothing where not even a heading and a row fit."""
    if len(lines) <= rows:
        return lines
    if rows < 2:
        return []
    if rows == 2:
        return lines[:2]
    hidden = sum(bool(line) and line[0].style != BOLD for line in lines[rows - 1 :])  # neither headings nor what is between tables
    return [*lines[: rows - 1], [Segment(f"   {glyphs.ellipsis} {hidden} more rows in a larger window", DIM)]]
