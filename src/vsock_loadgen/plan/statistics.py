"""Statistics of a fleet's attribute: nearest-rank percentiles, so that each is a value that some VM really has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
