"""Shares of whole VMs: exact, whatever the fleet's size."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.distributions.apportion import apportion


@st.composite
def percents(draw: st.DrawFn) -> list[Fraction]:
    """1 to 12 positive shares with up to four decimals that add up to exactly 100."""
    cuts = sorted(draw(st.sets(st.integers(1, 999_999), max_size=11)))
    return [Fraction(high - low, 10_000) for low, high in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]


@given(total=st.integers(0, 100_000), shares=percents())
def test_counts_add_up_and_each_is_the_floor_or_the_ceiling_of_its_exact_share(total: int, shares: list[Fraction]) -> None:
    counts = apportion(total, shares)
    assert sum(counts) == total
    for count, share in zip(counts, shares, strict=True):
        assert count in (math.floor(share * total / 100), math.ceil(share * total / 100))


@given(total=st.integers(0, 100_000), shares=percents())
def test_only_the_largest_remainders_are_rounded_up_and_equal_ones_from_the_first_on(total: int, shares: list[Fraction]) -> None:
    exact = [share * total / 100 for share in shares]
    remainders = [share - math.floor(share) for share in exact]
    is_up = [count > math.floor(share) for count, share in zip(apportion(total, shares), exact, strict=True)]
    for first in range(len(shares)):
        for second in range(first + 1, len(shares)):
            if remainders[first] >= remainders[second]:
                assert is_up[first] >= is_up[second]
            else:
                assert is_up[second] >= is_up[first]


@pytest.mark.parametrize(
    ("total", "shares", "counts"),
    [
        (200, "70 20 8 2", [140, 40, 16, 4]),
        (197, "70 20 8 2", [138, 39, 16, 4]),
        (0, "70 20 8 2", [0, 0, 0, 0]),
        (1, "50 50", [1, 0]),
        (3, "25 25 25 25", [1, 1, 1, 0]),
        (7, "100", [7]),
        (1_000, "33.3 33.3 33.4", [333, 333, 334]),
        (99_999, "0.001 99.999", [1, 99_998]),
        (10, " ".join(["1"] * 100), [1] * 10 + [0] * 90),
    ],
)
def test_known_shares(total: int, shares: str, counts: list[int]) -> None:
    assert apportion(total, [Fraction(share) for share in shares.split()]) == counts


@pytest.mark.parametrize("shares", [["33.3"] * 3, ["50", "50.0001"], []])
def test_percents_that_do_not_add_up_to_100_are_refused(shares: list[str]) -> None:
    with pytest.raises(ValueError, match="expected 100"):
        apportion(10, [Fraction(share) for share in shares])
