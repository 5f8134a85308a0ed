"""One picture of a running fleet for a screen of any size: pure, from what is known to lines of styled text.

What every reader needs stands first and is always there; failures, buckets and the log share the lines that are left. From 60
columns and 16 lines on, figures are never cut off.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from vsock_loadgen.log import Entry
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.printable import printable
from vsock_loadgen.units import SECOND, format_bytes, format_duration, format_number, format_seconds
from vsock_loadgen.watching.buckets import NodeBucket, NodeBuckets
from vsock_loadgen.watching.pace import Rates

Line = list[Segment]

PLAIN, BOLD, DIM = Style(), Style(bold=True), Style(dim=True)
GOOD, CAUTION, BAD, ACCENT = (Style(color=name) for name in ("green", "yellow", "red", "cyan"))
_STATE_STYLES = {"waiting": DIM, "running": GOOD, "stopping": CAUTION, "draining": CAUTION}
_LABEL_CELLS = 10
_WIDEST_TABLE = 120
_VMS_CELLS, _DELIVERED_CELLS = 8, 11
_ROOM_FOR_A_BAR = 46
_ROOM_FOR_ALL_QUANTILES = 76
_LONGEST_MESSAGE = 600
NEVER = "never"
"""Stands for a quantile that falls among reports that were not delivered: they count as longer than any."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that charts are drawn with; `levels` ascend from nothing to full."""

    levels: str
    filled: str
    empty: str
    ellipsis: str


UNICODE = Glyphs(" ▁▂▃▄▅▆▇█", "━", "─", "…")
ASCII = Glyphs(" .:-=+*%#", "=", "-", "...")


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
    """What is being run: all that does not change while it goes on. `duration_ns` 0 means until it is stopped; `shape` has the
    phases of load."""

    title: str
    duration_ns: int
    buckets: NodeBuckets
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
    packages: Mapping[int, int]
    intervals: Mapping[int, int]
    profiles: Mapping[int, int]
    entries: Sequence[Entry]


