"""Differences are those of the medians, and are told from chance only where a side has several runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison_example import grouped_run, grouped_sides
from run_example import by_packages, result_of, times_of
from vsock_loadgen.measures.figures import METRICS
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.comparison import COMPARED, OF_GROUPS, Change, Figure, Side, compare, compared, value_of
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.units import MILLISECOND

figures = st.lists(st.one_of(st.floats(0, 1e9), st.just(math.inf)), min_size=1, max_size=5).map(
    lambda values: Figure(tuple(values))
)


def run_of(response_ms: int = 100, delivered: int = 100, failed: int = 0, **changes: object) -> Result:
    """A run whose delivered reports all took the same."""
    failures = {FailureClass.TIMEOUT: failed} if failed else {}
    due = delivered + failed
    times = times_of(response_ms * MILLISECOND, response_ms * MILLISECOND, MILLISECOND, delivered) if delivered else Times()
    result = result_of(Counts(due=due, started=due, delivered=delivered, failures=failures), times)
    return replace(result, **changes)  # type: ignore[arg-type]


def side_of(*results: Result) -> Side:
    return Side("side", tuple(Named(f"{number}.json", result) for number, result in enumerate(results)))


def change_of(before: Side, after: Side, name: str) -> Change:
    (change,) = compare(before, [after]).row(COMPARED[name]).changes
    return change


def test_every_figure_of_a_threshold_is_compared() -> None:
    assert set(METRICS) < set(COMPARED)


def test_a_difference_is_in_the_figures_unit_and_in_percent_of_the_baseline() -> None:
    change = change_of(side_of(run_of(100)), side_of(run_of(150)), "response_time.p99")
    assert change.difference == pytest.approx(0.05, rel=1e-2)
    assert change.percent == pytest.approx(50, rel=1e-2)


def test_one_run_a_side_has_no_spread() -> None:
    change = change_of(side_of(run_of(100)), side_of(run_of(150)), "response_time.p99")
    assert (change.spread, change.exceeds_spread) == (None, None)


@pytest.mark.parametrize(("after", "exceeds"), [((129, 131), False), ((139, 141), True)])
def test_a_difference_counts_where_it_is_more_than_the_runs_of_a_side_differ(after: tuple[int, int], exceeds: bool) -> None:
    """The baseline's runs are 35 ms apart, the others 2 ms."""
    change = change_of(side_of(run_of(85), run_of(120), run_of(100)), side_of(*map(run_of, after)), "response_time.max")
    assert change.spread == pytest.approx(0.035)
    assert change.before.middle == pytest.approx(0.1)
    assert change.exceeds_spread is exceeds


def test_the_spread_of_one_side_is_enough() -> None:
    assert change_of(side_of(run_of(100)), side_of(run_of(200), run_of(201)), "response_time.p50").exceeds_spread is True


def test_a_percentile_that_was_not_delivered_is_longer_than_any() -> None:
    change = change_of(side_of(run_of(100)), side_of(run_of(100, delivered=90, failed=10)), "response_time.p99")
    assert (change.difference, change.percent) == (math.inf, math.inf)
    back = change_of(side_of(run_of(100, delivered=90, failed=10)), side_of(run_of(100)), "response_time.p99")
    assert (back.difference, back.percent) == (-math.inf, -100)


def test_two_percentiles_that_were_not_delivered_have_no_difference() -> None:
    late = side_of(run_of(100, delivered=90, failed=10))
    change = change_of(late, late, "response_time.p99")
    assert (change.difference, change.percent, change.exceeds_spread) == (None, None, None)


def test_a_run_without_any_report_has_no_figures() -> None:
    nothing = run_of(delivered=0)
    assert value_of(COMPARED["response_time.p50"], nothing) is None
    assert value_of(COMPARED["failed_percent"], nothing) is None
    assert change_of(side_of(run_of()), side_of(nothing), "failed_percent").difference is None


def test_from_nothing_to_something_is_infinite_in_percent_and_finite_in_points() -> None:
    change = change_of(side_of(run_of()), side_of(run_of(delivered=99, failed=1)), "failed_percent")
    assert (change.difference, change.percent) == (1.0, math.inf)
    assert change_of(side_of(run_of()), side_of(run_of()), "failed_percent").percent == 0


def test_each_group_of_all_sides_is_compared() -> None:
    """The large VMs became slower; in the whole run the median says nothing of it."""
    comparison = grouped_sides(grouped_run(), grouped_run(large_ms=90))
    assert list(comparison.by_part) == ["", "packages.500", "packages.2000"]
    assert [row.metric.name for row in comparison.by_part["packages.2000"]] == [f"packages.2000.{name}" for name in OF_GROUPS]
    percents = {row.metric.name: row.changes[0].percent for row in comparison.rows}
    assert percents["packages.2000.response_time.p50"] == pytest.approx(50, rel=1e-2)
    assert percents["packages.500.response_time.p50"] == percents["response_time.p50"] == 0


