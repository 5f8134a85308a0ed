"""How `receive` reads delays that change."""

from __future__ import annotations

from contextlib import suppress

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.cli.receive import DelaysType
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.units import HOUR, MILLISECOND, SECOND, format_duration

LONGEST_NS = 100 * 365 * 24 * HOUR
NANOSECONDS = st.integers(0, LONGEST_NS)


def read(text: str) -> Delays:
    return DelaysType().convert(text, None, None)


@given(NANOSECONDS, st.dictionaries(st.integers(1, LONGEST_NS), NANOSECONDS))
def test_delays_are_read_as_they_were_written(first: int, steps: dict[int, int]) -> None:
    later = tuple(sorted(steps.items()))
    text = ",".join([format_duration(first), *(f"{format_duration(delay)}@{format_duration(time)}" for time, delay in later)])
    assert read(text) == Delays(first, later)


@given(st.text(max_size=12) | st.text(alphabet="015smh.,@-+", max_size=24))
def test_any_text_is_taken_or_refused_with_a_message(text: str) -> None:
    with suppress(click.BadParameter):
        read(text)


def test_as_many_delays_are_read_as_an_argument_can_hold() -> None:
    text = "1s" + "".join(f",1s@{time}ns" for time in range(1, 13_000))
    assert len(read(text).later) == 12_999


def test_delays_and_times_may_be_of_any_unit() -> None:
    assert read("0,50ms@1m,1.5s@1h") == Delays(0, ((60 * SECOND, 50 * MILLISECOND), (HOUR, 1_500 * MILLISECOND)))


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("", "''", "a duration"),
        ("5", "'5'", "a duration"),
        ("50ms@10s", "'50ms@10s'", "the delay from the start first"),
        ("50ms,", "''", "DELAY@TIME"),
        ("50ms,100ms", "'100ms'", "DELAY@TIME"),
        ("50ms, 100ms@60s", "' 100ms'", "a duration"),
        ("50ms,100@60s", "'100'", "a duration"),
        ("50ms,100ms@60", "'60'", "a duration"),
        ("50ms,100ms@", "''", "a duration"),
        ("50ms,-1ms@60s", "'-1ms'", "a duration"),
        ("50ms,1ms@-60s", "'-60s'", "a duration"),
        ("50ms,100ms@0s", "0s is not after 0s", "ascending times"),
        ("50ms,100ms@60s,20ms@60s", "1m is not after 1m", "ascending times"),
        ("50ms,100ms@60s,20ms@30s", "30s is not after 1m", "ascending times"),
    ],
)
def test_wrong_delays_are_answered_with_the_option_what_was_found_and_what_was_expected(
    text: str, found: str, expected: str
) -> None:
    done = CliRunner().invoke(verbs, ["receive", "unix:///nowhere/s", f"--close-delay={text}"])
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].startswith(f"Error: Invalid value for '--close-delay': {found}")
    assert f"expected {expected}" in done.output
