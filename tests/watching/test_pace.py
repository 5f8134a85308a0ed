"""The present rates, and the whole seconds behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.pace import MOST_SECONDS, Pace, Rates


def test_before_anything_has_happened_the_rates_are_zero() -> None:
    pace = Pace()
    assert (pace.rates, pace.offered, pace.achieved) == (Rates(), [], [])


def test_rates_are_those_of_the_last_five_seconds() -> None:
    pace = Pace()
    for quarter in range(1, 81):
        rate = 100 if quarter <= 40 else 20
        due = sum(100 if each <= 40 else 20 for each in range(1, quarter + 1))
        pace.add(quarter * 250 * MILLISECOND, Counts(due=due, delivered=due // 2, bytes=1_000 * due))
        if quarter in (40, 80):
            assert pace.rates.offered == pytest.approx(4 * rate, rel=0.01)
            assert pace.rates.achieved == pytest.approx(2 * rate, rel=0.01)
            assert pace.rates.bytes == pytest.approx(4_000 * rate, rel=0.01)


def test_a_stretch_belongs_to_the_second_in_which_it_began_and_the_present_second_is_not_shown() -> None:
    pace = Pace()
    pace.add(900 * MILLISECOND, Counts(due=9, delivered=5))
    assert pace.offered == []
    pace.add(1_150 * MILLISECOND, Counts(due=11, delivered=10))
    pace.add(1_400 * MILLISECOND, Counts(due=12, delivered=12))
    assert (pace.offered, pace.achieved) == ([11], [10])


def test_seconds_without_a_snapshot_are_empty() -> None:
    pace = Pace()
    pace.add(500 * MILLISECOND, Counts(due=1))
    pace.add(3_200 * MILLISECOND, Counts(due=2))
    pace.add(3_400 * MILLISECOND, Counts(due=3))
    assert pace.offered == [2, 0, 0]


def test_an_update_without_news_changes_nothing() -> None:
    pace = Pace()
    pace.add(SECOND, Counts(due=5))
    before = pace.rates
    pace.add(SECOND, Counts(due=5))
    assert pace.rates == before


@given(st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 9)), min_size=1, max_size=60))
def test_every_report_is_in_one_second_and_memory_is_bounded(steps: list[tuple[int, int]]) -> None:
    pace, elapsed_ms, due = Pace(), 0, 0
    for milliseconds, reports in steps:
        elapsed_ms, due = elapsed_ms + milliseconds, due + reports
        pace.add(elapsed_ms * MILLISECOND, Counts(due=due))
    pace.add((elapsed_ms + 2_000) * MILLISECOND, Counts(due=due))
    pace.add((elapsed_ms + 4_000) * MILLISECOND, Counts(due=due))
    assert len(pace.offered) < MOST_SECONDS
    assert sum(pace.offered) == due
