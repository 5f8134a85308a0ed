"""An instant is read as RFC 3339 has it, exactly, and shown again as the same instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.config.instants import format_instant, parse_instant
from vsock_loadgen.config.load import Loaded, Override

Load = Callable[..., Loaded]
Complain = Callable[..., list[str]]
EIGHT_NS = 1_795_420_800_000_000_000


@pytest.mark.parametrize(
    ("text", "after_eight_ns"),
    [
        ("2026-11-23T08:00:00Z", 0),
        ("2026-11-23t08:00:00z", 0),
        ("2026-11-23T09:00:00+01:00", 0),
        ("2026-11-23T02:30:00-05:30", 0),
        ("2026-11-23T08:00:00.000000001Z", 1),
        ("2026-11-23T08:00:00.25Z", 250_000_000),
        ("2026-11-24T00:00:00+16:00", 0),
    ],
)
def test_an_instant_is_read_to_the_nanosecond(text: str, after_eight_ns: int) -> None:
    assert parse_instant(text) == EIGHT_NS + after_eight_ns


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 31)), st.integers(-1_439, 1_439))  # noqa: DTZ001 (made aware below)
def test_python_agrees_and_what_is_shown_is_the_same_instant(moment: datetime, offset_minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    instant_ns = parse_instant(aware.isoformat())
    assert instant_ns == (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000
    assert parse_instant(format_instant(instant_ns)) == instant_ns


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T08:00:00",
        "2026-11-23",
        "2026-11-23 08:00:00Z",
        "2026-11-23T08:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T08:00:60Z",
        "2026-02-29T08:00:00Z",
        "2026-11-23T08:00:00+1:00",
        "2026-11-23T08:00:00+24:00",
        "2026-11-23T08:00:00+01:60",
        "2026-11-23T08:00:00.Z",
        "2026-11-23T08:00:00.0000000001Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "0000-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "\u0662026-11-23T08:00:00Z",
        "now",
    ],
)
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_instant(text)


def test_the_start_comes_from_file_flag_or_variable(load_text: Load) -> None:
    assert load_text("loadgen: {startAt: 2026-11-23T08:00:00Z}").config.start_at_ns == EIGHT_NS
    assert load_text("loadgen:", {"LOADGEN_START_AT": "2026-11-23T08:00:00Z"}).config.start_at_ns == EIGHT_NS
    flag = Override("--start-at", "startAt", "2026-11-23T09:00:00+01:00")
    assert load_text("loadgen: {startAt: 2030-01-01T00:00:00Z}", overrides=[flag]).config.start_at_ns == EIGHT_NS
    for nothing in ("", "''", "null"):
        assert load_text(f"loadgen: {{startAt: {nothing}}}").config.start_at_ns is None


def test_a_wrong_start_is_named_with_its_line(complaints: Complain) -> None:
    assert complaints("loadgen:\n  startAt: 2026-11-23T08:00:00\n") == [
        "loadgen.yaml:2: startAt: found '2026-11-23T08:00:00': expected an instant with its offset from UTC, "
        "such as 2026-11-23T08:00:00Z"
    ]
    assert complaints("loadgen:\n  startAt: 5\n") == [
        "loadgen.yaml:2: startAt: found 5, expected an instant with its offset from UTC, such as 2026-11-23T08:00:00Z"
    ]
