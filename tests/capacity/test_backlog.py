"""A backlog that grows, and one that only goes up and down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.capacity.backlog import SLICES, backlog_of

WINDOW = 12_000


def samples(*levels: int) -> list[tuple[int, int]]:
    """Four samples in each slice of the window."""
    each = WINDOW // len(levels)
    return [(place * each + part * each // 4, level) for place, level in enumerate(levels) for part in range(4)]


def test_a_queue_that_gets_longer_all_the_time_grows() -> None:
    found = backlog_of(samples(*range(5, 65, 5)), WINDOW, 1_000, 0.05)
    assert found.slices == tuple(range(5, 65, 5))
    assert found.growth == pytest.approx((52.5 - 12.5) / (1_000 * 2 / 3))
    assert found.means == "grows"


def test_growth_that_is_small_for_the_load_is_none() -> None:
    assert backlog_of(samples(*range(5, 65, 5)), WINDOW, 10_000, 0.05).means == "level"


def test_a_jump_without_a_trend_may_be_growth() -> None:
    assert backlog_of(samples(9, 1, 9, 1, 1, 1, 1, 1, 90, 1, 1, 90), WINDOW, 1_000, 0.05).means == "growing"


@pytest.mark.parametrize(("long", "means"), [(False, "growing"), (True, "grows")])
def test_what_is_added_to_much_that_is_always_under_way_shows_in_a_long_trial(long: bool, means: str) -> None:
    assert backlog_of(samples(*range(100, 160, 5)), WINDOW, 1_000, 0.05, long=long).means == means


def test_of_a_window_that_was_cut_short_no_growth_is_known() -> None:
    found = backlog_of(samples(*range(5, 65, 5)), WINDOW, 1_000, 0.05, cut=True)
    assert (found.growth, found.means) == (None, "level")


@given(st.lists(st.tuples(st.integers(-1_000, 2 * WINDOW), st.integers(0, 10**6)), max_size=100), st.integers(0, 10**6))
def test_whatever_the_samples_there_is_a_mean_for_every_slice(found: list[tuple[int, int]], due: int) -> None:
    assert len(backlog_of(sorted(found), WINDOW, due, 0.05).slices) == SLICES


def test_a_slice_without_a_sample_is_as_the_one_before() -> None:
    found = [(at, level) for at, level in samples(*range(1, 13)) if level != 5]
    assert backlog_of(found, WINDOW, 1_000, 0.05).slices[3:6] == (4, 4, 6)
