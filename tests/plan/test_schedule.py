"""Due instants: phase first, then jittered intervals counted from the previous due instant."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from fake_schedule import schedule as made_schedule
from fleet_example import EXAMPLE
from vsock_loadgen.plan.fleet import Cohort, Fleet, build_fleet
from vsock_loadgen.plan.schedule import SHORTEST_INTERVAL_NS, Schedule, scaled_interval, schedule_of
from vsock_loadgen.plan.streams import jittered_step
from vsock_loadgen.units import MILLISECOND, SECOND

SCALES = st.fractions(Fraction(1, 10), 1_000, max_denominator=100)
JITTERS = st.fractions(0, Fraction(9, 10), max_denominator=100)
FLEET = build_fleet(replace(EXAMPLE, vm_count=40))


def scheduled(fleet: Fleet, seed: int = 0, jitter: Fraction = Fraction(1, 20), scale: Fraction = Fraction(1)) -> Schedule:
    """The schedule of every VM of a fleet."""
    fleet = replace(fleet, cohorts=(Cohort(jitter),))
    return schedule_of(fleet, range(fleet.vm_count), seed=seed, time_scale=scale)


@settings(max_examples=60)
@given(seed=st.integers(), jitter=JITTERS, scale=SCALES, position=st.integers(0, 39))
def test_the_first_report_is_due_at_the_phase_and_each_next_one_a_jittered_interval_after_it(
    seed: int, jitter: Fraction, scale: Fraction, position: int
) -> None:
    schedule = scheduled(FLEET, seed, jitter, scale)
    interval_ns = schedule.interval_ns[position]
    instants = list(islice(schedule.instants(position, 2**62), 12))
    assert all(type(instant) is int for instant in instants)
    assert 0 <= instants[0] < interval_ns
    assert instants[0] == min(int(FLEET.offset_ns[position] / scale), interval_ns - 1)
    step = jittered_step(seed, jitter)
    for number, (before, after) in enumerate(pairwise(instants)):
        assert after - before == step(position, number, interval_ns)
        assert interval_ns * (1 - jitter) - 1 < after - before <= interval_ns * (1 + jitter)


@given(interval_ns=st.integers(MILLISECOND, 10**17), scale=SCALES)
def test_the_time_scale_divides_an_interval_down_to_a_millisecond(interval_ns: int, scale: Fraction) -> None:
    assert scaled_interval(interval_ns, scale) == max(SHORTEST_INTERVAL_NS, int(interval_ns / scale))


@given(position=st.integers(0, 39), end_ns=st.integers(0, 700 * SECOND))
def test_instants_are_exactly_those_before_the_end(position: int, end_ns: int) -> None:
    schedule = scheduled(FLEET)
    unbounded = list(islice(schedule.instants(position, 2**62), 40))
    assert list(schedule.instants(position, end_ns)) == [instant for instant in unbounded if instant < end_ns]


def test_an_instant_at_the_very_end_is_not_due() -> None:
    schedule = made_schedule([10], [5])
    assert list(schedule.instants(0, 25)) == [5, 15]
    assert list(schedule.instants(0, 26)) == [5, 15, 25]
    assert list(schedule.instants(0, 5)) == []


@given(first=st.integers(0, 39), vms=st.integers(1, 40), stride=st.integers(1, 5))
def test_a_vm_has_the_same_instants_in_whatever_part_of_the_fleet_it_is(first: int, vms: int, stride: int) -> None:
    whole = scheduled(FLEET)
    chosen = range(first, min(40, first + vms), stride)
    part = schedule_of(FLEET, chosen, seed=0, time_scale=Fraction(1))
    for position, index in enumerate(chosen):
        assert list(part.instants(position, 400 * SECOND)) == list(whole.instants(index, 400 * SECOND))


def test_without_jitter_reports_are_exactly_one_interval_apart() -> None:
    schedule = scheduled(FLEET, jitter=Fraction(0))
    for position in range(40):
        gaps = {after - before for before, after in pairwise(schedule.instants(position, 3_000 * SECOND))}
        assert gaps == {FLEET.report_interval.values[position]}


def test_jitter_accumulates_no_drift() -> None:
    """The mean gap of 2,000 reports is the interval, to within five standard errors of a 5 % jitter."""
    schedule = scheduled(FLEET)
    for position in (0, 1, 2):
        instants = list(islice(schedule.instants(position, 2**62), 2_001))
        interval_ns = schedule.interval_ns[position]
        assert abs((instants[-1] - instants[0]) / 2_000 - interval_ns) < interval_ns * 0.05 * 0.578 * 5 / 2_000**0.5
