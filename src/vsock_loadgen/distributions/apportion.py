"""Shares of a whole number of VMs, by the method of largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def apportion(total: int, percents: Sequence[Fraction]) -> list[int]:
    """How many of `total` VMs each share gets; the counts add up to `total` and each is the floor or ceiling of its exact share.

    Hamilton's method of largest remainder on exact rationals; equal remainders go to the earlier share. `percents` add up to
    exactly 100 (ValueError otherwise).
    """
    if sum(percents) != 100:
        raise ValueError(f"percents add up to {sum(percents)}, expected 100")
    exact = [percent * total / 100 for percent in percents]
    counts = [share.numerator // share.denominator for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
