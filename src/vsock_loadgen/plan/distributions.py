"""Distributions: `take(n)` gives n values in ascending order, each with the bucket it came from.

Values are taken at the mid-points of the quantile function, never drawn at random, so that a fleet of any size has the
configured shares, mean and percentiles. Which VM gets which value is decided elsewhere (`fleet`).
"""

from __future__ import annotations

import itertools
from array import array
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

from vsock_loadgen.config.model import Distribution, Normal, Percentile, Quantiles, Scalar
from vsock_loadgen.plan.apportion import apportion
from vsock_loadgen.units import MILLISECOND, SECOND

CONTINUOUS = -1
"""Bucket number of a value that comes from a continuous distribution."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How a sampled value is made a possible one: rounded to whole multiples of `step`, never below `least`."""

    step: int
    least: int

    def fit(self, value: float) -> int:
        """The nearest possible value, halves upwards."""
        return max(self.least, int(value / self.step + 0.5) * self.step)


PACKAGES = Grain(step=1, least=1)
INTERVAL_NS = Grain(step=MILLISECOND, least=SECOND)


@dataclass(frozen=True, slots=True)
class Sample:
    """Values in ascending order and, in step with them, the index of the bucket of each (CONTINUOUS where there is none)."""

    values: array[int]
    buckets: array[int]


def take(distribution: Distribution, count: int, grain: Grain) -> Sample:
    """`count` values of a distribution in ascending order, each with its bucket. Scalars and bucket values are kept as they are."""
    match distribution:
        case Scalar(value):
            return Sample(array("q", [value]) * count, array("i", [0]) * count)
        case Percentile():
            return _take_buckets(distribution, count, grain)
        case Normal():
            return _continuous(_normal_values(distribution, count, grain))
        case Quantiles():
            return _continuous(_quantile_values(distribution, count, grain))


def _continuous(values: list[int]) -> Sample:
    return Sample(array("q", values), array("i", [CONTINUOUS]) * len(values))


def _take_buckets(distribution: Percentile, count: int, grain: Grain) -> Sample:
    shares = apportion(count, [bucket.percent for bucket in distribution.buckets])
    pairs: list[tuple[int, int]] = []
    for number, (bucket, share) in enumerate(zip(distribution.buckets, shares, strict=True)):
        inner = bucket.value if not isinstance(bucket.value, int) else Scalar(bucket.value)
        pairs.extend((value, number) for value in take(inner, share, grain).values)
    pairs.sort()
    return Sample(array("q", [value for value, _ in pairs]), array("i", [number for _, number in pairs]))


def _normal_values(distribution: Normal, count: int, grain: Grain) -> list[int]:
    mean, stddev = float(distribution.mean), float(distribution.stddev)
    lowest, highest = float(distribution.minimum), float(distribution.maximum)
    if stddev == 0:
        return [grain.fit(min(max(mean, lowest), highest))] * count
    inverse = NormalDist(mean, stddev).inv_cdf
    return [grain.fit(min(max(inverse((rank + 0.5) / count), lowest), highest)) for rank in range(count)]


def _quantile_values(distribution: Quantiles, count: int, grain: Grain) -> list[int]:
    points = [(float(percentile), float(value)) for percentile, value in distribution.points]
    values: list[int] = []
    segment = 0
    for rank in range(count):
        percentile = (rank + 0.5) * 100 / count
        while percentile > points[segment + 1][0]:
            segment += 1
        (below, low), (above, high) = points[segment], points[segment + 1]
        values.append(grain.fit(low + (high - low) * (percentile - below) / (above - below)))
    return values


def configured_mean(distribution: Distribution) -> Fraction:
    """The mean that the configuration states or implies, before rounding and clamping, in the distribution's own unit."""
    match distribution:
        case Scalar(value):
            return Fraction(value)
        case Percentile(buckets):
            means = (
                configured_mean(bucket.value) if not isinstance(bucket.value, int) else Fraction(bucket.value) for bucket in buckets
            )
            return sum((mean * bucket.percent for mean, bucket in zip(means, buckets, strict=True)), Fraction(0)) / 100
        case Normal(mean):
            return mean
        case Quantiles(points):
            pairs = itertools.pairwise(points)
            return sum(((b - a) * (low + high) / 2 for (a, low), (b, high) in pairs), Fraction(0)) / 100
