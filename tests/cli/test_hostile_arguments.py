"""No argument and no variable of the environment is a traceback: it is taken, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen import receiving
from vsock_loadgen.cli.durations import DURATION
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.schema import scalar_keys
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.forwarding import Forwarding
from vsock_loadgen.results.receipt import Receipt

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "nan",
            "inf",
            "1e999",
            "9" * 400,
            "1s",
            "2562047h",
            "10s+5s",
            "50ms,100ms@60s",
            "1s,1s@0s",
            "peer",
            "auto",
            "\udcff",
            "\x1b[0m",
            "{",
            "*a",
        ]
    ),
)
NUMBERS = [
    "--close-delay", "--read-rate", "--close-after", "--refuse-after", "--stall", "--max-connections", "--handler-wait",
    "--max-bytes",
    "--read-deadline", "--check-cid", "--max-reports-per-minute", "--duration",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def nothing_is_begun() -> Iterator[None]:
    """`receive` ends where it would begin to listen, with what it was told in use."""

    def receive(_: object, behaviour: Behaviour, *__: object, **___: Any) -> Receipt:
        Forwarding(behaviour)
        return Receipt()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receiving, "receive", receive)
        yield


def exit_code(*arguments: str, environment: dict[str, str] | None = None) -> int:
    """Of the command in this process; an exception but our own comes through."""
    done = CliRunner(env={"NODE_NAME": None}).invoke(verbs, arguments, env=environment)
    if done.exception and not isinstance(done.exception, SystemExit | ConfigError):
        raise done.exception
    return done.exception.exit_code if isinstance(done.exception, ConfigError) else done.exit_code


@given(st.lists(st.tuples(st.sampled_from(NUMBERS), WORDS), max_size=4))
def test_options_of_receive_are_taken_or_refused(options: list[tuple[str, str]]) -> None:
    arguments = [f"{name}={value}" for name, value in options]
    assert exit_code("receive", "unix:///nowhere/s", *arguments) in (0, 2)


@pytest.mark.parametrize(
    "option", ["--max-reports-per-minute=nan", "--duration=2562047h47m16s", "--close-delay=-1s", "--read-rate=1e3"]
)
def test_what_no_receiver_can_do_is_refused(option: str) -> None:
    assert exit_code("receive", "unix:///nowhere/s", option) == 2


@pytest.mark.parametrize("option", ["--max-reports-per-minute=1e-320", "--max-reports-per-minute=inf", "--duration=876000h"])
def test_what_is_odd_and_possible_is_taken(option: str) -> None:
    assert exit_code("receive", "unix:///nowhere/s", option) == 0


@given(
    st.sampled_from(scalar_keys()).map(lambda key: key.environment),
    WORDS.filter(lambda text: "\0" not in text),
    st.sampled_from([key.name for key in scalar_keys()]) | WORDS,
    WORDS | st.integers(1, 9).map(str),
)
def test_settings_and_variables_of_plan_are_taken_or_refused(variable: str, value: str, path: str, setting: str) -> None:
    arguments = ("plan", "--vm-count=3", "--num-packages=2", "--target=unix:///nowhere/s", f"--set={path}={setting}", "--nodes=2")
    assert exit_code(*arguments, environment={variable: value}) in (0, 2)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,9}(ns|us|ms|s|m|h)", fullmatch=True))
def test_a_duration_of_the_command_line_is_one_that_a_timer_takes(text: str) -> None:
    with suppress(click.BadParameter):
        assert 0 <= DURATION.convert(text, None, None) < 2**62
