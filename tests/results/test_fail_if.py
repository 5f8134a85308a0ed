"""Conditions are read exactly, and what is wrong with one is said together with what was expected."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.results.comparison import COMPARED
from vsock_loadgen.results.conditions import EXAMPLE, parse_condition


@pytest.mark.parametrize(
    ("text", "name", "bound", "is_relative"),
    [
        (EXAMPLE, "response_time.p99", Fraction(10), True),
        ("response_time.p99.9>=+0.5%", "response_time.p999", Fraction(1, 2), True),
        ("  lag.max  <  -5ms ", "lag.max", Fraction(-5, 1000), False),
        ("failed_percent > +0.1", "failed_percent", Fraction(1, 10), False),
        ("failed_percent > + 10 %", "failed_percent", Fraction(10), True),
        ("reports_per_second < -2", "reports_per_second", Fraction(-2), False),
        ("failed_percent.timeout > 0", "failed_percent.timeout", Fraction(0), False),
        ("service_time.mean > 0%", "service_time.mean", Fraction(0), True),
        ("packages.2000.response_time.p99.9 > +10%", "packages.2000.response_time.p999", Fraction(10), True),
        ("interval.30.1s-59.9s.failed_percent > 0", "interval.30.1s-59.9s.failed_percent", Fraction(0), False),
        ("phase.ramp.up.lag.max > +1ms", "phase.ramp.up.lag.max", Fraction(1, 1000), False),
    ],
)
def test_a_condition_is_read_exactly(text: str, name: str, bound: Fraction, is_relative: bool) -> None:
    condition = parse_condition(text)
    assert (condition.metric.name, condition.bound, condition.is_relative) == (name, bound, is_relative)
    assert parse_condition(condition.expression) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a figure, <, <=, > or >= and a difference, such as 'response_time.p99 > +10%'"),
        ("response_time.p99", "expected a figure"),
        ("response_time.p99 > ", "expected a figure"),
        ("a" * 200 + " > +1%", "expected a figure"),
        ("respose_time.p99 > +1%", "the figure respose_time.p99 is not known; did you mean response_time.p99?; expected one of"),
        ("packages.2000.p99 > +1%", "the figure packages.2000.p99 is not known, expected packages.ID. and"),
        ("response_time.p99 == +1%", "the comparison == is not known, expected <, <=, > or >="),
        ("response_time.p99 > 10%", "the difference 10% has no sign, expected +10% or -10% from the baseline"),
        (
            "response_time.p99 > +10",
            "the difference is +10, expected a percentage of the baseline such as +10%, or a duration such as +5ms",
        ),
        ("response_time.p99 > +-10ms", "expected a percentage of the baseline"),
        ("failed_percent > +5ms", "or percentage points such as +0.5"),
        ("reports_per_second > +x", "or a rate such as -2"),
        ("reports_per_second > +", "or a rate such as -2"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_condition(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", COMPARED)
def test_every_figure_that_is_compared_can_stand_in_a_condition(name: str) -> None:
    assert parse_condition(f"{name} > +10%").metric is COMPARED[name]


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        parse_condition(text)
