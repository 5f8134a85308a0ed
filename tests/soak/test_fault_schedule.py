"""Which fault happens when is decided by the seed alone."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soak.faults import ASKER_KINDS, ASKER_MEANING, KINDS, LONGEST_SECONDS, MEANING, Fault, schedule


def test_a_seed_gives_the_same_faults_on_every_machine() -> None:
    assert schedule(1, 300, 60)[:3] == GOLDEN
    assert schedule(1, 300, 60) == schedule(1, 300, 60)
    assert schedule(2, 300, 60) != schedule(1, 300, 60)


@given(seed=st.integers(0, 10_000), duration=st.floats(5, 7_200), share=st.floats(0, 0.9))
def test_faults_come_one_after_the_other_between_the_warm_up_and_the_end(seed: int, duration: float, share: float) -> None:
    warm_up = duration * share
    faults = schedule(seed, duration, warm_up)
    assert all(warm_up <= fault.at_seconds for fault in faults)
    assert all(fault.at_seconds + fault.seconds < duration for fault in faults)
    assert all(one.at_seconds + one.seconds < two.at_seconds for one, two in pairwise(faults))
    assert all(0 < fault.seconds <= LONGEST_SECONDS for fault in faults)


@given(seed=st.integers(0, 1_000))
def test_half_an_hour_has_every_kind_of_fault_equally_often(seed: int) -> None:
    counts = Counter(fault.kind for fault in schedule(seed, 1_800, 180))
    assert set(counts) == set(KINDS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_every_kind_is_explained() -> None:
    assert set(MEANING) == set(KINDS)
    assert set(ASKER_MEANING) == set(ASKER_KINDS)


def test_a_warm_up_that_leaves_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="found 10 s without a fault in a soak of 10 s, expected fewer"):
        schedule(1, 10, 10)


GOLDEN = [
    Fault(87.646, "reset", 1.612),
    Fault(118.397, "size", 5.906),
    Fault(165.228, "backlog", 2.991),
]
