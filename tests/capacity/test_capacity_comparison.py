"""Searches held against the first one: the difference, whether the bounds leave it open, and what else is not the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import capacity_example as example
from vsock_loadgen.capacity.comparison import Change, Comparison, Side, compare, comparison_document, parse_holds
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.trial import Level

LOADS = st.integers(1, 10_000)


def of(*capacities: Capacity) -> Comparison:
    return compare([Side(f"{number}.json", capacity) for number, capacity in enumerate(capacities)])


def change(*capacities: Capacity) -> Change:
    (found,) = of(*capacities).changes
    return found


def level(load: float) -> Level:
    return Level(load / example.PER_SECOND, example.VMS, load)


def test_the_difference_is_in_reports_per_second_and_in_percent_of_before() -> None:
    found = change(example.found(), example.slower())
    assert (found.difference, found.percent, found.width, found.overlaps) == (-19.0, -20.0, 5.0, False)


def test_searches_that_vary_vms_are_compared_in_vms() -> None:
    found = change(example.by_vms(), example.by_vms(78))
    assert (found.unit, found.difference) == ("vms", 4_000 - 9_500)
    assert of(example.by_vms(), example.found()).unit == "reports_per_second"


def test_bounds_that_lie_across_each_other_leave_the_difference_open() -> None:
    assert change(example.found(), example.a_bit_slower()).overlaps


@given(LOADS, LOADS, LOADS, LOADS)
def test_bounds_that_do_not_overlap_are_further_apart_than_the_nearer_of_their_widths(
    low: int, width: int, other: int, other_width: int
) -> None:
    one, two = (
        Side("x", replace(example.not_begun(), holds=level(start), misses=level(start + size)))
        for start, size in ((low, width), (other, other_width))
    )
    found = Change(one, two, "reports_per_second")
    back = Change(two, one, "reports_per_second")
    assert found.overlaps == back.overlaps
    assert found.difference == -(back.difference or 0)
    if not found.overlaps:
        assert abs(other - low) >= min(width, other_width)


def test_a_search_without_a_miss_may_hold_any_load_above() -> None:
    assert change(example.found(), example.generator_limited()).overlaps
    assert not change(example.slower(misses=None), example.nothing_held()).overlaps


def test_what_holds_nothing_holds_all_of_it_less() -> None:
    assert change(example.found(), example.nothing_held()).percent == -100
    assert change(example.nothing_held(), example.found()).percent is None
    assert change(example.nothing_held(), example.nothing_held()).difference is None


def test_another_target_is_the_same_load_and_another_fleet_is_not() -> None:
    elsewhere = example.slower(config=example.CONFIG | {"target": "unix:///run/new.sock", "workers": 3})
    assert of(example.found(), elsewhere).has_same_load
    assert [difference.key for difference in of(example.found(), elsewhere).differences] == ["target", "workers"]
    assert not of(example.found(), example.slower(config=example.CONFIG | {"packages": {"median": 5}})).has_same_load
    assert not of(example.found(), example.by_vms()).has_same_load


def test_other_goals_are_seen_in_whatever_order() -> None:
    assert of(example.found(), example.slower(goals=(example.LOST, example.P99))).has_same_goals
    assert not of(example.found(), example.slower(goals=("response_time.p99 < 1s", example.LOST))).has_same_goals


def test_the_document_has_each_side_in_short_with_its_difference() -> None:
    document: dict[str, Any] = comparison_document(of(example.found(), example.slower()))
    assert document["schema"] == "vsock-loadgen/capacity-comparison/v1"
    (other,) = document["others"]
    assert "trials" not in other
    assert (other["name"], other["difference"], other["bounds_overlap"]) == ("1.json", -19.0, False)
    assert document["baseline"]["holds"] == example.found().to_json()["holds"]


@pytest.mark.parametrize(
    ("text", "operator", "percent"),
    [("holds < -10%", "<", -10), (" holds<=-2.5 %", "<=", Fraction(-5, 2)), ("holds > +5%", ">", 5), ("holds < 0%", "<", 0)],
)
def test_a_condition_is_a_signed_percentage(text: str, operator: str, percent: Fraction) -> None:
    condition = parse_holds(text)
    assert (condition.operator, condition.percent) == (operator, percent)


@pytest.mark.parametrize(
    "text", ["holds", "holds < 10%", "holds < -10", "holds < -x%", "held < -10%", "holds = -10%", "holds < +-1%"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_holds(text)


def test_a_condition_is_judged_for_each_side_and_fails_where_there_is_no_difference() -> None:
    judged = parse_holds("holds < -10%").judge(of(example.found(), example.slower(), example.a_bit_slower()))
    assert [each.failed for each in judged] == [True, False]
    (unknown,) = parse_holds("holds < -10%").judge(of(example.nothing_held(), example.found()))
    assert (unknown.value, unknown.failed) == (None, True)
