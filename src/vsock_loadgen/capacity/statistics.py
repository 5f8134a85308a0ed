"""Confidence in a share from counts of reports, and a trend test for a row of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

CONFIDENCE_Z = 1.6448536269514722
"""The 95 % quantile of the normal distribution: each end of an interval is passed by chance in 5 of 100 cases."""


def wilson(over: float, of: float, spread: float = 1.0) -> tuple[float, float]:
    """The interval of a share of which `over` of `of` were counted, each end with 95 % confidence (Wilson 1927, the score interval;
    Brown, Cai, DasGupta 2001). `spread` is how many times the variance is that of independent reports: the effective number of
    reports is smaller by it. (0, 1) of none."""
    if of <= 0:
        return 0.0, 1.0
    seen, share = of / max(1.0, spread), over / of
    squared = CONFIDENCE_Z**2
    center = (share + squared / (2 * seen)) / (1 + squared / seen)
    half = CONFIDENCE_Z / (1 + squared / seen) * math.sqrt(share * (1 - share) / seen + squared / (4 * seen * seen))
    return max(0.0, center - half), min(1.0, center + half)


def spread_of(batches: Sequence[tuple[int, int]]) -> float:
    """How many times the variance of a share is that of independent reports, at least 1: from (over, of) of batches that
    follow each other (the method of batch means; Conway 1963, Law and Kelton 2000, section 9.5.3)."""
    over, of = sum(batch[0] for batch in batches), sum(batch[1] for batch in batches)
    filled = [batch for batch in batches if batch[1]]
    if len(filled) < 2 or over in (0, of):
        return 1.0
    share = over / of
    squares = sum(batch[1] * (batch[0] / batch[1] - share) ** 2 for batch in filled)
    return max(1.0, squares / (len(filled) - 1) / (share * (1 - share)))


def rising_by_chance(values: Sequence[float]) -> float:
    """How likely a row without a trend is to rise as much as this one, by Kendall's test (Kendall 1938, Mann 1945; exact, for rows
    of few values). Equal values count as neither rising nor falling, which makes the test more conservative."""
    count = len(values)
    score = sum(
        (values[later] > values[earlier]) - (values[later] < values[earlier])
        for earlier in range(count)
        for later in range(earlier + 1, count)
    )
    pairs = count * (count - 1) // 2
    least_falls = math.floor((pairs - score) / 2)
    ways = _permutations_by_inversions(count)
    return sum(ways[: least_falls + 1]) / math.factorial(count)


@cache
def _permutations_by_inversions(count: int) -> tuple[int, ...]:
    """How many permutations of `count` values have 0, 1, 2 ... inversions (the Mahonian numbers)."""
    ways = [1]
    for size in range(2, count + 1):
        grown = [0] * (len(ways) + size - 1)
        for inversions, number in enumerate(ways):
            for more in range(size):
                grown[inversions + more] += number
        ways = grown
    return tuple(ways)
