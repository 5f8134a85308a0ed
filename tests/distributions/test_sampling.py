"""Distributions at the mid-points of their quantile function: ascending, within bounds, true to their mean and percentiles."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE_PACKAGES, buckets
from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import CONTINUOUS, Distribution
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL
from vsock_loadgen.plan.statistics import nearest_rank
from vsock_loadgen.units import MILLISECOND, SECOND


@st.composite
def normals(draw: st.DrawFn) -> Normal:
    """Normal distributions of packages with any place of the mean, also outside the range."""
    low, high = sorted(draw(st.tuples(st.integers(0, 3_000), st.integers(1, 3_000))))
    return Normal(
        Fraction(draw(st.integers(0, 4_000))), Fraction(draw(st.integers(0, 2_000))), Fraction(low), Fraction(max(1, high))
    )


@st.composite
def quantiles(draw: st.DrawFn) -> Quantiles:
    """Piecewise linear quantile functions over 0..100."""
    inner = sorted(draw(st.sets(st.integers(1, 999), max_size=5)))
    percentiles = [Fraction(0), *(Fraction(tenths, 10) for tenths in inner), Fraction(100)]
    values = sorted(draw(st.lists(st.integers(1, 5_000), min_size=len(percentiles), max_size=len(percentiles))))
    return Quantiles(tuple(zip(percentiles, map(Fraction, values), strict=True)))


@given(distribution=st.one_of(normals(), quantiles()), count=st.integers(0, 400))
def test_sampled_packages_are_ascending_whole_and_within_the_range(distribution: Normal | Quantiles, count: int) -> None:
    if isinstance(distribution, Normal):
        lowest, highest = distribution.min, distribution.max
    else:
        lowest, highest = distribution.points[0][1], distribution.points[-1][1]
    sample = distribution.take(count, PACKAGES.grain)
    values = list(sample.values)
    assert len(values) == len(sample.buckets) == count
    assert values == sorted(values)
    assert all(value >= 1 and lowest <= value <= highest for value in values)
    assert set(sample.buckets) <= {CONTINUOUS}


@given(distribution=st.one_of(normals(), quantiles()), narrowed=st.integers(1, 500), count=st.integers(1, 3_000))
def test_values_that_are_found_by_where_they_begin_are_those_of_every_rank(
    distribution: Normal | Quantiles, narrowed: int, count: int
) -> None:
    """Of a large fleet with few distinct values, not every rank is looked at."""
    if isinstance(distribution, Normal):
        distribution = Normal(*(Fraction(getattr(distribution, name), narrowed) for name in Normal.fields()))
    else:
        distribution = Quantiles(tuple((at, value / narrowed) for at, value in distribution.points))
    value_at, fit = distribution.quantile(), PACKAGES.grain.fit
    every_rank = [fit(value_at((rank + 0.5) * distribution.whole / count)) for rank in range(count)]
    assert list(distribution.take(count, PACKAGES.grain).values) == every_rank


@given(shares=st.lists(st.integers(1, 9) | quantiles(), min_size=1, max_size=4), count=st.integers(0, 200))
def test_values_of_buckets_ascend_and_equal_ones_are_in_the_order_of_the_buckets(shares: list[int | Quantiles], count: int) -> None:
    percents = [100 - len(shares) + 1, *([1] * (len(shares) - 1))]
    inner = buckets((60, 50), (40, 3))
    mixed = buckets(*zip(percents, [inner if share == 7 else share for share in shares], strict=True))
    sample = mixed.take(count, PACKAGES.grain)
    pairs = list(zip(sample.values, sample.buckets, strict=True))
    each = [
        bucket.value.take(pairs_of, PACKAGES.grain).values
        for bucket, pairs_of in zip(mixed.buckets, apportion(count, [bucket.percent for bucket in mixed.buckets]), strict=True)
    ]
    assert pairs == sorted((value, number) for number, values in enumerate(each) for value in values)


@given(mean=st.integers(0, 600), spread=st.integers(0, 300), count=st.integers(1, 300))
def test_sampled_intervals_are_whole_milliseconds_and_at_least_a_second(mean: int, spread: int, count: int) -> None:
    sampled = Normal(Fraction(mean * SECOND), Fraction(spread * SECOND), Fraction(0), Fraction(900 * SECOND)).take(
        count,
        REPORT_INTERVAL.grain,
    )
    assert all(value % MILLISECOND == 0 and SECOND <= value <= 900 * SECOND for value in sampled.values)


@settings(max_examples=30)
@given(mean=st.integers(500, 2_000), spread=st.integers(1, 100), count=st.integers(200, 1_000))
def test_a_normal_distribution_that_is_hardly_clamped_has_its_mean_and_percentiles(mean: int, spread: int, count: int) -> None:
    values = Normal(Fraction(mean), Fraction(spread), Fraction(1), Fraction(5_000)).take(count, PACKAGES.grain).values
    assert abs(sum(values) / count - mean) <= 1
    for percent, deviations in ((50, 0.0), (84, 0.9945), (95, 1.6449), (5, -1.6449)):
        assert abs(nearest_rank(values, percent) - (mean + deviations * spread)) <= 0.06 * spread + 1


def test_clamping_puts_the_tails_on_the_ends() -> None:
    values = Normal(Fraction(700), Fraction(300), Fraction(400), Fraction(1_000)).take(1_000, PACKAGES.grain).values
    assert Counter(values)[400] == pytest.approx(1_000 * 0.1587, abs=2)
    assert Counter(values)[1_000] == pytest.approx(1_000 * 0.1587, abs=2)


@pytest.mark.parametrize(("mean", "expected"), [(700, 700), (0, 100), (9_999, 1_000)])
def test_a_normal_distribution_without_spread_is_its_clamped_mean(mean: int, expected: int) -> None:
    values = Normal(Fraction(mean), Fraction(0), Fraction(100), Fraction(1_000)).take(5, PACKAGES.grain).values
    assert list(values) == [expected] * 5


def test_quantiles_are_joined_by_straight_lines() -> None:
    distribution = Quantiles(((Fraction(0), Fraction(100)), (Fraction(50), Fraction(200)), (Fraction(100), Fraction(1_000))))
    assert list(distribution.take(4, PACKAGES.grain).values) == [125, 175, 400, 800]
    assert list(distribution.take(1, PACKAGES.grain).values) == [200]


@settings(max_examples=30)
@given(count=st.integers(100, 2_000))
def test_a_fleet_has_the_measured_quantiles_that_it_was_given(count: int) -> None:
    points = ((0, 100), (50, 500), (95, 1_500), (99, 2_500), (100, 3_000))
    values = Quantiles(tuple((Fraction(p), Fraction(v)) for p, v in points)).take(count, PACKAGES.grain).values
    steepest = (2_500 - 1_500) / 4 * 100 / count  # packages from one VM to the next
    for percent, value in points[1:-1]:
        assert abs(nearest_rank(values, percent) - value) <= 2 * steepest + 1


def test_a_scalar_is_one_bucket() -> None:
    sample = Constant(700).take(3, PACKAGES.grain)
    assert (list(sample.values), list(sample.buckets)) == ([700] * 3, [0] * 3)


def test_buckets_keep_their_number_though_values_are_ascending() -> None:
    sample = buckets((50, 900), (25, 100), (25, 500)).take(4, PACKAGES.grain)
    assert (list(sample.values), list(sample.buckets)) == ([100, 500, 900, 900], [1, 2, 0, 0])


def test_a_bucket_of_intervals_is_not_rounded_to_the_grain_of_sampled_ones() -> None:
    assert list(Constant(1_234_567).take(1, REPORT_INTERVAL.grain).values) == [1_234_567]


def test_a_bucket_may_hold_a_distribution_of_its_own() -> None:
    inner = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(5_000))
    sample = buckets((60, 500), (40, inner)).take(10, PACKAGES.grain)
    assert list(sample.values) == sorted(sample.values)
    assert [value for value, number in zip(sample.values, sample.buckets, strict=True) if number == 1] == list(
        inner.take(4, PACKAGES.grain).values
    )
    assert Counter(sample.buckets) == {0: 6, 1: 4}


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [
        (Constant(700), 700),
        (EXAMPLE_PACKAGES, 710),
        (Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(9_000)), 700),
        (buckets((50, 500), (50, Constant(1_000))), 750),
        (Quantiles(((Fraction(0), Fraction(0)), (Fraction(50), Fraction(100)), (Fraction(100), Fraction(500)))), 175),
    ],
)
def test_the_configured_mean_is_exact(distribution: Distribution, mean: int) -> None:
    assert distribution.configured_mean == mean


@given(distribution=quantiles())
def test_the_configured_mean_of_quantiles_is_the_area_under_their_lines(distribution: Quantiles) -> None:
    area = sum((b - a) / 100 * (low + high) / 2 for (a, low), (b, high) in pairwise(distribution.points))
    assert distribution.configured_mean == area
