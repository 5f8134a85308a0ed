"""One picture of a running fleet for a screen of any size: pure, from what is known to lines of styled text.

What every reader needs stands first and is always there: how the run stands, its accounts, thresholds, rates and times. Failures,
groups and the log share the remaining lines; a chart of the response times takes the rest. With at least 40 columns and 12 lines,
figures are never cut off.
"""

from __future__ import annotations

import textwrap
import time

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from vsock_loadgen.units import SECOND, format_duration
from vsock_loadgen.watching.asked_rows import asked_rows, known_row
from vsock_loadgen.watching.drawing import ACCENT, BAD, BOLD, CAUTION, DIM, GOOD, UNICODE, Glyphs, Line, fitted
from vsock_loadgen.watching.group_tables import group_tables
from vsock_loadgen.watching.help_page import help_page
from vsock_loadgen.watching.response_chart import LEAST_ROWS, MOST_ROWS, response_chart
from vsock_loadgen.watching.scene import Scene
from vsock_loadgen.watching.sections import accounts, failure_rows, in_flight_row, log_rows, pace, shortened, times
from vsock_loadgen.watching.threshold_rows import threshold_rows

_STATE_STYLES = {"waiting": DIM, "running": GOOD, "stopping": CAUTION, "draining": CAUTION}
_VERDICT_STYLES = {"invalid": Style(color="black", bgcolor="yellow", bold=True), "failing": Style(color="red", bold=True)}
_WIDEST_TABLE = 120
_FEW_ROWS = 20
"""With at most this many lines, headings without figures, gaps and less important parts are left out."""
_MOST_REASON_ROWS = 3


def frame(scene: Scene, columns: int, rows: int, glyphs: Glyphs = UNICODE) -> list[Line]:
    """The picture, at most `rows` lines of `columns` cells. Figures that do not fit are left out by columns, other text is cut."""
    head = _head(scene, columns, glyphs)
    if scene.is_help:
        lines = [*head, *help_page(scene.subject.mode, columns, rows - len(head), glyphs)]
    else:
        lines = _picture(scene, head, columns, rows, glyphs)
    return [Segment.adjust_line_length(line, columns, pad=False) for line in lines[: max(rows, 0)]]


