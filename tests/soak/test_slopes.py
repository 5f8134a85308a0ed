"""The slope of a series, and how well its error tells the truth."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soak.slopes import slope


@given(growth=st.integers(-50, 50), start=st.integers(-1_000, 1_000), count=st.integers(3, 60))
def test_a_straight_line_has_its_slope_and_no_error(growth: int, start: int, count: int) -> None:
    found = slope([float(x) for x in range(count)], [start + growth * float(x) for x in range(count)])
    assert found.value == pytest.approx(growth, abs=1e-9)
    assert found.error == pytest.approx(0, abs=1e-6)
    assert found.mean == pytest.approx(start + growth * (count - 1) / 2, abs=1e-9)


def test_the_slope_and_mean_are_those_of_least_squares() -> None:
    draw = random.Random(1).random
    xs, ys = [float(x) for x in range(50)], [draw() for _ in range(50)]
    assert slope(xs, ys).value == pytest.approx(statistics.linear_regression(xs, ys).slope)


def wandering(draw: random.Random, count: int, memory: float, growth: float) -> list[float]:
    """A line under noise of which each value keeps a share of the one before."""
    values, noise = [], 0.0
    for number in range(count):
        noise = memory * noise + draw.gauss(0, 1)
        values.append(growth * number + noise)
    return values


def coverage(memory: float, trials: int = 200, count: int = 400) -> float:
    """The share of trials in which the true slope lies within the stated error."""
    draw, growth = random.Random(7), 0.01
    held = 0
    for _ in range(trials):
        found = slope(list(range(count)), wandering(draw, count, memory, growth))
        held += found.at_least <= growth <= found.at_most
    return held / trials


def test_the_error_is_honest_for_independent_values() -> None:
    assert coverage(0.0) >= 0.9


def test_the_error_is_nearly_honest_for_values_that_depend_on_those_before() -> None:
    """The textbook error of least squares covers the truth in some half of such trials."""
    assert coverage(0.8) >= 0.85


@pytest.mark.parametrize("xs", [[], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_moments_are_refused(xs: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        slope(xs, xs)
