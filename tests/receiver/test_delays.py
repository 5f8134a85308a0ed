"""Which of several delays holds at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.receiver.delays import Delays

NANOSECONDS = st.integers(0, 2**63 - 1)
STEPS = st.dictionaries(st.integers(1, 2**63 - 1), NANOSECONDS).map(lambda steps: tuple(sorted(steps.items())))


@given(NANOSECONDS, NANOSECONDS)
def test_a_single_delay_holds_at_any_time(delay: int, elapsed: int) -> None:
    assert Delays(delay).at(elapsed) == delay


@given(NANOSECONDS, STEPS)
def test_each_delay_holds_from_its_time_to_just_before_the_next(first: int, steps: tuple[tuple[int, int], ...]) -> None:
    delays = Delays(first, steps)
    begins, held = zip((0, first), *steps, strict=True)
    assert tuple(map(delays.at, begins)) == held
    assert tuple(delays.at(begin - 1) for begin in begins[1:]) == held[:-1]
    assert delays.at(2**63) == held[-1]


@given(NANOSECONDS, st.lists(st.integers(-2, 5), min_size=1, max_size=4))
def test_times_that_do_not_ascend_from_above_zero_are_refused_and_others_taken(delay: int, times: list[int]) -> None:
    steps = tuple((time, delay) for time in times)
    if times == sorted({time for time in times if time > 0}):
        assert Delays(0, steps).later == steps
    else:
        with pytest.raises(ValueError, match=r"is not after .*, expected ascending times after 0s"):
            Delays(0, steps)


@pytest.mark.parametrize(("first", "steps"), [(-1, ()), (0, ((1, -1),)), (5, ((1, 5), (2, -1), (3, 5)))])
def test_a_negative_delay_is_refused(first: int, steps: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="a delay is negative"):
        Delays(first, steps)
