"""The moments of a trial: the same load from the first second on, and other moments in every trial."""

from __future__ import annotations

from array import array
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.plan.arrivals import Arrivals
from vsock_loadgen.plan.fleet import Cohort
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import MILLISECOND, SECOND

VMS = 20_000
INTERVAL_NS = 10 * SECOND


def schedule(vms: int, jitter: Fraction, indices: range | None = None) -> Schedule:
    chosen = indices or range(vms)
    columns = array("q", [INTERVAL_NS] * len(chosen)), array("q", [0] * len(chosen)), array("H", [0] * len(chosen))
    return Schedule(4711, chosen, *columns, (Cohort(jitter),))


def instants(of: Schedule, end_ns: int) -> list[int]:
    advance = of.advance(0)
    return [due_ns for position in range(len(of.indices)) for due_ns in of.instants(position, end_ns, advance)]


@pytest.mark.parametrize("jitter", [Fraction(0), Fraction(1, 20), Fraction(1, 2), Fraction(1)])
def test_every_second_from_the_first_on_has_the_same_load(jitter: Fraction) -> None:
    trials, seconds = 8, 25
    due = Counter[int]()
    for trial in range(1, trials + 1):
        due.update(each // SECOND for each in instants(Arrivals(trial, VMS).of(schedule(VMS, jitter)), seconds * SECOND))
    expected = trials * VMS * SECOND / INTERVAL_NS
    assert sorted(due) == list(range(seconds))
    assert all(abs(count / expected - 1) < 0.03 for count in due.values()), due


def test_a_first_report_may_be_later_than_an_interval() -> None:
    first = Arrivals(1, VMS).of(schedule(VMS, Fraction(1))).offset_ns
    assert max(first) > INTERVAL_NS
    assert max(first) < 2 * INTERVAL_NS


@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from([Fraction(1, 20), Fraction(1)]))
def test_a_trial_has_its_own_moments_and_always_the_same(one: int, two: int, jitter: Fraction) -> None:
    end_ns = 30 * SECOND
    first = instants(Arrivals(one, 50).of(schedule(50, jitter)), end_ns)
    second = instants(Arrivals(two, 50).of(schedule(50, jitter)), end_ns)
    assert (first == second) == (one == two)


@given(st.integers(0, 49), st.integers(1, 50))
def test_a_vm_has_its_moments_whatever_the_slice(start: int, vms: int) -> None:
    part = range(start, min(50, start + vms))
    whole = Arrivals(3, 50).of(schedule(50, Fraction(1, 20)))
    sliced = Arrivals(3, 50).of(schedule(50, Fraction(1, 20), part))
    end_ns = 40 * SECOND + MILLISECOND
    found = [list(sliced.instants(position, end_ns)) for position in range(len(part))]
    assert found == [list(whole.instants(index, end_ns)) for index in part]
