"""Statistics of a fleet's attribute: nearest-rank percentiles, so that each is a value that some VM really has."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

MOST_POINTS = 60
"""Points of a cumulative curve: enough to show its form."""
_ROUNDING = 1e-9
"""So that weights that add up to exactly a share are not taken for less than it."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean, nearest-rank percentiles and range of an attribute over the whole fleet, in the attribute's unit."""

    mean: float
    p50: int
    p95: int
    p99: int
    minimum: int
    maximum: int


def nearest_rank(ascending: Sequence[int], percent: int) -> int:
    """The value at a percentage's rank of values in ascending order."""
    return ascending[_rank(percent, len(ascending)) - 1]


def _rank(percent: int, count: int) -> int:
    """max(1, ceil(percent * n / 100)), in integer arithmetic."""
    return max(1, -(-percent * count // 100))


def nearest_ranks(counts: Mapping[int, int], percents: Sequence[int]) -> list[int]:
    """The values at these ranks, from how often each value occurs."""
    ascending = sorted(counts)
    reached = list(accumulate(map(counts.__getitem__, ascending)))
    return [ascending[bisect_left(reached, _rank(percent, reached[-1]))] for percent in percents]


def cumulative(counts: Mapping[int, int], most: int = MOST_POINTS) -> list[tuple[int, float]]:
    """Values in ascending order, each with the percentage of all that are not larger: every distinct one, or `most` of them at
    equal ranks. `counts` says how often each value occurs."""
    ascending = sorted(counts)
    reached = list(accumulate(map(counts.__getitem__, ascending)))
    places: Iterable[int] = range(len(ascending))
    if len(ascending) > most:
        ranks = (-(-reached[-1] * step // (most - 1)) for step in range(most))
        places = dict.fromkeys(bisect_left(reached, rank) for rank in ranks)
    return [(ascending[place], 100 * reached[place] / reached[-1]) for place in places]


def statistics_of(counts: Mapping[int, int]) -> Statistics:
    """Statistics of values, from how often each of them occurs; there is at least one."""
    p50, p95, p99 = nearest_ranks(counts, (50, 95, 99))
    mean = sum(value * count for value, count in counts.items()) / sum(counts.values())
    return Statistics(mean, p50, p95, p99, min(counts), max(counts))


def weighted_statistics(weights: Mapping[int, float]) -> Statistics:
    """Statistics of values that occur in proportion to their weights: each percentile is the first value, in ascending order, up to
    which that share of all weight lies. At least one weight is positive."""
    ascending = sorted(value for value, weight in weights.items() if weight > 0)
    total = math.fsum(weights[value] for value in ascending)

    def at(percent: int) -> int:
        reached = 0.0
        for value in ascending:
            reached += weights[value]
            if reached * 100 >= percent * total * (1 - _ROUNDING):
                return value
        return ascending[-1]

    mean = math.fsum(value * weights[value] for value in ascending) / total
    return Statistics(mean, at(50), at(95), at(99), ascending[0], ascending[-1])
