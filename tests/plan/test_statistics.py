"""Nearest-rank statistics: each is a value that some VM really has."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.plan.statistics import cumulative, nearest_rank, nearest_ranks, statistics_of
from vsock_loadgen.units import SECOND


@given(values=st.lists(st.integers(0, 10**12), min_size=1, max_size=300), percent=st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_of_the_fleet_does_not_exceed(values: list[int], percent: int) -> None:
    naive = min(value for value in values if 100 * sum(other <= value for other in values) >= percent * len(values))
    assert nearest_rank(sorted(values), percent) == naive


@given(
    values=st.lists(st.integers(0, 30) | st.integers(0, 10**12), min_size=1, max_size=300), percents=st.lists(st.integers(1, 100))
)
def test_percentiles_of_values_in_any_order_are_those_of_the_sorted_ones(values: list[int], percents: list[int]) -> None:
    assert nearest_ranks(Counter(values), percents) == [nearest_rank(sorted(values), percent) for percent in percents]


@given(values=st.lists(st.integers(0, 9) | st.integers(0, 10**12), min_size=1, max_size=300), most=st.integers(2, 70))
def test_a_cumulative_curve_says_how_many_have_no_more(values: list[int], most: int) -> None:
    curve = cumulative(Counter(values), most)
    assert len(curve) <= most
    assert [value for value, _ in curve] == sorted({value for value, _ in curve})
    for value, percent in curve:
        assert percent == 100 * sum(other <= value for other in values) / len(values)
    assert curve[-1] == (max(values), 100)


@given(values=st.lists(st.integers(1, 10**6), min_size=1, max_size=50))
def test_statistics_do_not_depend_on_the_order(values: list[int]) -> None:
    found = statistics_of(Counter(values))
    assert found == statistics_of(Counter(sorted(values, reverse=True)))
    assert (found.minimum, found.maximum, found.mean) == (min(values), max(values), sum(values) / len(values))


def test_the_example_fleet_has_the_documented_statistics() -> None:
    plan = plan_of(EXAMPLE)
    packages, intervals = plan.packages.statistics, plan.report_interval.statistics
    assert (packages.mean, packages.p50, packages.p95, packages.p99) == (710, 500, 1_500, 2_000)
    assert (packages.minimum, packages.maximum) == (500, 2_000)
    assert (intervals.mean, intervals.p50, intervals.p95) == (93 * SECOND, 30 * SECOND, 300 * SECOND)
    assert f"{plan.forecast.reports_per_second:.2f}" == "4.47"
