"""The residual time of the renewal process that an asker is: a distribution, and that which a simulated asker has."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.plan.staleness import Recurrence

LEAST = st.floats(0.001, 1e15)
ASKERS = st.builds(lambda least, part: Recurrence(least, least * part), LEAST, st.just(0.0) | st.floats(1e-3, 10))
SHARES = st.floats(0, 1)


@given(ASKERS, SHARES)
def test_a_quantile_is_where_that_share_is_reached(asker: Recurrence, share: float) -> None:
    assert asker.reached(asker.quantile(share)) == pytest.approx(share, abs=1e-6)


@given(ASKERS, SHARES, SHARES)
def test_the_longer_one_waits_the_more_have_been_asked_and_all_within_the_longest_time(
    asker: Recurrence, one: float, two: float
) -> None:
    low, high = sorted((one, two))
    assert asker.reached(low * asker.most) <= asker.reached(high * asker.most) + 1e-12
    assert asker.quantile(low) <= asker.quantile(high)
    assert asker.reached(0) == 0
    assert asker.reached(asker.most) == pytest.approx(1)
    assert asker.quantile(1) == pytest.approx(asker.most, rel=1e-6)


@given(ASKERS)
def test_the_mean_residual_time_is_half_the_mean_square_over_the_mean(asker: Recurrence) -> None:
    steps = 4_000
    mean = sum(asker.quantile((step + 0.5) / steps) for step in range(steps)) / steps
    square = asker.mean**2 + asker.spread**2 / 12
    assert mean == pytest.approx(square / (2 * asker.mean), rel=1e-3)


@given(ASKERS, st.floats(0.1, 10))
def test_the_unit_of_time_is_of_no_account(asker: Recurrence, factor: float) -> None:
    other = Recurrence(asker.least * factor, asker.spread * factor)
    assert other.quantile(0.9) == pytest.approx(asker.quantile(0.9) * factor)
    assert other.reached(asker.mean * factor) == pytest.approx(asker.reached(asker.mean))


@pytest.mark.parametrize("spread", [0.0, 2 / 3, 3.0])
def test_a_simulated_asker_comes_as_late_as_the_theory_says(spread: float) -> None:
    draw = random.Random(spread)
    asker = Recurrence(1.0, spread)
    instants = list(accumulate((1 + spread * draw.random() for _ in range(40_000)), initial=0.0))
    moments = [draw.random() * instants[-1] for _ in range(40_000)]
    waits = sorted(instants[bisect_left(instants, moment)] - moment for moment in moments)
    for share in (0.1, 0.5, 0.75, 0.95, 0.99):
        assert waits[int(share * len(waits))] == pytest.approx(asker.quantile(share), abs=0.02)
    assert all(after > before for before, after in pairwise(instants))