def _picture(scene: Scene, head: list[Line], columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    width, is_small = min(columns, _WIDEST_TABLE), rows < _FEW_ROWS
    reasons = _reasons(scene, columns, 1 if is_small else _MOST_REASON_ROWS, glyphs)
    head = [*head, *reasons]
    body = [accounts(scene, width), *_of_askings(scene, width, is_small=is_small)]
    rates = pace(scene, width, glyphs, has_heading=not is_small)
    clocks = times(scene.clocks[:1] if is_small else scene.clocks, width, is_recent=scene.looked.is_recent)
    room = rows - sum(map(len, (head, *body, rates, clocks)))
    wanted = len(scene.standing.thresholds) + (not is_small)
    thresholds = threshold_rows(scene.standing.thresholds, width, max(1, min(wanted, room // 2 if room > 1 else room)), glyphs)
    fixed = [head, *body, thresholds, rates, clocks]
    room = rows - sum(map(len, fixed))
    below = _Below(scene, columns, room, glyphs, sections=sum(map(bool, fixed)), has_reasons=bool(reasons))
    if below.spare(1):
        rates += in_flight_row(scene, width, glyphs)
    footer = _footer(scene) if scene.has_keys and below.spare(1) else []
    chart = response_chart(scene.looked, width, below.for_chart, glyphs)
    below.take(len(chart))
    sections = [head, *body, thresholds, rates, clocks, chart, *below.sections()]
    lines = _spaced([each for each in sections if each], rows - len(footer))
    lines += [[] for _ in range(rows - len(lines) - len(footer))] if footer else []
    return [*lines, *footer]


class _Below:
    """Groups, failures and the log, which share the `room` below what is always there; and what may be taken of it beside them."""

    def __init__(self, scene: Scene, columns: int, room: int, glyphs: Glyphs, *, sections: int, has_reasons: bool) -> None:
        self._columns, self._room, self._glyphs = columns, room, glyphs
        self._failures = failure_rows(scene, columns, glyphs)
        seen = {"failures": self._failures, "saturated": has_reasons, "thresholds": scene.standing.thresholds}
        self._entries = [entry for entry in scene.entries if not seen.get(entry.event)]
        log = min(2, len(self._entries))
        self._groups = group_tables(scene.groups, columns, room - len(self._failures) - log - (sections - 1), glyphs)
        wanted = len(self._groups) + len(self._failures) + log
        self._gaps = sections - 1 + bool(scene.groups) + bool(self._failures) + bool(log)
        self.free = room - wanted
        """Lines that nothing needs; gaps between sections are welcome in them."""

    @property
    def for_chart(self) -> int:
        """Lines that a chart may take: those that gaps do not need, if that is enough for one."""
        return min(self.free, max(LEAST_ROWS, min(MOST_ROWS, self.free - self._gaps - 1)))

    def spare(self, rows: int) -> bool:
        """Take lines, if there are that many; whether there were."""
        if self.free < rows:
            return False
        self.take(rows)
        return True

    def take(self, rows: int) -> None:
        """Give lines to another part."""
        self.free -= rows
        self._room -= rows

    def sections(self) -> list[list[Line]]:
        """What is shown of each, after gaps have taken what they need."""
        room = self._room - max(0, min(self._gaps, self.free))
        failures = shortened(self._failures, max(2, room // 3), self._glyphs)
        log = min(2, len(self._entries))
        groups = shortened(self._groups, room - len(failures) - log, self._glyphs)
        return [groups, failures, log_rows(self._entries, self._columns, room - len(failures) - len(groups), self._glyphs)]


def _spaced(sections: list[list[Line]], rows: int) -> list[Line]:
    """The sections with lines between them, as many as are left."""
    gaps = rows - sum(map(len, sections))
    lines: list[Line] = []
    for number, section in enumerate(sections):
        if number and gaps > 0:
            lines.append([])
            gaps -= 1
        lines += section
    return lines[: max(0, rows)]


def _of_askings(scene: Scene, width: int, *, is_small: bool) -> list[list[Line]]:
    if scene.subject.mode == "push":
        return []
    known = known_row(scene, width)
    return [known] if is_small else [[*asked_rows(scene, width), *known]]


def _head(scene: Scene, columns: int, glyphs: Glyphs) -> list[Line]:
    over = bool(scene.subject.duration_ns) and scene.elapsed_ns >= scene.subject.duration_ns
    state = "stopping" if scene.is_stopping else "draining" if over else "running" if scene.elapsed_ns > 0 else "waiting"
    verdict = _verdict_word(scene)
    style = _VERDICT_STYLES.get(verdict, _STATE_STYLES[state])
    shape = scene.subject.shape
    if shape is not None and scene.elapsed_ns > 0 and not over:
        state += f", phase {shape.names[shape.phase_at(scene.elapsed_ns)]}"
    state += f", {verdict}" if verdict else ""
    room = columns - cell_len(state) - 3
    title = f" vsock-loadgen  {scene.subject.title}"
    head = [Segment(fitted(title, room, glyphs), BOLD), Segment("  "), Segment(state, style)]
    return [head, _progress(scene, columns, glyphs)]


def _verdict_word(scene: Scene) -> str:
    """The verdict so far in words; empty while it is passed."""
    verdict = scene.standing.verdict
    return {"invalid": "invalid", "failed": "failing"}.get(verdict.status, "") if verdict and scene.elapsed_ns > 0 else ""


def _reasons(scene: Scene, columns: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """Why the run would not pass if it ended now; a missed threshold is seen among the thresholds."""
    verdict = scene.standing.verdict
    if verdict is None or not _verdict_word(scene):
        return []
    told = {str(threshold) for threshold in scene.standing.thresholds}
    reason = next((reason for reason in verdict.reasons if reason not in told), "")
    if not reason:
        return []
    lines = textwrap.wrap(reason if rows == 1 else f"{verdict.status} so far: {reason}", max(20, columns - 2))
    if len(lines) > rows:
        lines = [*lines[: rows - 1], fitted(" ".join(lines[rows - 1 :]), columns - 2, glyphs)]
    style = CAUTION if verdict.status == "invalid" else BAD
    return [[Segment(f" {line}", style)] for line in lines]


def _progress(scene: Scene, columns: int, glyphs: Glyphs) -> Line:
    elapsed_ns, duration_ns = scene.elapsed_ns, scene.subject.duration_ns
    if elapsed_ns <= 0:
        return [Segment(f" starts at {_clock(scene.zero_wall_ns)}")]
    since = format_duration(elapsed_ns // SECOND * SECOND)
    if not duration_ns:
        return [Segment(f" {since} since the start, until stopped{'' if scene.has_keys else ' (Ctrl-C)'}")]
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


def _footer(scene: Scene) -> list[Line]:
    other = "whole run" if scene.looked.is_recent else "last 10 s"
    return [[Segment(f" q {'do not wait' if scene.is_stopping else 'stop'}   w {other}   ? help", DIM)]]
