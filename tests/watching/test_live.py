"""The live view follows a run: what it draws are the run's own figures, and the log waits until the terminal is free."""

from __future__ import annotations

import io
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import pytest

from run_example import snapshot, times_of
from vsock_loadgen.log import Log
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.buckets import NodeBuckets
from vsock_loadgen.watching.frame import Subject
from vsock_loadgen.watching.live import LiveView


class FakeScreen:
    """Remembers the last frame as text."""

    has_unicode = True
    size = (100, 30)

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __enter__(self) -> FakeScreen:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.lines = ["left"]

    def draw(self, lines: Sequence[Any]) -> None:
        """Take a frame."""
        self.lines = ["".join(segment.text for segment in line) for line in lines]

    def figures(self, beginning: str) -> list[str]:
        """The figures of the line that begins so, with their units."""
        (line,) = (each for each in self.lines if each.startswith(f" {beginning}"))
        return [figure.strip() for figure in line.removeprefix(f" {beginning}").split("  ") if figure.strip()]


class Watched:
    """A run that is watched by a live view."""

    def __init__(self) -> None:
        self.screen, self.stream = FakeScreen(), io.StringIO()
        self.log = Log(self.stream)
        self.is_stopping = False
        self.totals = RunTotals(1, 1_700_000_000 * SECOND)
        subject = Subject("2 VMs to embedded", 60 * SECOND, NodeBuckets((), ()))
        self.view = LiveView(self.screen, self.log, subject, lambda: self.is_stopping)  # type: ignore[arg-type]

    def at(self, at_ns: int, counts: Counts, response_ns: int = 200 * MILLISECOND, new: int = 0) -> None:
        """A snapshot comes in, with `new` delivered reports."""
        times = times_of(response_ns, response_ns // 2, MILLISECOND, new) if new else None
        self.totals.add(snapshot(0, at_ns, counts, times=times))
        self.view.update(self.totals)


def test_lines_of_the_log_are_shown_in_the_view_and_written_when_it_is_left() -> None:
    watched = Watched()
    with watched.view:
        watched.log.alert("look here")
        watched.at(SECOND, Counts())
        assert any("warning: look here" in line for line in watched.screen.lines)
        assert watched.stream.getvalue() == ""
    assert "look here" in watched.stream.getvalue()
    assert watched.screen.lines == ["left"]


def test_the_log_is_written_also_where_the_run_breaks() -> None:
    watched = Watched()

    def run() -> None:
        with watched.view:
            watched.log.line("what happened before")
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        run()
    assert "what happened before" in watched.stream.getvalue()


def test_all_three_clocks_have_their_figures_from_the_first_update_on() -> None:
    watched = Watched()
    watched.at(SECOND, Counts(due=10, started=10, delivered=10), new=10)
    assert watched.screen.figures("response") == ["200 ms"] * 7
    assert watched.screen.figures("service") == ["100 ms"] * 7
    assert watched.screen.figures("lag") == ["1 ms"] * 7


def test_a_round_of_updates_brings_every_figure_up_to_date() -> None:
    watched = Watched()
    watched.at(SECOND, Counts(due=10, started=10, delivered=10), new=10)
    watched.at(2 * SECOND, Counts(due=40, started=40, delivered=40), response_ns=400 * MILLISECOND, new=30)
    for _ in range(6):
        watched.view.update(watched.totals)
    assert watched.screen.figures("response")[0] == "400 ms"
    assert watched.screen.figures("service")[0] == "200 ms"


def test_the_last_ten_seconds_forget_what_was_before_and_the_rest_does_not() -> None:
    watched = Watched()
    watched.at(SECOND, Counts(due=50, started=50, delivered=50), response_ns=900 * MILLISECOND, new=50)
    watched.at(30 * SECOND, Counts(due=100, started=100, delivered=100), response_ns=900 * MILLISECOND, new=50)
    for second in range(31, 45):
        watched.at(second * SECOND, Counts(due=70 + second, started=70 + second, delivered=70 + second), MILLISECOND, new=1)
    for _ in range(6):
        watched.view.update(watched.totals)
    figures = watched.screen.figures("response")
    assert (figures[0], figures[5]) == ("900 ms", "1 ms")


def test_reports_that_were_not_delivered_count_as_longer_than_any() -> None:
    watched = Watched()
    failures = {FailureClass.RESET: 5}
    watched.at(SECOND, Counts(due=20, started=15, delivered=10, skipped=5, failures=failures), new=10)
    assert watched.screen.figures("response") == ["200 ms", *["never"] * 4, "200 ms", "never"]
    assert watched.screen.figures("service") == ["100 ms", *["never"] * 4, "100 ms", "never"]


def test_the_view_says_when_the_run_is_stopping() -> None:
    watched = Watched()
    watched.is_stopping = True
    watched.at(SECOND, Counts())
    assert watched.screen.lines[0].endswith("stopping")
