"""Statistics of a fleet's attribute: nearest-rank percentiles, so that each is a value that some VM really has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """The value at rank max(1, ceil(percent * n / 100)) of values in ascending order, in integer arithmetic."""
    return ascending[max(1, -(-percent * len(ascending) // 100)) - 1]


def statistics_of(values: Sequence[int]) -> Statistics:
    """Statistics of values in any order; at least one."""
    ascending = sorted(values)
    return Statistics(
        mean=sum(ascending) / len(ascending),
        p50=nearest_rank(ascending, 50),
        p95=nearest_rank(ascending, 95),
        p99=nearest_rank(ascending, 99),
        minimum=ascending[0],
        maximum=ascending[-1],
    )


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
