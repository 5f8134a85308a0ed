"""Shares and trends: what counts say for certain, and what may be chance."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.capacity.statistics import CONFIDENCE_Z, rising_by_chance, spread_of, wilson

COUNTS = st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTS, st.floats(1, 100))
def test_an_interval_holds_the_share_that_was_seen(counts: tuple[int, int], spread: float) -> None:
    over, of = counts
    low, high = wilson(over, of, spread)
    assert 0 <= low <= over / of + 1e-12
    assert over / of - 1e-12 <= high <= 1


@given(COUNTS, st.floats(1.5, 100))
def test_reports_that_depend_on_each_other_say_less(counts: tuple[int, int], spread: float) -> None:
    low, high = wilson(*counts)
    wider_low, wider_high = wilson(*counts, spread)
    assert wider_high - wider_low > high - low


def test_of_no_reports_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10**6))
def test_the_interval_of_none_has_its_closed_form(of: int) -> None:
    low, high = wilson(0, of)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(CONFIDENCE_Z**2 / (of + CONFIDENCE_Z**2))


@given(st.floats(1e-5, 0.5))
def test_three_by_the_share_reports_show_a_share_that_is_never_missed(share: float) -> None:
    assert wilson(0, math.ceil(3 / share))[1] <= share


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(2, 20))
def test_batches_that_are_alike_have_no_spread(of: int, over: int, batches: int) -> None:
    assert spread_of([(min(over, of), of)] * batches) == 1.0


def test_a_burst_has_as_much_spread_as_it_has_reports() -> None:
    assert spread_of([(100, 100), *[(0, 100)] * 9]) == pytest.approx(100 * 10 / 9 * 9 / 9, rel=0.15)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 100)), min_size=0, max_size=12))
def test_spread_never_makes_more_of_what_was_seen(batches: list[tuple[int, int]]) -> None:
    assert spread_of(batches) >= 1.0


@pytest.mark.parametrize("size", [3, 4, 5, 6])
def test_the_chance_of_a_rise_is_its_share_of_all_orders(size: int) -> None:
    """Held against counting: of all orders of so many values, those that rise at least as much."""

    def score(row: tuple[int, ...]) -> int:
        return sum((row[j] > row[i]) - (row[j] < row[i]) for i in range(size) for j in range(i + 1, size))

    scores = [score(row) for row in permutations(range(size))]
    for row in list(permutations(range(size)))[:: max(1, len(scores) // 25)]:
        expected = sum(each >= score(row) for each in scores) / len(scores)
        assert rising_by_chance(row) == pytest.approx(expected)


def test_a_row_that_only_rises_is_no_chance_and_one_that_falls_no_rise() -> None:
    assert rising_by_chance(range(12)) == pytest.approx(1 / math.factorial(12))
    assert rising_by_chance(range(12, 0, -1)) == 1.0
    assert rising_by_chance([1.0] * 12) > 0.4
