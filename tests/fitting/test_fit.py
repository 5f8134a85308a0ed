"""A fit is as small as may be, as close as it says, and a block that the plan takes."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import buckets
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.quantity import PACKAGES
from vsock_loadgen.fitting.fit import MOST_COMPARED, TOLERANCE, VALUE_TOLERANCE, Form, _Cell, _cuts, fit_block

_values = st.lists(st.integers(1, 100_000), min_size=1, max_size=200)


def drawn(count: int) -> list[int]:
    """A long tail, as package counts have it."""
    draw = random.Random(7)
    return [max(1, round(draw.lognormvariate(6.3, 0.6))) for _ in range(count)]


def test_few_distinct_values_become_a_bucket_each_with_their_exact_shares() -> None:
    made = fit_block([2_000] * 4 + [500] * 140 + [1_500] * 16 + [1_000] * 40, "percentile", 12, PACKAGES.grain)
    assert isinstance(made.distribution, Buckets)
    assert made.distribution == buckets((70, 500), (20, 1_000), (8, 1_500), (2, 2_000))
    assert (made.excess, made.distance, made.deviation) == (0, 0, 0)


def test_noisy_clusters_are_found() -> None:
    draw = random.Random(3)
    values = [round(draw.choice((300, 1_000, 5_000)) * draw.uniform(0.99, 1.01)) for _ in range(3_000)]
    made = fit_block(values, "percentile", 12, PACKAGES.grain)
    assert isinstance(made.distribution, Buckets)
    assert [bucket.value.constant for bucket in made.distribution.buckets] == [
        pytest.approx(300, rel=0.01),
        pytest.approx(1_000, rel=0.01),
        pytest.approx(5_000, rel=0.01),
    ]


@pytest.mark.parametrize("form", ["percentile", "quantiles"])
def test_a_long_tail_is_within_the_tolerance(form: Form) -> None:
    values = drawn(10_000)
    made = fit_block(values, form, 20, PACKAGES.grain)
    assert made.is_close
    ascending = sorted(values)
    for name, percent in (("p50", 50), ("p95", 95), ("p99", 99)):
        ours, theirs = (numbers[percent * len(values) // 100 - 1] for numbers in (made.fitted, ascending))
        assert made.errors[name] == pytest.approx(ours / theirs - 1)
        assert abs(made.errors[name]) <= TOLERANCE
    assert abs(sum(made.fitted) / sum(values) - 1) <= TOLERANCE
    assert made.deviation <= VALUE_TOLERANCE


def test_one_bucket_less_would_not_be_close_enough() -> None:
    values = drawn(5_000)
    pieces = fit_block(values, "percentile", 30, PACKAGES.grain).pieces
    assert pieces > 3
    for fewer in range(1, pieces):
        made = fit_block(values, "percentile", fewer, PACKAGES.grain)
        assert made.pieces <= fewer
        assert not made.is_close


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    made = fit_block([*range(100, 200), *range(500, 600)], "percentile", 1, PACKAGES.grain)
    assert isinstance(made.distribution, Buckets)
    (bucket,) = made.distribution.buckets
    assert bucket.percent == 100
    assert made.distance == 0.5


@settings(max_examples=60, deadline=None)
@given(values=_values, most=st.integers(1, 8), form=st.sampled_from(["percentile", "quantiles"]))
def test_any_values_have_a_block_that_stays_within_them(values: list[int], most: int, form: Form) -> None:
    made = fit_block(values, form, most, PACKAGES.grain)
    assert 1 <= made.pieces <= most
    assert len(made.fitted) == len(values)
    if isinstance(made.distribution, Buckets):
        assert sum(bucket.percent for bucket in made.distribution.buckets) == 100
        found = [bucket.value.constant for bucket in made.distribution.buckets]
        assert all(isinstance(value, int) and min(values) <= value <= max(values) for value in found)
        assert all(bucket.percent > 0 for bucket in made.distribution.buckets)
        mean = sum(bucket.percent * bucket.value.configured_mean for bucket in made.distribution.buckets) / 100
        assert float(mean) == pytest.approx(sum(values) / len(values), rel=0.02, abs=1)
    else:
        assert isinstance(made.distribution, Quantiles)
        assert made.distribution.points[0] == (Fraction(0), Fraction(min(values)))
        assert made.distribution.points[-1] == (Fraction(100), Fraction(max(values)))
        assert all(a[1] <= b[1] for a, b in itertools.pairwise(made.distribution.points))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=5, max_size=9, unique=True), st.integers(2, 4))
def test_where_no_anchor_binds_the_cut_is_the_best_of_all(values: list[int], runs: int) -> None:
    """Held against every possible cut of so few values, by the least sum of squared distances of logarithms."""

    def cost(run: tuple[float, ...]) -> float:
        mean = sum(run) / len(run)
        return sum((place - mean) ** 2 for place in run)

    places = tuple(math.log(value) for value in sorted(values))
    every = itertools.combinations(range(1, len(places)), runs - 1)
    best = min(sum(cost(places[a:b]) for a, b in itertools.pairwise((0, *cut, len(places)))) for cut in every)
    *_, found = _cuts([_Cell(1, value) for value in sorted(values)], (), runs)
    assert sum(cost(tuple(math.log(cell.mean) for cell in run)) for run in found) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("form", ["percentile", "quantiles"])
def test_of_many_values_some_stand_for_all_and_the_figures_are_those_of_all(form: Form) -> None:
    values = drawn(MOST_COMPARED + 7_001)
    made = fit_block(values, form, 20, PACKAGES.grain)
    assert made.is_close
    assert (made.count, made.distinct) == (len(values), len(set(values)))
    assert len(made.values) == len(made.fitted) == MOST_COMPARED
    assert made.data.maximum == max(values)
    assert made.data.mean == pytest.approx(sum(values) / len(values))