def test_a_groups_percentile_that_was_not_delivered_is_longer_than_any() -> None:
    """5 of 1,100 reports are few in the whole run and many among the large VMs'."""
    comparison = grouped_sides(grouped_run(), grouped_run(failed=5))
    change_by_name = {row.metric.name: row.changes[0] for row in comparison.rows}
    assert change_by_name["packages.2000.response_time.p99"].difference == math.inf
    assert change_by_name["packages.2000.failed_percent"].difference == 5
    assert change_by_name["response_time.p99"].difference == 0


def test_a_group_that_one_side_does_not_have_is_not_compared() -> None:
    groups = grouped_run().groups
    assert groups is not None
    others = [
        replace(grouped_run(), groups=None),
        replace(grouped_run(), groups=by_packages(*groups.packages[:1])),
        replace(grouped_run(), groups=by_packages(groups.packages[0], replace(groups.packages[1], id="3000"))),
    ]
    for other in others:
        assert list(grouped_sides(grouped_run(), other).by_part) == [""]


def test_a_group_without_vms_on_this_node_has_no_figure() -> None:
    groups = grouped_run().groups
    assert groups is not None
    without = replace(grouped_run(), groups=by_packages(groups.packages[0], replace(groups.packages[1], vms=0)))
    assert value_of(compared("packages.2000.response_time.p99"), without) is None


def test_failure_classes_that_no_run_has_are_left_out() -> None:
    names = [row.metric.name for row in compare(side_of(run_of()), [side_of(run_of(failed=1))]).rows]
    assert "failed_percent.timeout" in names
    assert "failed_percent.reset" not in names


def test_the_offered_rate_is_that_of_the_schedule_and_not_of_the_wait_for_stragglers() -> None:
    """Both runs were offered 100 reports in 10 s; the second waited 10 s more for those under way."""
    brisk = run_of(config={"duration": "10s"}, elapsed_ns=10_000 * MILLISECOND)
    slow = replace(brisk, elapsed_ns=20_000 * MILLISECOND)
    assert [value_of(COMPARED["offered_per_second"], run) for run in (brisk, slow)] == [10, 10]
    assert [value_of(COMPARED["reports_per_second"], run) for run in (brisk, slow)] == [10, 5]
    assert value_of(COMPARED["offered_per_second"], replace(slow, config={"duration": "0s"})) == 5


def test_what_was_set_up_differently_is_said_key_by_key() -> None:
    first = run_of(config={"vmCount": 200, "packages": {"mean": 700, "max": 900}, "workers": 1})
    second = run_of(config={"vmCount": 100, "packages": {"mean": 800, "max": 900}, "workers": 1})
    found = compare(side_of(first), [side_of(second)]).differences
    assert [(difference.key, difference.values) for difference in found] == [
        ("vmCount", (200, 100)),
        ("packages.mean", (700, 800)),
    ]


def test_machines_are_told_apart_from_setups() -> None:
    found = compare(side_of(run_of()), [side_of(run_of(environment={"python": "3.13.0"}))])
    assert [difference.key for difference in found.machines] == ["python"]
    assert found.differences == ()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"config": {"vmCount": 200, "workers": 4}}, True),
        ({"config": {"vmCount": 200, "jitter": 9}}, False),
        ({"slice": {"node_index": 1, "node_count": 2, "first_vm": 100, "vms": 100}}, False),
    ],
)
def test_plans_are_the_same_where_the_same_reports_are_due(changes: dict[str, object], same: bool) -> None:
    assert compare(side_of(run_of()), [side_of(run_of(**changes))]).same_plan is same  # type: ignore[arg-type]


@settings(deadline=None)
@given(before=figures, after=figures)
def test_swapping_sides_turns_the_difference_round(before: Figure, after: Figure) -> None:
    there, back = Change(before, after), Change(after, before)
    assert there.exceeds_spread == back.exceeds_spread
    if there.difference is None:
        assert back.difference is None
    else:
        assert back.difference == -there.difference


@settings(deadline=None)
@given(figure=figures)
def test_a_side_does_not_differ_from_itself(figure: Figure) -> None:
    change = Change(figure, figure)
    assert change.difference in (0, None)
    assert change.exceeds_spread in (False, None)


def began(*seconds: int) -> Side:
    return side_of(*(run_of(started_at=f"2026-01-31T12:00:{second:02}+00:00") for second in seconds))


@pytest.mark.parametrize(
    ("before", "after", "in_turn"),
    [
        (began(0), began(1), None),
        (began(0, 1), began(2, 3), False),
        (began(2, 3), began(0, 1), False),
        (began(0, 2), began(1, 3), True),
        (began(0, 3), began(1, 2), True),
        (began(0, 0), began(1, 2), None),
    ],
)
def test_sides_whose_runs_alternate_were_run_in_turn(before: Side, after: Side, in_turn: bool | None) -> None:
    assert compare(before, [after]).in_turn is in_turn
