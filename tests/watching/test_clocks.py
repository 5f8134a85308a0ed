"""Where the clocks part during a run, the log and the result say when, by how much, and which of two things it was."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.clocks import in_all, sentences, suspended, was_set
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.clocks import MOST_APART_NS, MOST_STEPS, Clocks, ClockWatch, read_clocks

BEGAN = Clocks(5 * SECOND, 7 * SECOND, 1_700_000_000 * SECOND)
STEPS = st.lists(st.tuples(*[st.integers(0, 10 * SECOND)] * 2, st.integers(-10 * SECOND, 10 * SECOND)), max_size=150)


class Machine:
    """Three clocks that a test moves, and the watch of a run that began with them."""

    def __init__(self) -> None:
        self.clocks: Clocks | None = BEGAN
        self.log = io.StringIO()
        self.totals = RunTotals(1, BEGAN.wall_ns)
        self.watch = ClockWatch(Log(self.log, lambda: 0.0), lambda: self.clocks)
        self.watch.begin()

    def pass_time(self, ns: int, *, suspended_ns: int = 0, set_ns: int = 0) -> None:
        """Let so much of the schedule go by, then suspend the machine, and set its clock; the watch looks."""
        assert self.clocks
        now = self.clocks
        self.totals.elapsed_ns += ns
        self.clocks = Clocks(now.schedule_ns + ns, now.boot_ns + ns + suspended_ns, now.wall_ns + ns + suspended_ns + set_ns)
        self.watch.update(self.totals)


@given(STEPS)
def test_of_any_sequence_of_steps_at_most_a_second_is_ever_unsaid(steps: list[tuple[int, int, int]]) -> None:
    machine, suspended_in_all, set_in_all = Machine(), 0, 0
    for ns, suspended_ns, set_ns in steps:
        machine.pass_time(ns, suspended_ns=suspended_ns, set_ns=set_ns)
        suspended_in_all, set_in_all = suspended_in_all + suspended_ns, set_in_all + set_ns
        said_suspended, said_set = in_all(machine.watch.steps)
        assert abs(suspended_in_all - said_suspended) + abs(set_in_all - said_set) <= MOST_APART_NS
    assert len(machine.watch.steps) <= MOST_STEPS
    assert [step.elapsed_ns for step in machine.watch.steps] == sorted(step.elapsed_ns for step in machine.watch.steps)
    assert bool(machine.log.getvalue()) == bool(machine.watch.steps)


@given(st.lists(st.integers(0, 10**13), max_size=50))
def test_clocks_that_go_together_are_no_word_worth(stretches: list[int]) -> None:
    machine = Machine()
    for ns in stretches:
        machine.pass_time(ns)
    assert machine.watch.steps == ()
    assert machine.log.getvalue() == ""


def test_a_suspension_makes_a_run_invalid_and_is_told_as_one() -> None:
    machine = Machine()
    machine.pass_time(1800 * SECOND, suspended_ns=7200 * SECOND)
    (step,) = machine.watch.steps
    assert str(step).startswith("30m into the run (2023-11-14T22:43:20+00:00) the machine was suspended for 2h: ")
    assert str(step) in machine.log.getvalue()
    assert suspended((step,))[0].startswith("the machine was suspended for 2h of the run")
    assert was_set((step,)) == []


@pytest.mark.parametrize(("set_ns", "words"), [(3 * SECOND, "set forward by 3s"), (-3 * SECOND, "set back by 3s")])
def test_a_clock_that_was_set_is_told_with_its_direction(set_ns: int, words: str) -> None:
    machine = Machine()
    machine.pass_time(SECOND, set_ns=set_ns)
    (step,) = machine.watch.steps
    assert words in str(step)
    assert suspended((step,)) == []
    assert "the wall clock was set by" in was_set((step,))[0]


def test_both_at_once_are_two_things() -> None:
    machine = Machine()
    machine.pass_time(SECOND, suspended_ns=60 * SECOND, set_ns=-2 * SECOND)
    assert "was suspended for 1m: " in str(machine.watch.steps[0])
    assert "and the wall clock was set back by 2s" in str(machine.watch.steps[0])


def test_small_settings_are_said_once_they_add_up_to_more_than_a_second() -> None:
    machine = Machine()
    for _ in range(3):
        machine.pass_time(SECOND, set_ns=400 * MILLISECOND)
    (step,) = machine.watch.steps
    assert step.set_ns == 1200 * MILLISECOND


def test_many_steps_are_few_sentences() -> None:
    machine = Machine()
    for _ in range(2 * MOST_STEPS):
        machine.pass_time(SECOND, set_ns=2 * SECOND)
    assert len(sentences(machine.watch.steps)) == 5
    assert sentences(machine.watch.steps)[-1].endswith("set by 6m40s in total")


def test_a_reading_during_which_this_process_was_held_up_is_none() -> None:
    schedule = iter(range(0, 100 * SECOND, SECOND))
    assert read_clocks(lambda: next(schedule), lambda: 0, lambda: 0) is None
    machine = Machine()
    machine.clocks = None
    machine.watch.update(machine.totals)
    machine.clocks = replace(BEGAN, wall_ns=BEGAN.wall_ns + 5 * SECOND)
    machine.watch.update(machine.totals)
    assert [step.set_ns for step in machine.watch.steps] == [5 * SECOND]
