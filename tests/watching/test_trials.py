"""A search as it is watched: lines of the log, and the live table at several sizes. What is drawn is caught, not shown."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from typing import Any

import pytest
from rich.segment import Segment

from capacity_example import found
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.capacity.timing import Expected, Lengths
from vsock_loadgen.capacity.trial import Level
from vsock_loadgen.log import Log
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.text.capacity_sheet import said
from vsock_loadgen.text.capacity_text import trials_table
from vsock_loadgen.units import SECOND
from vsock_loadgen.watching.keyboard import Keyboard
from vsock_loadgen.watching.trials import LiveTrials, TrialLines, UnderWay

LENGTHS = Lengths(2 * SECOND, 10 * SECOND)
UNDER_WAY = UnderWay(
    9,
    Step(4.757, "confirm"),
    Level(4.757, 2_000, 95.14),
    LENGTHS,
    Expected((3, 20.0), (4, 70.0), (6, 200.0)),
    Level(4.757, 2_000, 95.14),
    Level(4.968, 2_000, 99.36),
)


class CaughtScreen:
    """A terminal of a size, on which nothing but what is drawn can be seen."""

    def __init__(self, columns: int, rows: int) -> None:
        self.size = os.terminal_size((columns, rows))
        self.lines: list[str] = []
        self.keyboard = Keyboard(None)

    def __enter__(self) -> CaughtScreen:
        return self

    def __exit__(self, *_: object) -> None: ...

    def draw(self, lines: Sequence[Sequence[Segment]]) -> None:
        self.lines = ["".join(segment.text for segment in line).rstrip() for line in lines]


def totals(at_ns: int, *, is_ending: bool = False) -> RunTotals:
    made = RunTotals(1, 0)
    share = Share(Counts(due=500, started=500, delivered=480, in_flight=20), Times())
    made.add(WorkerSnapshot(0, at_ns, {0: share}, {}, 0, final=False))
    made.is_ending = is_ending
    return made


def shown(columns: int, rows: int, at_ns: int = 6 * SECOND, *, is_ending: bool = False) -> list[str]:
    screen: Any = CaughtScreen(columns, rows)
    with LiveTrials(screen, Log(io.StringIO()), "capacity of unix:///relay", trials_table) as live:
        live.begin(UNDER_WAY, found().trials)
        live.update(totals(at_ns, is_ending=is_ending))
    drawn: list[str] = screen.lines
    return drawn


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (40, 12)])
def test_what_is_tried_what_is_known_and_what_is_left_are_seen_at_any_size(columns: int, rows: int) -> None:
    lines = shown(columns, rows)
    assert len(lines) <= rows
    text = " ".join(" ".join(lines).split())
    for part in ("trial 9 (confirm): 95.1 reports/s", "about 4 trials and 1 min left", "95.1/s", "99.4/s", "in flight 20"):
        assert part in text


def test_the_last_trials_are_in_the_table() -> None:
    rows = [line.split() for line in shown(80, 24)]
    numbers = [row[0] for row in rows if row and row[0].isdecimal()]
    assert numbers == [str(trial.number) for trial in found().trials][-len(numbers) :]
    assert len(numbers) >= 3


@pytest.mark.parametrize(
    ("at_ns", "is_ending", "part"), [(SECOND, False, "settling"), (6 * SECOND, False, "measuring"), (13 * SECOND, True, "draining")]
)
def test_the_part_of_the_trial_that_goes_on_is_named(at_ns: int, is_ending: bool, part: str) -> None:
    assert any(line.startswith(part) for line in shown(80, 24, at_ns, is_ending=is_ending))


def test_without_a_terminal_a_trial_is_two_lines_that_machines_can_read() -> None:
    stream = io.StringIO()
    lines = TrialLines(Log(stream, style="json"), said)
    trial = found().trials[0]
    lines.begin(UNDER_WAY, [])
    lines.update(totals(SECOND))
    lines.end(trial)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["number"], first["level"]["reports_per_second"]) == ("trial", 9, 95.14)
    assert (second["event"], second["number"], second["verdict"]) == ("trial_end", trial.number, trial.verdict)
