"""Gaps between arrivals are time that has passed, whatever becomes of the wall clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.receiver.steady import steady_wall
from vsock_loadgen.units import SECOND


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**6), 10**6))))
def test_a_clock_that_is_set_changes_no_gap(steps: list[tuple[int, int]]) -> None:
    clocks = {"wall": 1_700_000_000, "boot": 0}
    steady = steady_wall(lambda: clocks["wall"], lambda: clocks["boot"] * SECOND)
    before = steady()
    for passed, was_set in steps:
        clocks["wall"] += passed + was_set
        clocks["boot"] += passed
        assert steady() - before == passed
        before = steady()
