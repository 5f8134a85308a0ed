"""The live view follows a run: what it draws are the run's own figures, and the log waits until the terminal is free."""

from __future__ import annotations

import io
import signal
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import pytest

from fleet_example import EXAMPLE, plan_of
from run_example import snapshot, times_of
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.log import Log
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.histogram import DenseHistogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.recent import RecentWatch
from vsock_loadgen.measures.snapshot import Counts, Share, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.groups import GroupRows, groups_of
from vsock_loadgen.watching.live import Known, LiveView
from vsock_loadgen.watching.scene import Subject


class FakeKeyboard:
    """Keys that are pressed before the next look."""

    is_there = True

    def __init__(self) -> None:
        self.waiting = ""

    def pressed(self) -> str:
        """Give them away."""
        keys, self.waiting = self.waiting, ""
        return keys


class FakeScreen:
    """Remembers the last frame as text."""

    has_unicode = True
    size = (120, 30)

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.keyboard = FakeKeyboard()

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

    def __init__(self, cells: Cells | None = None, groups: Sequence[GroupRows] = ()) -> None:
        self.screen, self.stream = FakeScreen(), io.StringIO()
        self.log = Log(self.stream)
        self.is_stopping = False
        self.totals = RunTotals(1, 1_700_000_000 * SECOND, cells)
        subject = Subject("2 VMs to embedded", 60 * SECOND, groups)
        self.standing = Standing()
        self.recent = RecentWatch()
        known = Known(lambda: self.is_stopping, lambda: self.standing, lambda: self.recent.now)
        self.view = LiveView(self.screen, self.log, subject, known)  # type: ignore[arg-type]

    def at(self, at_ns: int, counts: Counts, response_ns: int = 200 * MILLISECOND, new: int = 0) -> None:
        """A snapshot comes in, with `new` delivered reports."""
        times = times_of(response_ns, response_ns // 2, MILLISECOND, new) if new else None
        self.totals.add(snapshot(0, at_ns, counts, times=times))
        self.recent.update(self.totals)
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
    assert watched.screen.figures("response") == ["200 ms", *["not delivered"] * 4, "200 ms", "not delivered"]
    assert watched.screen.figures("service") == ["100 ms", *["not delivered"] * 4, "100 ms", "not delivered"]


def test_the_view_says_when_the_run_is_stopping() -> None:
    watched = Watched()
    watched.is_stopping = True
    watched.at(SECOND, Counts())
    assert watched.screen.lines[0].endswith("stopping")


def watched_groups() -> Watched:
    """A run of the example fleet in which every combination of groups delivered a report, in 1 ms times its number."""
    plan = plan_of(EXAMPLE)
    cells = plan.cells(plan.nodes[0])
    watched = Watched(cells, groups_of(plan, plan.nodes[0]))
    shares = {
        number: Share(Counts(due=1, started=1, delivered=1), times_of((number + 1) * MILLISECOND, MILLISECOND, 1, 1))
        for number in range(cells.books)
    }
    watched.totals.add(WorkerSnapshot(0, SECOND, shares, {}, 0, final=False))
    return watched


def test_every_group_has_its_counts_at_once_and_its_times_after_a_round() -> None:
    watched = watched_groups()
    watched.view.update(watched.totals)
    assert sum("   2,000" in line for line in watched.screen.lines) == 1
    delivered = [sum(row.counts.delivered for row in table.rows) for table in watched.view._groups.tables]
    assert delivered == [watched.totals.counts.delivered] * 2
    for _ in range(4):
        watched.view.update(watched.totals)
    for table in watched.view._groups.tables:
        for row in table.rows:
            part = watched.totals.part(table.dimension, row.id)
            assert part is not None
            assert row.response == part.times.response.quantiles((0.5, 0.99))
            assert any(row.name in line.split() for line in watched.screen.lines)


def test_an_update_copies_the_histograms_of_few_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = watched_groups()
    watched.view.update(watched.totals)
    copied = 0
    copy = DenseHistogram.copy

    def counted(histogram: DenseHistogram) -> DenseHistogram:
        nonlocal copied
        copied += 1
        return copy(histogram)

    monkeypatch.setattr(DenseHistogram, "copy", counted)
    watched.view.update(watched.totals)
    assert copied <= 3 * 3  # the whole and two groups, of three clocks each


def test_a_dimension_with_all_vms_in_one_group_is_not_shown() -> None:
    plan = plan_of(replace(EXAMPLE, packages=Constant(700)))
    assert [table.dimension for table in groups_of(plan, plan.nodes[0])] == ["report_interval"]


def test_the_vms_of_a_group_are_those_of_the_node() -> None:
    plan = plan_of(EXAMPLE, nodes=3)
    nodes = [groups_of(plan, node)[0].rows for node in plan.nodes]
    assert [sum(row.vms for row in rows) for rows in zip(*nodes, strict=True)] == [140, 40, 16, 4]


def test_w_switches_to_the_last_ten_seconds_and_back() -> None:
    watched = Watched()
    watched.at(SECOND, Counts(due=50, started=50, delivered=50), response_ns=900 * MILLISECOND, new=50)
    watched.at(30 * SECOND, Counts(due=50, started=50, delivered=50))
    watched.at(31 * SECOND, Counts(due=53, started=53, delivered=53), response_ns=MILLISECOND, new=3)
    watched.screen.keyboard.waiting = "w"
    watched.view.update(watched.totals)
    assert watched.screen.figures("response") == ["1 ms"] * 5
    assert any(line.split() == ["3", "3", "0", "0", "0"] for line in watched.screen.lines)
    watched.screen.keyboard.waiting = "w"
    watched.view.update(watched.totals)
    assert watched.screen.figures("response")[0] == "900 ms"


def test_any_key_closes_the_help() -> None:
    watched = Watched()
    for key, is_help in (("?", True), ("w", False), ("?", True), ("?", False)):
        watched.screen.keyboard.waiting = key
        watched.at(SECOND, Counts())
        assert any(line == " Keys" for line in watched.screen.lines) == is_help
    assert not any(line.startswith(" Last 10 s") for line in watched.screen.lines)


def test_q_is_what_ctrl_c_is() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        watched = Watched()
        watched.screen.keyboard.waiting = "q"
        watched.at(SECOND, Counts())
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
