"""A calendar gives what a heap gives, in the same order, however its days are cut."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.engine.calendar import NEVER, Calendar

NUMBERS = st.integers(0, 1 << 70)
DAY_BITS = st.integers(0, 75)


@given(st.lists(NUMBERS), DAY_BITS)
def test_it_holds_what_was_put_in_and_the_smallest_comes_first(numbers: list[int], day_bits: int) -> None:
    made = Calendar(numbers, day_bits)
    assert sorted(made) == sorted(numbers)
    assert made.first == min(numbers, default=NEVER)


@given(st.lists(NUMBERS, min_size=1), st.lists(NUMBERS | st.integers(0, 100)), DAY_BITS)
def test_replacing_the_first_is_that_of_a_heap(numbers: list[int], others: list[int], day_bits: int) -> None:
    made, heap = Calendar(numbers, day_bits), sorted(numbers)
    for other in others:
        assert made.first == heap[0]
        made.replace_first(other)
        heapq.heapreplace(heap, other)
        assert sorted(made) == sorted(heap)


@given(st.lists(st.integers(1, 1_000), min_size=1), DAY_BITS)
def test_steady_intervals_are_gone_through_in_order(intervals: list[int], day_bits: int) -> None:
    """As a fleet does: what is taken comes back later, on another page or on the same one."""
    made = Calendar(((interval << 10) | place for place, interval in enumerate(intervals)), day_bits)
    heap = sorted((interval << 10) | place for place, interval in enumerate(intervals))
    for _ in range(5 * len(intervals)):
        first = heap[0]
        assert made.first == first
        later = first + (intervals[first & 1023] << 10)
        made.replace_first(later)
        heapq.heapreplace(heap, later)
