"""How fast a series grows, and how sure that is where its values depend on those before them.

Least squares for the slope; its standard error after Newey and West (1987, "A simple, positive semi-definite, heteroskedasticity
and autocorrelation consistent covariance matrix"): samples of memory are anything but independent, and the textbook error would
be several times too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SURE = 1.96
"""Standard errors to each side of a value that hold the truth 19 times of 20."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth in units of y per unit of x, with its standard error; `mean` is that of y."""

    value: float
    error: float
    mean: float
    samples: int

    @property
    def at_least(self) -> float:
        """The growth that is shown, beyond doubt."""
        return self.value - SURE * self.error

    @property
    def at_most(self) -> float:
        """The growth that cannot be ruled out."""
        return self.value + SURE * self.error


def slope(xs: Sequence[float], ys: Sequence[float]) -> Slope:
    """The slope of a series in the order of time. Raises ValueError below three samples, or where all are at one moment."""
    count = len(xs)
    if count != len(ys) or count < 3:
        raise ValueError(f"found {count} moments and {len(ys)} values, expected as many of both, and at least 3")
    mean_x, mean_y = math.fsum(xs) / count, math.fsum(ys) / count
    away = [x - mean_x for x in xs]
    spread = math.fsum(each * each for each in away)
    if spread == 0:
        raise ValueError(f"found {count} samples of one moment, expected several moments")
    value = math.fsum(each * (y - mean_y) for each, y in zip(away, ys, strict=True)) / spread
    scores = [each * (y - mean_y - value * each) for each, y in zip(away, ys, strict=True)]
    variance = max(0.0, _long_run_sum(scores)) / spread**2 * count / (count - 2)
    return Slope(value, math.sqrt(variance), mean_y, count)


def _long_run_sum(scores: Sequence[float]) -> float:
    """The variance of a sum of dependent values: neighbours up to sqrt(n) apart count, the farther the less (Bartlett)."""
    reach = math.isqrt(len(scores))
    total = math.fsum(score * score for score in scores)
    for lag in range(1, reach + 1):
        products = math.fsum(one * two for one, two in zip(scores[lag:], scores, strict=False))
        total += 2 * (1 - lag / (reach + 1)) * products
    return total
