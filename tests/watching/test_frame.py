"""The live view's picture: everything that matters, at every size of a window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from run_example import histogram_of
from vsock_loadgen.config.blocks import Phase
from vsock_loadgen.errors import EXIT_SATURATED
from vsock_loadgen.log import Entry
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.figures import Unit
from vsock_loadgen.measures.knowledge import Knowledge
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.units import MICROSECOND, MILLISECOND, SECOND
from vsock_loadgen.watching.drawing import ASCII, UNICODE
from vsock_loadgen.watching.frame import frame
from vsock_loadgen.watching.groups import GroupRow, GroupRows
from vsock_loadgen.watching.pace import Rates
from vsock_loadgen.watching.scene import Clock, Looked, Scene, Subject
from vsock_loadgen.watching.sections import sparkline


def row(name: str, vms: int, delivered: int, failed: int = 0, p99_ns: int | None = None) -> GroupRow:
    """A group of which so many reports came to an end."""
    counts = Counts(due=delivered + failed, delivered=delivered, failures={FailureClass.RESET: failed} if failed else {})
    return GroupRow(name, name, vms, counts, (p99_ns and p99_ns // 2, p99_ns), failed)


PACKAGES = GroupRows(
    "packages",
    (
        row("500", 140, 3_000, p99_ns=12 * MILLISECOND),
        row("1,000", 40, 1_000, p99_ns=345 * MILLISECOND),
        row("1,500", 16, 300, p99_ns=1_500 * MILLISECOND),
        row("2,000", 4, 21, failed=236),
    ),
)
INTERVALS = GroupRows("report_interval", (row("30s", 100, 4_000), row("1m", 60, 300), row("5m", 40, 21)))
PROFILES = GroupRows("profile", (row("dev", 150, 321), row("prod", 50, 4_000)))
RESPONSE = Clock(
    "response",
    (1_080 * MICROSECOND, 2_220 * MICROSECOND, 3_330 * MICROSECOND, 44_400 * MICROSECOND, 555 * MILLISECOND),
    (66 * MILLISECOND, 777 * MICROSECOND),
)
COUNTS = Counts(due=4_567, started=4_560, delivered=4_321, skipped=7, in_flight=3, bytes=10, failures={FailureClass.RESET: 236})
SCENE = Scene(
    subject=Subject("200 VMs to unix:///run/relay.sock", 40 * SECOND),
    elapsed_ns=10 * SECOND,
    zero_wall_ns=1_700_000_000 * SECOND,
    is_stopping=False,
    counts=COUNTS,
    looked=Looked(COUNTS),
    standing=Standing(),
    rates=Rates(201.4, 199.2, 82_300_000),
    offered=[200, 201, 199] * 40,
    achieved=[200, 150, 199] * 40,
    in_flight=[3, 5, 2] * 40,
    asked=[],
    clocks=[RESPONSE, replace(RESPONSE, name="service"), replace(RESPONSE, name="lag")],
    errors={FailureClass.RESET: "Connection reset by peer"},
    groups=[PACKAGES, INTERVALS],
    entries=[
        Entry(1_700_000_000.0, "info", "start", "node 0: 200 VMs report to unix:///run/relay.sock, workers: 1"),
        Entry(1_700_000_001.0, "warning", "saturated", "the generator was late: " + "word " * 60),
    ],
)


def with_counts(counts: Counts) -> Scene:
    """The scene with other counts."""
    return replace(SCENE, counts=counts, looked=Looked(counts))


def judged(expression: str, value: float | None, passed: bool | None, unit: Unit = "seconds") -> JudgedThreshold:
    """A threshold as it is so far."""
    limit = 0.5 if unit == "seconds" else 99.0
    return JudgedThreshold(expression, value, unit, passed, limit=limit)


MET = judged("response_time.p99 < 500ms", 0.012, passed=True)
MISSED = judged("packages.2,000.response_time.p99 < 500ms", 0.7, passed=False)
UNJUDGED_YET = judged("phase.spike.response_time.p99 < 500ms", None, passed=None)
SHORT = judged("delivered_percent >= 99", 94.5, passed=False, unit="percent")
LATE = "the generator was late: " + "word " * 60
TIMES = histogram_of(*[MILLISECOND] * 50, *[200 * MILLISECOND] * 50)
JUDGED = replace(
    SCENE,
    standing=Standing([MET, MISSED, UNJUDGED_YET, SHORT], Verdict("invalid", (LATE,), EXIT_SATURATED)),
    looked=Looked(COUNTS, TIMES, COUNTS.unanswered),
    has_keys=True,
)
ASKED_COUNTS = replace(
    COUNTS, asked={Asked.WHOLE: 4_400, Asked.UNCHANGED: 31, Asked.BUSY: 5, Asked.NO_RECEIPT: 6}, again=79, asking=2
)
ASKED = replace(
    JUDGED,
    subject=replace(SCENE.subject, mode="pull"),
    counts=ASKED_COUNTS,
    looked=Looked(ASKED_COUNTS, TIMES, 9),
    asked=[10, 20, 30] * 20,
    knowledge=Knowledge(200, known_vms=198),
)
HELP = replace(JUDGED, is_help=True)


def shown(scene: Scene = SCENE, columns: int = 80, rows: int = 24) -> list[str]:
    """The picture as plain text."""
    return ["".join(segment.text for segment in line) for line in frame(scene, columns, rows)]


@pytest.mark.parametrize("scene", [SCENE, with_counts(replace(COUNTS, unfinished=3, in_flight=0)), JUDGED, ASKED, HELP])
def test_at_any_width_cells_are_apart_and_no_line_is_too_long(scene: Scene) -> None:
    for columns in range(20, 201):
        for line in frame(scene, columns, 40):
            texts = [segment.text for segment in line if segment.text]
            assert sum(map(cell_len, texts)) <= columns
            for one, other in pairwise(texts):
                assert one[-1].isspace() or other[0].isspace() or one[-1] in UNICODE.filled, (columns, texts)


def words(lines: Sequence[str]) -> set[str]:
    return set(" ".join(lines).split())


def line_of(lines: Sequence[str], beginning: str) -> str:
    (line,) = (each for each in lines if each.startswith(f" {beginning}"))
    return line


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (120, 30), (200, 50)])
def test_every_figure_is_there_and_no_line_is_too_long(columns: int, rows: int) -> None:
    lines = shown(columns=columns, rows=rows)
    assert len(lines) <= rows
    assert max(map(cell_len, lines)) <= columns
    assert words(lines) >= {"4,567", "4,321", "236", "7", "3", "201/s", "199/s", "running", "25"}
    assert words(lines) >= {"1.08", "2.22", "3.33", "555", "66", "777"}  # of the response time
    if columns == 60:
        assert any("more rows in a larger window" in line for line in lines)
    else:
        assert words(lines) >= {"500", "1,000", "1,500", "2,000", "30s", "1m", "5m", "345", "1.50"}  # of the groups
    assert {"reset", "peer"} <= words(lines)
    assert any("warning: the generator was late" in line for line in lines)


@given(st.integers(1, 300), st.integers(0, 100), st.sampled_from([UNICODE, ASCII]), st.integers(0, 3))
def test_any_window_gets_a_picture_that_is_not_too_high(columns: int, rows: int, glyphs: object, scene: int) -> None:
    lines = frame([SCENE, JUDGED, ASKED, HELP][scene], columns, rows, UNICODE if glyphs is UNICODE else ASCII)
    assert len(lines) <= rows


@given(
    st.integers(0, 10**8),
    st.integers(0, 10**8),
    st.integers(0, 10**5),
    st.just(0.0) | st.floats(0.01, 10**6),
    st.integers(0, 10**13),
    st.integers(60, 200),
)
def test_figures_never_touch_one_another(due: int, failed: int, vms: int, rate: float, time_ns: int, columns: int) -> None:
    counts = Counts(due=due, delivered=due, skipped=due, in_flight=due, failures={FailureClass.CLOSED_EARLY: failed})
    clock = Clock("response", (time_ns,) * 5, (time_ns,) * 2)
    groups = GroupRows("packages", (row("100,000-100,001", vms, due, failed, time_ns), row("x" * 63, vms, due)))
    scene = replace(
        SCENE, counts=counts, rates=Rates(rate, rate, rate), clocks=[clock], groups=[groups, replace(groups, dimension="profile")]
    )
    lines = shown(scene, columns, 40)
    assert max(map(cell_len, lines[3:])) <= columns
    figures = lines[4].split()
    assert len(figures) == 5
    assert len(line_of(lines, "response").replace(" ns", "").replace(" us", "").replace(" ms", "").replace(" s", "").split()) >= 7


@pytest.mark.parametrize(("columns", "figures"), [(80, 5), (60, 4), (120, 7)])
def test_a_quantile_among_reports_that_were_not_delivered_says_so(columns: int, figures: int) -> None:
    clock = Clock("response", (MILLISECOND, None, None, None, None), (None, None), undelivered=9, lately_undelivered=9)
    line = line_of(shown(replace(SCENE, clocks=[clock]), columns=columns), "response")
    assert line.split() == ["response", "1", "ms", *["not", "delivered"] * (figures - 1)]


def test_a_clock_without_a_report_has_no_figures() -> None:
    line = line_of(shown(replace(SCENE, clocks=[Clock("lag")])), "lag")
    assert line.split() == ["lag", *["-"] * 7]


def test_progress_says_how_long_is_left() -> None:
    line = shown()[1]
    assert "25 %  10s of 40s, 30s left" in line
    assert line.count(UNICODE.filled) == pytest.approx(line.count(UNICODE.empty) / 3, abs=1)


def test_a_run_without_an_end_says_how_long_it_has_been() -> None:
    lines = shown(replace(SCENE, subject=replace(SCENE.subject, duration_ns=0), elapsed_ns=3_725 * SECOND))
    assert lines[1] == " 1h2m5s since the start, until stopped (Ctrl-C)"


def test_a_run_that_has_not_begun_says_when_it_will() -> None:
    lines = shown(replace(SCENE, elapsed_ns=0))
    assert lines[0].endswith("waiting")
    assert re.fullmatch(r" starts at \d\d:\d\d:20", lines[1])


def test_lines_about_failures_do_not_push_other_warnings_out_of_the_view() -> None:
    failing = [Entry(1_700_000_010.0 + number, "warning", "failures", "reset: 9 more") for number in range(20)]
    lines = shown(replace(SCENE, entries=[*SCENE.entries, *failing]))
    assert any("warning: the generator was late" in line for line in lines)
    assert not any("9 more" in line for line in lines)


@pytest.mark.parametrize(
    ("elapsed_seconds", "is_stopping", "state"), [(10, False, "running"), (40, False, "draining"), (10, True, "stopping")]
)
def test_the_state_stands_at_the_end_of_the_first_line(elapsed_seconds: int, is_stopping: bool, state: str) -> None:
    lines = shown(replace(SCENE, elapsed_ns=elapsed_seconds * SECOND, is_stopping=is_stopping))
    assert lines[0].endswith(f"  {state}")


def test_both_rates_are_drawn_on_one_scale_so_that_a_gap_shows() -> None:
    lines = shown(replace(SCENE, offered=[80, 80, 80], achieved=[80, 40, 10]))
    assert line_of(lines, "offered").endswith("███")
    assert line_of(lines, "achieved").endswith("█▄▁")


@given(st.lists(st.integers(0, 1_000), max_size=50))
def test_a_sparkline_has_a_column_a_value_and_something_where_anything_is(values: list[int]) -> None:
    drawn = sparkline(values, max([*values, 1]), UNICODE)
    assert [character == " " for character in drawn] == [value == 0 for value in values]


def test_where_rows_are_few_the_newest_of_the_log_is_still_begun() -> None:
    lines = shown(rows=20, columns=60)
    assert any("warning: the generator was late" in line for line in lines[-2:])
    assert lines[-1].endswith("…")


def test_many_groups_are_shortened_with_a_word_about_the_rest() -> None:
    rows = tuple(row(f"{number}g", 1, number) for number in range(32))
    lines = shown(replace(SCENE, groups=[GroupRows("packages", rows)]))
    (note,) = (line for line in lines if "more rows" in line)
    visible = sum(line.split()[:1] == [f"{number}g"] for number in range(32) for line in lines)
    assert int(note.split()[1]) == 32 - visible


@pytest.mark.parametrize("groups", [[PACKAGES], [PACKAGES, INTERVALS], [PACKAGES, INTERVALS, PROFILES]])
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_failures_and_the_longest_times_of_every_group_are_shown_in_any_width(columns: int, groups: list[GroupRows]) -> None:
    lines = shown(replace(SCENE, groups=groups), columns=columns, rows=50)
    for table in groups:
        for each in table.rows:
            assert any(each.name in line.split() and f"{each.counts.failed:,}" in line.split() for line in lines)
    assert any({"2,000", "236", "delivered"} <= set(line.split()) for line in lines)
    assert max(map(cell_len, lines)) <= columns


def test_control_characters_of_a_message_do_not_reach_the_terminal() -> None:
    entry = Entry(0.0, "warning", "note", "a\x1b[2Jb\rc")
    scene = replace(SCENE, entries=[entry], errors={FailureClass.RESET: "x\x1b]0;title\x07"})
    assert all(line.isprintable() for line in shown(scene))


def test_groups_without_failures_have_no_column_for_them() -> None:
    lines = shown(replace(SCENE, groups=[PROFILES]))
    assert line_of(lines, "By profile").split() == ["By", "profile", "VMs", "delivered", "resp", "P50", "resp", "P99"]
    assert line_of(shown(), "By packages").count("failed") == 2  # of the intervals, too, so that the tables are alike


def test_the_phase_of_load_stands_beside_the_state() -> None:
    phases = [Phase("calm", 5 * SECOND), Phase("spike", 60 * SECOND)]
    subject = replace(SCENE.subject, shape=Shape(phases, repeat=False, vm_count=200, time_scale=Fraction(1)))
    assert shown(replace(SCENE, subject=subject))[0].endswith("running, phase spike")


SIZES = [(80, 24), (120, 40), (40, 12)]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_thresholds_show_met_or_missed_what_was_found_and_how_far_that_is_from_the_limit(columns: int, rows: int) -> None:
    lines = shown(replace(JUDGED, groups=()), columns, rows)
    assert " ✗ packages.2,000.respo" in "\n".join(lines)
    if columns >= 80:
        assert line_of(lines, "✓").split() == ["✓", "response_time.p99", "<", "500ms", "12", "ms", "488", "ms", "to", "spare"]
        assert line_of(lines, "✗ packages").split()[-5:] == ["700", "ms", "200", "ms", "over"]
        assert line_of(lines, "✗ delivered").split()[-5:] == ["94.5", "%", "4.50", "%", "short"]
        assert line_of(lines, "·").split()[-1] == "-"


def test_where_there_is_no_room_for_all_thresholds_those_that_are_missed_come_first_and_the_rest_is_counted() -> None:
    many = [MET] * 20 + [MISSED]
    lines = shown(replace(JUDGED, standing=replace(JUDGED.standing, thresholds=many)), 80, 24)
    marked = [line[1] for line in lines if line[1:2] in ("✓", "✗")]
    assert marked[0] == "✗"
    assert any(f"{len(many) - len(marked)} more" in line for line in lines)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_run_that_would_be_invalid_says_so_in_amber_and_why(columns: int, rows: int) -> None:
    lines = frame(JUDGED, columns, rows)
    state = lines[0][-1]
    assert (state.text, state.style and state.style.bgcolor and state.style.bgcolor.name) == ("running, invalid", "yellow")
    assert "the generator was late" in "".join(segment.text for segment in lines[2])
    assert sum("the generator was late" in line for line in shown(JUDGED, columns, rows)) == 1  # not in the log once more


def test_a_run_that_would_fail_says_so() -> None:
    failing = Verdict("failed", (str(MISSED), "9 of 90 due reports were not delivered"), 1)
    lines = shown(replace(JUDGED, standing=Standing([MISSED], failing)))
    assert lines[0].endswith("running, failing")
    assert lines[2] == " failed so far: 9 of 90 due reports were not delivered"  # the threshold is seen below


def test_lines_that_are_there_are_used_for_a_chart_in_which_two_populations_are_two_hills() -> None:
    lines = shown(replace(JUDGED, looked=Looked(COUNTS, TIMES, 25)), 120, 40)
    (place,) = (number for number, line in enumerate(lines) if "100 ms" in line and "not delivered" in line)
    scale, bars = lines[place], lines[place - 1]
    assert len(bars.split()) == 3  # at 1 ms, at 200 ms, and what was not delivered
    assert scale.index("1 ms") < scale.index("100 ms") < scale.index("not delivered")
    assert not any(line.startswith(" Response times") for line in shown(JUDGED, 80, 24))


def test_reports_in_flight_are_drawn_over_time_where_there_is_a_line_for_them() -> None:
    assert line_of(shown(replace(JUDGED, in_flight=[1, 8, 4]), 120, 40), "in flight").endswith("▁█▄")


def test_the_last_ten_seconds_take_the_place_of_the_whole_run() -> None:
    recent = Looked(Counts(due=12, delivered=12), TIMES, is_recent=True)
    lines = shown(replace(JUDGED, looked=recent), 120, 40)
    assert sum(line.startswith(" Last 10 s") for line in lines) == 2
    assert "12" in words(lines)
    assert "4,567" not in words(lines)
    assert not any("10s P99" in line for line in lines)
    assert any(line.startswith(" Response times") and line.endswith("last 10 s") for line in lines)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_fleet_that_is_asked_has_its_own_words(columns: int, rows: int) -> None:
    lines = shown(ASKED, columns, rows)
    assert line_of(lines, "Known").startswith(" Known     198 of 200 VMs")
    assert line_of(lines, "askings").strip()
    if columns >= 80:
        askings = lines[lines.index(next(line for line in lines if line.startswith(" Askings"))) + 1]
        assert {"4,400", "79", "31", "5", "6", "2"} <= set(askings.split())
        assert "what the scanner knows is up to 3ms old (P99)" in line_of(lines, "Known")
        assert "waiting" in lines[lines.index(line_of(lines, "Reports"))]


def test_the_help_has_the_keys_first_and_in_a_window_of_the_usual_size_all_words() -> None:
    for columns, rows in SIZES:
        assert any(line.startswith("   q ") for line in shown(HELP, columns, rows))
    lines = shown(HELP, 80, 30)
    assert {"q", "w", "?", "✓", "✗", "delivered", "skipped", "response", "lag"} <= words(lines)


def test_times_of_minutes_and_hours_are_told_as_people_tell_them() -> None:
    clock = Clock("response", (90 * SECOND, 3_600 * SECOND, 15_120 * SECOND, 15_120 * SECOND, 15_120 * SECOND))
    hours = Looked(ASKED_COUNTS, histogram_of(90 * SECOND, 15_120 * SECOND))
    lines = shown(replace(ASKED, clocks=[clock], looked=hours, groups=()), 120, 50)
    assert {"1m30s", "1h", "4h12m"} <= set(line_of(lines, "response").split())
    assert any({"2m", "10m", "1h"} <= set(line.split()) for line in lines)
    assert "up to 4h12m old" in line_of(lines, "Known")


def test_without_keys_none_are_offered() -> None:
    assert shown(JUDGED, 120, 40)[-1].split() == ["q", "stop", "w", "last", "10", "s", "?", "help"]
    assert "help" not in words(shown(replace(JUDGED, has_keys=False), 120, 40))
