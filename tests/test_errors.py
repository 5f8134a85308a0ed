"""Errors say whose fault they are, where, and with which exit code."""

from __future__ import annotations

import errno

import pytest

from vsock_loadgen.errors import (
    ClusterError,
    ConfigError,
    InternalError,
    LoadgenError,
    MachineError,
    Problem,
    TargetError,
    exit_code_of,
    how_it_ended,
)


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (Problem("a.yaml:12", "packages.buckets", "percents add up to 98"), "a.yaml:12: packages.buckets: percents add up to 98"),
        (Problem("LOADGEN_SEED", "", "is 'x', expected a whole number"), "LOADGEN_SEED: is 'x', expected a whole number"),
        (Problem("", "vmCount", "is 0"), "vmCount: is 0"),
        (Problem("two\nlines.json", "", "cannot be read"), "two?lines.json: cannot be read"),
    ],
)
def test_a_problem_names_place_key_and_message_as_far_as_there_are_any(problem: Problem, shown: str) -> None:
    assert str(problem) == shown


def test_a_config_error_shows_every_problem_in_order() -> None:
    problems = [Problem("f:2", "b", "two"), Problem("f:1", "a", "one")]
    error = ConfigError(problems)
    assert str(error) == "f:2: b: two\nf:1: a: one"
    assert error.problems == tuple(problems)


def test_a_target_error_shows_its_remedy_where_there_is_one() -> None:
    assert str(TargetError("nobody listens", "start the relay")) == "nobody listens\n  remedy: start the relay"
    assert str(TargetError("nobody listens")) == "nobody listens"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError([]), 2), (TargetError("x"), 2), (ClusterError("x"), 2), (InternalError("x"), 1), (LoadgenError("x"), 1)],
)
def test_the_type_of_an_error_decides_the_exit_code(error: LoadgenError, code: int) -> None:
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.ENOSPC, "x", "stdout"), "stdout: No space left on device"),
        (
            OSError(errno.EMFILE, "x", "/some/module.py"),
            "this machine refused what is needed: Too many open files\n  remedy: raise the limit of open files (ulimit -Hn)",
        ),
        (OSError("no number"), "this machine refused what is needed: no number"),
    ],
)
def test_what_a_machine_refuses_is_said_in_its_words_with_the_file_or_the_remedy(error: OSError, shown: str) -> None:
    assert str(MachineError(error)) == shown
    assert MachineError(error).exit_code == 1


def test_a_process_that_a_machine_refused_something_ends_so_that_its_parent_can_tell_what() -> None:
    assert how_it_ended(exit_code_of(MemoryError())) == "Cannot allocate memory"
    assert how_it_ended(exit_code_of(OSError(errno.EMFILE, "x"))) == "Too many open files"
    assert how_it_ended(exit_code_of(OSError("no number"))) == "exit code 1"
    assert how_it_ended(-9) == "killed by signal 9"
    assert how_it_ended(None) == "it does not answer"