def frame(scene: Scene, columns: int, rows: int, glyphs: Glyphs = UNICODE) -> list[Line]:
    """The picture, at most `rows` lines; what is wider than `columns` cells is to be cut off."""
    width = min(columns, _WIDEST_TABLE)
    fixed = [
        _head(scene, columns, glyphs),
        _accounts(scene.counts, width),
        _pace(scene, width, glyphs),
        _times(scene.clocks, width),
    ]
    room = rows - sum(map(len, fixed))
    buckets, failures = _buckets(scene, width, glyphs), _failures(scene, columns, glyphs)
    entries = [entry for entry in scene.entries if not (failures and entry.event == "failures")]  # the table says it
    log_rows = min(2, len(entries))
    gaps = len(fixed) - 1 + bool(buckets) + bool(failures) + bool(log_rows)
    gaps = max(0, min(gaps, room - len(buckets) - len(failures) - log_rows))
    room -= gaps
    failures = _shortened(failures, max(2, room // 3), glyphs)
    buckets = _shortened(buckets, room - len(failures) - log_rows, glyphs)
    log = _log(entries, columns, room - len(failures) - len(buckets), glyphs)
    lines: list[Line] = []
    for number, section in enumerate(each for each in (*fixed, buckets, failures, log) if each):
        if number and gaps:
            lines.append([])
            gaps -= 1
        lines += section
    return lines[: max(rows, 0)]


def _head(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
    over = bool(scene.subject.duration_ns) and scene.elapsed_ns >= scene.subject.duration_ns
    state = "stopping" if scene.is_stopping else "draining" if over else "running" if scene.elapsed_ns > 0 else "waiting"
    style = _STATE_STYLES[state]
    shape = scene.subject.shape
    if shape is not None and scene.elapsed_ns > 0 and not over:
        state += f", phase {shape.names[shape.phase_at(scene.elapsed_ns)]}"
    room = columns - len(state) - 3
    title = f" vsock-loadgen  {scene.subject.title}"
    head = [Segment(_fitted(title, room, glyphs), BOLD), Segment("  "), Segment(state, style)]
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
    cells = min(14, (width - _LABEL_CELLS) // len(columns))
    names = [Segment(_padded(" Reports", _LABEL_CELLS), BOLD), *(Segment(name.rjust(cells), DIM) for name, _, _ in columns)]
    figures = [Segment(" " * _LABEL_CELLS), *(Segment(_count(count, cells).rjust(cells), style) for _, count, style in columns)]
    return [names, figures]


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
            [Segment(_padded(name, _LABEL_CELLS)), Segment(f"{figure}  "), Segment(line, ACCENT if style is PLAIN else style)]
        )
    caption = f"{format_bytes(scene.rates.bytes)}/s"
    if offered:
        caption += f", last {format_duration(len(offered) * SECOND)}, peak {top:,}/s"
    head = [Segment(_padded(" Rates", _LABEL_CELLS), BOLD), Segment(f"{'':11}{caption}", DIM)]
    return [head, *lines]


def sparkline(values: Sequence[int], top: int, glyphs: Glyphs) -> str:
    """A column for every value, its height in proportion to `top`; something shows where anything is."""
    steps = len(glyphs.levels) - 1
    return "".join(glyphs.levels[max(1, round(value * steps / top)) if value > 0 else 0] for value in values)


def _times(clocks: Sequence[Clock], width: int) -> list[Line]:
    names = ("P50", "P95", "P99", "P99.9", "max", "10s P50", "10s P99")
    left_out = 3 if width < _ROOM_FOR_ALL_QUANTILES else None
    cells = min(13, (width - _LABEL_CELLS) // (len(names) - (left_out is not None)))
    heads = [Segment(name.rjust(cells), DIM) for number, name in enumerate(names) if number != left_out]
    lines: list[Line] = [[Segment(_padded(" Times", _LABEL_CELLS), BOLD), *heads]]
    for clock in clocks:
        figures = [_time(value, clock.undelivered, cells) for value in clock.since_start]
        figures += [_time(value, clock.lately_undelivered, cells) for value in clock.lately]
        shown = (figure for number, figure in enumerate(figures) if number != left_out)
        lines.append([Segment(_padded(f" {clock.name}", _LABEL_CELLS)), *shown])
    return lines


def _time(value_ns: int | None, undelivered: int, cells: int) -> Segment:
    if value_ns is None:
        return Segment(NEVER.rjust(cells), BAD) if undelivered else Segment("-".rjust(cells), DIM)
    return Segment(format_seconds(value_ns).rjust(cells))


def _buckets(scene: Scene, width: int, glyphs: Glyphs) -> list[Line]:
    """The tables of two dimensions side by side; a fleet of profiles has no other."""
    buckets = scene.subject.buckets
    dimensions = [
        (title, rows, delivered)
        for title, rows, delivered in (
            ("packages", buckets.packages, scene.packages),
            ("interval", buckets.intervals, scene.intervals),
            ("profile", buckets.profiles, scene.profiles),
        )
        if rows
    ]
    cells = width // 2 if len(dimensions) == 2 else min(width, 2 * _ROOM_FOR_A_BAR)
    tables = [_dimension(title, rows, delivered, cells, glyphs) for title, rows, delivered in dimensions]
    return [
        [segment for table in tables for segment in (table[number] if number < len(table) else [Segment(" " * cells)])]
        for number in range(max(map(len, tables), default=0))
    ]


def _dimension(title: str, rows: Sequence[NodeBucket], delivered: Mapping[int, int], cells: int, glyphs: Glyphs) -> list[Line]:
    label_cells = min(12, cells - _VMS_CELLS - _DELIVERED_CELLS - 2)
    bar_cells = max(0, cells - label_cells - _VMS_CELLS - _DELIVERED_CELLS - 4) if cells >= _ROOM_FOR_A_BAR else 0
    name = f" By {title}"
    heads = "VMs".rjust(label_cells + _VMS_CELLS - len(name)) + "delivered".rjust(_DELIVERED_CELLS)
    lines: list[Line] = [[Segment(name, BOLD), Segment(_padded(heads, cells - len(name)), DIM)]]
    whole = max(1, sum(delivered.values()))
    for row in rows:
        reports = row.reports(delivered)
        shown = "-" if reports is None else _count(reports, _DELIVERED_CELLS)
        figures = f"{_count(row.vms, _VMS_CELLS):>{_VMS_CELLS}}{shown:>{_DELIVERED_CELLS}}  "
        label = _fitted(row.label, label_cells, glyphs) if len(row.label) > label_cells else row.label.rjust(label_cells)
        bar = glyphs.filled * round(bar_cells * (reports or 0) / whole)
        rest = cells - label_cells - len(figures)
        lines.append([Segment(label + figures), Segment(_padded(bar, rest), ACCENT)])
    return lines


def _failures(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
    failures = sorted(scene.counts.failures.items(), key=lambda item: -item[1])
    if not failures:
        return []
    head = [Segment(_padded(" Failures", 14), BOLD), Segment(f"{'reports':>11}  last message", DIM)]
    return [head] + [
        [
            Segment(_padded(f" {failure}", 14), BAD),
            Segment(_count(count, 11).rjust(11)),
            Segment("  " + _fitted(printable(scene.errors.get(failure, "")), columns - 28, glyphs)),
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
    return [*lines[: rows - 1], [Segment(f"   {glyphs.ellipsis} {len(lines) - rows + 1} more rows in a larger window", DIM)]]


def _count(count: int, cells: int) -> str:
    """A count in full where it fits with a space before it, else in millions."""
    text = f"{count:,}"
    return text if len(text) < cells else f"{count / 1e6:,.1f}M"


def _padded(text: str, cells: int) -> str:
    return set_cell_size(text, max(cells, 0))


def _fitted(text: str, cells: int, glyphs: Glyphs) -> str:
    """The text in exactly so many cells; an ellipsis shows where it was cut."""
    if cell_len(text) <= cells:
        return _padded(text, cells)
    return _padded(text, cells - len(glyphs.ellipsis)) + glyphs.ellipsis
