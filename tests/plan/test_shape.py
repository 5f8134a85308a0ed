"""Phases of load: the closed forms against brute force."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.plan.shape import NEVER, Shape
from vsock_loadgen.units import SECOND

VMS = 1_000


def level(start: float, end: float | None = None) -> Level:
    """A level that goes from one number to another, or stays."""
    return Level(Fraction(str(start)), Fraction(str(start if end is None else end)))


def shape(*phases: tuple[float, Level, Level], repeat: bool = False, scale: int = 1) -> Shape:
    """Phases of (seconds, rate, share of VMs)."""
    made = [Phase(f"p{n}", int(seconds * SECOND), rate, vms) for n, (seconds, rate, vms) in enumerate(phases)]
    return Shape(made, repeat=repeat, vm_count=VMS, time_scale=Fraction(scale))


ONE = level(1)
rates = st.sampled_from([0, 0.5, 1, 2, 10])
shares = st.sampled_from([0, 0.25, 0.5, 1])
phases = st.lists(
    st.tuples(st.integers(1, 20), st.builds(level, rates, rates), st.builds(level, shares, shares)), min_size=1, max_size=4
)


def load_until(made: list[tuple[float, Level, Level]], now: float, *, repeat: bool) -> float:
    """Lambda by adding up small steps' mid-points, exact for straight lines as long as no step crosses a border."""
    total, at = 0.0, 0.0
    while at < now:
        cycle = sum(seconds for seconds, _, _ in made)
        within = at % cycle if repeat else at
        begun = 0.0
        number = 0
        while within >= begun + made[number][0] and (repeat or number + 1 < len(made)):
            begun += made[number][0]
            number += 1
        seconds, rate, _ = made[number]
        step = min(0.25, now - at)
        middle = within + step / 2 - begun
        part = min(1.0, middle / seconds)
        total += step * (float(rate.start) + (float(rate.end) - float(rate.start)) * part)
        at += step
    return total


@given(made=phases, repeat=st.booleans(), seconds=st.integers(0, 60))
def test_an_instant_is_the_first_at_which_the_load_is_reached(
    made: list[tuple[float, Level, Level]], repeat: bool, seconds: int
) -> None:
    assume(len({(s, r.start, r.end) for s, r, _ in made}) == len(made))  # the brute force tells phases apart by their values
    load = load_until(made, seconds, repeat=repeat)
    found = shape(*made, repeat=repeat).instant(round(load * SECOND)) / SECOND
    assert found <= seconds + 1e-6
    assert load_until(made, found, repeat=repeat) == pytest.approx(load, abs=1e-5, rel=1e-6)


@given(made=phases, repeat=st.booleans(), loads=st.lists(st.integers(0, 100 * SECOND), min_size=2, max_size=20))
def test_instants_never_go_backwards(made: list[tuple[float, Level, Level]], repeat: bool, loads: list[int]) -> None:
    instants = [shape(*made, repeat=repeat).instant(load) for load in sorted(loads)]
    assert instants == sorted(instants)
    assert all(isinstance(instant, int) and 0 <= instant <= NEVER for instant in instants)


def test_a_constant_rate_divides_the_time() -> None:
    assert shape((10, level(2), ONE)).instant(30 * SECOND) == 15 * SECOND


def test_the_last_value_holds_after_the_phases() -> None:
    assert shape((10, level(1), ONE), (10, level(1, 3), ONE)).instant(60 * SECOND) == 30 * SECOND


def test_repeated_phases_begin_anew() -> None:
    made = shape((10, level(1), ONE), (10, level(3), ONE), repeat=True)
    assert made.instant(40 * SECOND) == 20 * SECOND
    assert made.instant(45 * SECOND) == 25 * SECOND
    assert made.instant(53 * SECOND) == 31 * SECOND


def test_during_a_pause_nothing_is_due_and_nothing_piles_up_at_its_end() -> None:
    made = shape((10, level(1), ONE), (5, level(0), ONE), (10, level(1), ONE))
    assert made.instant(10 * SECOND) == 10 * SECOND
    assert made.instant(10 * SECOND + 1000) == pytest.approx(15 * SECOND + 1000, abs=2)


@pytest.mark.parametrize("repeat", [True, False])
def test_a_load_that_is_never_reached_is_due_never(repeat: bool) -> None:
    assert shape((10, level(0), ONE), repeat=repeat).instant(1) == NEVER


def test_at_load_zero_a_report_is_due_at_once_also_where_the_rate_starts_at_zero() -> None:
    assert shape((10, level(0, 2), ONE)).instant(0) == 0
    assert shape((10, level(0, 2), ONE)).instant(10 * SECOND) == 10 * SECOND
    assert shape((10, level(0, 2), ONE)).instant(int(2.5 * SECOND)) == 5 * SECOND


def test_a_share_of_the_fleet_is_rounded_to_whole_vms() -> None:
    made = shape((10, ONE, level(0, 1)), (10, ONE, level(0.2504)))
    assert [made.switched_on(second * SECOND) for second in (0, 5, 9)] == [0, 500, 900]
    assert made.switched_on(12 * SECOND) == made.switched_on(1_000 * SECOND) == 250


def test_the_phase_of_an_instant_is_known() -> None:
    once = shape((10, ONE, ONE), (5, ONE, ONE))
    assert [once.phase_at(second * SECOND) for second in (0, 9, 10, 14, 15, 900)] == [0, 0, 1, 1, 1, 1]
    again = shape((10, ONE, ONE), (5, ONE, ONE), repeat=True)
    assert [again.phase_at(second * SECOND) for second in (14, 15, 25, 30)] == [1, 0, 1, 0]


def test_the_time_scale_shortens_phases() -> None:
    assert shape((100, level(2), ONE), scale=10).cycle_ns == 10 * SECOND


@given(made=phases, repeat=st.booleans(), end=st.integers(1, 90))
def test_the_mean_is_that_of_many_samples(made: list[tuple[float, Level, Level]], repeat: bool, end: int) -> None:
    found = shape(*made, repeat=repeat)
    samples = [found.switched_on((2 * n + 1) * SECOND // 40) / VMS for n in range(20 * end)]  # none crosses a border
    assert found.mean(end * SECOND, with_rate=False) == pytest.approx(sum(samples) / len(samples), abs=1e-3)
    if all(vms == ONE for _, _, vms in made):
        assert found.mean(end * SECOND, with_rate=True) == pytest.approx(load_until(made, end, repeat=repeat) / end, rel=1e-3)
