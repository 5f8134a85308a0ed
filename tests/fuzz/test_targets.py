"""Every target keeps its promises for whatever hypothesis thinks of as well; the fuzzer looks for longer, along the branches."""

from __future__ import annotations

import pytest
from fuzz.oracle import BrokenPromiseError, hold, hold_one_line, hold_problems
from fuzz.registry import PITFALL, TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vsock_loadgen.errors import Problem

EXAMPLES = 30


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=120))
def test_no_bytes_break_a_promise(target: Target, data: bytes) -> None:
    target.load()(data)


def test_a_broken_promise_is_told_from_a_refusal() -> None:
    with pytest.raises(BrokenPromiseError, match="an input is short: b'abcd'"):
        PITFALL.load()(b"abcd")
    assert not issubclass(BrokenPromiseError, ValueError | OSError)


@pytest.mark.parametrize("message", ["", " ", "a\nb", "a\x1b[31m", "\u202e", "x" * 2_001])
def test_a_message_that_nobody_can_read_is_a_broken_promise(message: str) -> None:
    with pytest.raises(BrokenPromiseError):
        hold_one_line(message)


@pytest.mark.parametrize("where", ["other.yaml:1", "a.yaml:0", "a.yaml:4", "a.yaml:", "a.yamlx", ""])
def test_a_problem_that_does_not_say_where_it_is_is_a_broken_promise(where: str) -> None:
    hold_problems(
        [Problem("a.yaml:3", "", "wrong"), Problem("a.yaml", "", "wrong"), Problem("", "", "... and 5 more")], "a.yaml", 3
    )
    with pytest.raises(BrokenPromiseError):
        hold_problems([Problem(where, "", "wrong")], "a.yaml", 3)


def test_no_problem_at_all_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromiseError):
        hold_problems([], "a.yaml", 3)
    hold(True, "a promise that is kept")
