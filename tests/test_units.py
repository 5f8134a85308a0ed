"""Durations in Go's grammar, exact; figures as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.units import (
    HOUR,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    format_age,
    format_bytes,
    format_duration,
    format_number,
    format_seconds,
    parse_duration,
)

UNITS = {"ns": 1, "us": MICROSECOND, "µs": MICROSECOND, "μs": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR}


@given(nanoseconds=st.integers(-(2**63), 2**63 - 1))
def test_every_duration_is_read_back_as_it_was_shown(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@given(
    terms=st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=6),
    sign=st.sampled_from(["", "+", "-"]),
)
def test_terms_of_any_unit_in_any_order_add_up(terms: list[tuple[int, str]], sign: str) -> None:
    total = sum(number * UNITS[unit] for number, unit in terms)
    assert parse_duration(sign + "".join(f"{number}{unit}" for number, unit in terms)) == (-total if sign == "-" else total)


@given(whole=st.integers(0, 999), decimals=st.text("0123456789", max_size=12), unit=st.sampled_from(sorted(UNITS)))
def test_decimals_are_exact_and_cut_to_a_nanosecond(whole: int, decimals: str, unit: str) -> None:
    exact = int(f"{whole}{decimals}") * UNITS[unit] // 10 ** len(decimals)
    assert parse_duration(f"{whole}.{decimals}{unit}") == exact


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("+0", 0),
        ("0s", 0),
        ("30s", 30 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1.5h", 90 * MINUTE),
        ("-1.5h", -90 * MINUTE),
        ("+5s", 5 * SECOND),
        (".5s", 500 * MILLISECOND),
        ("-.5s", -500 * MILLISECOND),
        ("5.s", 5 * SECOND),
        ("1h1h", 2 * HOUR),
        ("1s1h", HOUR + SECOND),
        ("100ns", 100),
        ("1.999ns", 1),
        ("11us", 11_000),
        ("11µs", 11_000),
        ("11μs", 11_000),
        ("1h2m3s4ms5us6ns", HOUR + 2 * MINUTE + 3 * SECOND + 4 * MILLISECOND + 5 * MICROSECOND + 6),
        ("2540400h10m10.000000000s", 2_540_400 * HOUR + 10 * MINUTE + 10 * SECOND),
        ("9223372036854775807ns", 2**63 - 1),
        ("9223372036854775.807us", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
    ],
)
def test_durations_that_go_reads(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("-", "empty"),
        ("+", "empty"),
        ("1", "no unit"),
        ("30", "no unit"),
        ("1.5", "no unit"),
        ("00", "no unit"),
        ("1h30", "no unit"),
        ("5mm", "unit 'mm'"),
        ("1d", "unit 'd'"),
        ("1S", "unit 'S'"),
        ("1 s", "unit ' s'"),
        ("1s ", "unit 's '"),
        ("1s\n", "unit 's\\n'"),
        ("1e3s", "unit 'e'"),
        ("1h-5m", "unit 'h-'"),
        ("1_000s", "unit '_'"),
        ("٣s", "duration"),
        (" 1s", "duration"),
        ("--1s", "duration"),
        (".s", "duration"),
        (".", "duration"),
        ("1..5s", "duration"),
        ("1.5.5s", "duration"),
        ("s", "duration"),
        ("abc", "duration"),
        ("9223372036854775808ns", "too long"),
        ("-9223372036854775809ns", "too long"),
        ("3000000h", "too long"),
        ("1" * 65, "too long"),
    ],
)
def test_what_go_refuses_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert reason in str(caught.value)


@given(text=st.text("0123456789.+-smhnuµ e", max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        assert -(2**63) <= parse_duration(text) < 2**63
    except ValueError as error:
        assert str(error).startswith(("is ", "has "))  # noqa: PT017 (either outcome is right, a third is not)


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5us"),
        (250 * MILLISECOND, "250ms"),
        (999_999_999, "999.999999ms"),
        (1_500 * MILLISECOND, "1.5s"),
        (60 * SECOND, "1m"),
        (90 * SECOND, "1m30s"),
        (HOUR, "1h"),
        (HOUR + 5 * SECOND, "1h5s"),
        (100 * HOUR, "100h"),
        (-90 * SECOND, "-1m30s"),
    ],
)
def test_durations_are_shown_as_short_as_they_are_exact(nanoseconds: int, shown: str) -> None:
    assert format_duration(nanoseconds) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0 ns"),
        (412_000, "412 us"),
        (999_499, "999 us"),
        (999_600, "1.00 ms"),
        (1_080_000, "1.08 ms"),
        (6_670_000_000, "6.67 s"),
        (999_999_999, "1.00 s"),
        (1_234 * SECOND, "1234 s"),
        (12_345_678.9, "12.3 ms"),
        (-1_500_000, "-1.50 ms"),
    ],
)
def test_measured_times_have_three_figures_and_a_fitting_unit(nanoseconds: float, shown: str) -> None:
    assert format_seconds(nanoseconds) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0s"),
        (350_400_000, "350ms"),
        (9_999_600_000, "10s"),
        (29_773_893_711, "29.8s"),
        (59_960_000_000, "1m"),
        (400.2 * SECOND, "6m40s"),
        (3_599.7 * SECOND, "1h"),
        (15_140 * SECOND, "4h12m"),
        (756_123 * SECOND, "210h"),
    ],
)
def test_ages_are_told_in_two_units_at_most(nanoseconds: float, shown: str) -> None:
    assert format_age(nanoseconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.00 kB"),
        (414_000, "414 kB"),
        (1_850_000, "1.85 MB"),
        (5e11, "500 GB"),
        (2e15, "2000 TB"),
    ],
)
def test_sizes_have_three_figures_and_a_decimal_unit(count: float, shown: str) -> None:
    assert format_bytes(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (4.4667, "4.47"),
        (93, "93"),
        (93.04, "93.0"),
        (710.4, "710"),
        (999.6, "1,000"),
        (1_250, "1,250"),
        (0.3, "0.30"),
        (0.0021, "0.0021"),
        (0.01666, "0.017"),
        (-0.05, "-0.050"),
    ],
)
def test_figures_are_rounded_but_never_to_nothing(value: float, shown: str) -> None:
    assert format_number(value) == shown
