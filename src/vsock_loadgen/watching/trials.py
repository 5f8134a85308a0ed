"""What a person watches during a search: the trials so far, the current one, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, RenderableType

from vsock_loadgen.capacity.search import Step
from vsock_loadgen.capacity.timing import Expected, Lengths
from vsock_loadgen.capacity.trial import Level, Trial
from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND, format_number
from vsock_loadgen.watching.on_screen import OnScreen
from vsock_loadgen.watching.screen import Screen

_FEWEST_TRIALS = 3
_AROUND_TABLE = 8
"""Lines of the screen that are not rows of the table."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The current trial, what is expected after the trials so far, and the bounds that they have shown."""

    number: int
    step: Step
    level: Level
    lengths: Lengths
    expected: Expected
    holds: Level | None = None
    misses: Level | None = None


class TrialsView(Protocol):
    """Shows a search."""

    def begin(self, under_way: UnderWay, trials: Sequence[Trial]) -> None:
        """A trial begins."""

    def update(self, totals: RunTotals) -> None:
        """It continues."""

    def wait(self, what: str) -> None:
        """A wait begins."""

    def end(self, trial: Trial) -> None:
        """It is over."""


def left_text(expected: Expected) -> str:
    """What a search still takes, in words."""
    trials, seconds = expected.likely
    return f"about {trials} {'trial' if trials == 1 else 'trials'} and {max(1, round(seconds / 60))} min left"


def so_far_text(under_way: UnderWay) -> str:
    """The bounds so far, in words."""
    known = (
        f"{format_number(level.reports_per_second)}/s from {level.vms:,} VMs {verb}"
        for level, verb in ((under_way.holds, "hold"), (under_way.misses, "miss"))
        if level
    )
    return ", ".join(known) or "nothing known"


class TrialLines:
    """A line when a trial begins, and one when it is over. `said` is what is said of a trial: its verdict, and why."""

    def __init__(self, log: Log, said: Callable[[Trial], str]) -> None:
        self._log = log
        self._said = said

    def begin(self, under_way: UnderWay, trials: Sequence[Trial]) -> None:
        """Say what is tried."""
        level, lengths = under_way.level, under_way.lengths
        seconds = (lengths.settle_ns + lengths.window_ns) / SECOND
        self._log.line(
            f"trial {under_way.number} ({under_way.step.purpose}): {format_number(level.reports_per_second)} reports/s from "
            f"{level.vms:,} VMs, {seconds:.0f} s; {left_text(under_way.expected)}",
            "trial",
            {"number": under_way.number, "purpose": under_way.step.purpose, "level": level.to_json(), "seconds": seconds},
        )

    def update(self, totals: RunTotals) -> None:
        """A line per trial is enough."""

    def wait(self, what: str) -> None:
        """Likewise."""

    def end(self, trial: Trial) -> None:
        """Say what it has shown."""
        self._log.line(f"trial {trial.number}: {self._said(trial)}", "trial_end", trial.to_json())


class LiveTrials(OnScreen):
    """Draws the search while it is entered, and holds the log's lines back until the terminal is free again."""

    def __init__(self, screen: Screen, log: Log, title: str, table: Callable[[Sequence[Trial]], RenderableType]) -> None:
        super().__init__(screen, log)
        self._title = title
        self._table = table
        self._trials: list[Trial] = []
        self._under_way: UnderWay | None = None
        self._state = ""

    def begin(self, under_way: UnderWay, trials: Sequence[Trial]) -> None:
        """Show that a trial begins."""
        self._under_way, self._trials = under_way, list(trials)
        self._draw()

    def update(self, totals: RunTotals) -> None:
        """Show how it goes, and check whether it is to end."""
        self.pressed()
        if self._under_way:
            lengths = self._under_way.lengths
            whole = (lengths.settle_ns + lengths.window_ns) / SECOND
            passed = totals.elapsed_ns / SECOND
            part = "settling" if totals.elapsed_ns < lengths.settle_ns else "draining" if totals.is_ending else "measuring"
            counts = totals.counts
            self._state = (
                f"{part}, {passed:.0f} of {whole:.0f} s, due {counts.due:,}, delivered {counts.delivered:,}, "
                f"in flight {counts.in_flight:,}"
            )
        self._draw()

    def wait(self, what: str) -> None:
        """Show what is waited for."""
        self._state = what
        self._draw()

    def end(self, trial: Trial) -> None:
        """Show what it has shown."""
        self._trials.append(trial)
        self._draw()

    def _draw(self) -> None:
        columns, rows = self._screen.size
        console = Console(width=columns, force_terminal=True, highlight=False, legacy_windows=False, emoji=False)
        shown = self._trials[-max(_FEWEST_TRIALS, rows - _AROUND_TABLE) :]
        keys = "   [dim]q stop[/]" if self._screen.keyboard.is_there else ""
        parts: list[RenderableType] = [f"[bold]{self._title}[/]{keys}"]
        if self._under_way:
            level = self._under_way.level
            parts.append(
                f"trial {self._under_way.number} ({self._under_way.step.purpose}): "
                f"{format_number(level.reports_per_second)} reports/s from {level.vms:,} VMs; {left_text(self._under_way.expected)}"
            )
            parts.append(f"so far {so_far_text(self._under_way)}")
        parts += [self._state, ""]
        if shown:
            parts.append(self._table(shown))
        lines = [line for part in parts for line in console.render_lines(part, pad=False)]
        self._screen.draw(lines[:rows])


def watching(
    log: Log,
    title: str,
    said: Callable[[Trial], str],
    table: Callable[[Sequence[Trial]], RenderableType],
    screen: Screen | None,
) -> AbstractContextManager[TrialsView]:
    """What a person watches while it is entered: the live table if there is a screen, else lines."""
    if screen is None or log.style == "json":
        return nullcontext(TrialLines(log, said))
    return LiveTrials(screen, log, title, table)
