"""Profiles, synchronised cohorts and phases: who gets what, and when that is due."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase, Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.forecast import count_per_second
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import HOUR, MINUTE, SECOND

PROFILES = (
    Profile(name="small", percent=Fraction("70.5"), packages=Constant(500), report_interval=Constant(30 * SECOND)),
    Profile(
        name="large",
        percent=Fraction("29.5"),
        packages=buckets((50, 1_000), (50, 2_000)),
        report_interval=Normal(Fraction(60 * SECOND), Fraction(5 * SECOND), Fraction(0), Fraction(300 * SECOND)),
    ),
)


def whole(config: Config) -> Schedule:
    return plan_of(config).schedule(range(config.vm_count))


@given(vm_count=st.integers(1, 400), seed=st.integers())
@settings(max_examples=40)
def test_profiles_are_apportioned_exactly_and_keep_their_attributes_together(vm_count: int, seed: int) -> None:
    fleet = build_fleet(replace(EXAMPLE, vm_count=vm_count, seed=seed, profiles=PROFILES))
    shares = apportion(vm_count, [profile.percent for profile in PROFILES])
    assert [list(fleet.profile).count(number) for number in (0, 1)] == shares
    for index in range(vm_count):
        is_small = fleet.profile[index] == 0
        assert (fleet.packages.values[index] == 500) == is_small
        assert fleet.report_interval.values[index] == 30 * SECOND or not is_small
    inner = Counter(fleet.packages.values[index] for index in range(vm_count) if fleet.profile[index] == 1)
    assert [inner[1_000], inner[2_000]] == apportion(shares[1], [Fraction(50), Fraction(50)])


def test_a_fleet_of_one_profile_is_the_fleet_without_profiles() -> None:
    alone = (Profile(name="all", percent=Fraction(100), packages=EXAMPLE.packages, report_interval=EXAMPLE.report_interval),)
    assert build_fleet(replace(EXAMPLE, profiles=alone)).digest() == build_fleet(EXAMPLE).digest()


def test_the_plan_shows_each_profile_with_its_statistics() -> None:
    plan = plan_of(replace(EXAMPLE, profiles=PROFILES))
    small, large = plan.profiles
    assert (small.name, small.vms, large.vms) == ("small", 141, 59)
    assert small.packages is not None
    assert large.packages is not None
    assert small.packages.statistics.mean == 500
    assert [row.vms for row in large.packages.buckets] == [30, 29]
    assert plan.packages.buckets == ()


def herd(offset_ns: int = 0, interval_ns: int = HOUR, jitter: Fraction | None = None, **others: object) -> Config:
    """A fleet of which 40 % keep their own time and 60 % report in step."""
    timing = Timing(synchronized=True, offset_ns=offset_ns, jitter=jitter)
    intervals = Buckets((Bucket(Fraction(40), Constant(50 * SECOND)), Bucket(Fraction(60), Constant(interval_ns), timing)))
    return replace(EXAMPLE, vm_count=50, report_interval=intervals, **others)  # type: ignore[arg-type]


def in_step(config: Config) -> list[int]:
    fleet = build_fleet(config)
    return [index for index in range(config.vm_count) if fleet.cohorts[fleet.cohort[index]].synchronized]


@given(
    zero_wall_ns=st.integers(0, 10**18),
    offset_ns=st.integers(0, 2 * HOUR),
    interval_ns=st.integers(SECOND, 2 * HOUR),
)
@settings(max_examples=60)
def test_synchronised_vms_are_due_at_every_multiple_of_their_interval_plus_offset(
    zero_wall_ns: int, offset_ns: int, interval_ns: int
) -> None:
    config = herd(offset_ns, interval_ns)
    schedule = whole(config)
    advance = schedule.advance(zero_wall_ns)
    for position in in_step(config):
        walls = [zero_wall_ns + advance(position) for _ in range(4)]
        assert walls[0] - zero_wall_ns < interval_ns
        assert all(wall >= zero_wall_ns and (wall - offset_ns) % interval_ns == 0 for wall in walls)
        assert [b - a for a, b in pairwise(walls)] == [interval_ns] * 3


@given(zero_wall_ns=st.integers(0, 10**18), later_ns=st.integers(0, 3 * HOUR))
@settings(max_examples=30)
def test_nodes_that_start_at_different_times_are_in_step_on_the_same_instants(zero_wall_ns: int, later_ns: int) -> None:
    """Also with jitter: the delay belongs to the instant of the grid, not to when a node began."""
    config = herd(interval_ns=10 * MINUTE, jitter=Fraction(1, 10))
    position = in_step(config)[0]
    early, late = whole(config).advance(zero_wall_ns), whole(config).advance(zero_wall_ns + later_ns)
    first_of_late = zero_wall_ns + later_ns + late(position)
    walls = [zero_wall_ns + early(position) for _ in range(40)]
    assert first_of_late in walls
    assert all(wall % (10 * MINUTE) < MINUTE for wall in walls)


def test_a_herd_is_seen_in_the_forecast() -> None:
    config = herd(offset_ns=5 * MINUTE, start_at_ns=1_000 * HOUR, duration_ns=10 * MINUTE)
    load = plan_of(config).forecast
    assert load.peak_at_seconds == 300
    assert load.peak_reports_per_second >= 30
    per_second = count_per_second(whole(config), 10 * MINUTE, 1_000 * HOUR)
    assert per_second[300] == load.peak_reports_per_second


def test_the_phase_of_a_synchronised_vm_is_its_offset_modulo_its_interval() -> None:
    config = herd(offset_ns=90 * MINUTE)
    fleet = build_fleet(config)
    assert {fleet.offset_ns[index] for index in in_step(config)} == {30 * MINUTE}


def ramp(start: str, end: str) -> Level:
    return Level(Fraction(start), Fraction(end))


SPIKE = (
    Phase("calm", 100 * SECOND),
    Phase("spike", 50 * SECOND, rate=ramp("4", "4")),
    Phase("half", 100 * SECOND, vms=ramp("1/2", "1/2")),
)


def test_phases_change_how_many_reports_are_due_and_nothing_else() -> None:
    config = replace(EXAMPLE, vm_count=2_000, report_interval=Constant(10 * SECOND), phases=SPIKE)
    schedule = whole(config)
    per_second = count_per_second(schedule, 250 * SECOND, 0)
    calm, spike, half = sum(per_second[20:100]) / 80, sum(per_second[100:150]) / 50, sum(per_second[150:]) / 100
    assert calm == pytest.approx(200, rel=0.03)
    assert spike == pytest.approx(800, rel=0.03)
    assert half == pytest.approx(100, rel=0.03)
    assert build_fleet(config).digest() == build_fleet(replace(config, phases=())).digest()


def test_the_forecast_knows_the_phases() -> None:
    config = replace(EXAMPLE, vm_count=2_000, report_interval=Constant(10 * SECOND), phases=SPIKE, duration_ns=250 * SECOND)
    load = plan_of(config).forecast
    assert load.reports_per_second == pytest.approx((100 * 200 + 50 * 800 + 100 * 100) / 250)
    assert load.reports == pytest.approx(250 * load.reports_per_second, rel=0.02)
    assert 100 <= load.peak_at_seconds < 150


def test_rate_does_not_apply_to_synchronised_vms_but_switching_off_does() -> None:
    off = (Phase("busy", HOUR, rate=ramp("5", "5")), Phase("none", HOUR, vms=ramp("0", "0")))
    config = herd(interval_ns=10 * MINUTE, phases=off)
    schedule = whole(config)
    position = in_step(config)[0]
    assert list(schedule.instants(position, 2 * HOUR)) == [number * 10 * MINUTE for number in range(6)]


@given(nodes=st.integers(1, 8), zero_wall_ns=st.integers(0, 10**18))
@settings(max_examples=15)
def test_the_union_over_nodes_is_the_whole_plan_instant_by_instant(nodes: int, zero_wall_ns: int) -> None:
    config = herd(interval_ns=2 * MINUTE, jitter=Fraction(1, 3), phases=SPIKE, repeat_phases=True)
    plan = plan_of(config, nodes)
    everything = plan.schedule(range(config.vm_count))
    advance = everything.advance(zero_wall_ns)
    expected = [list(everything.instants(index, 10 * MINUTE, advance)) for index in range(config.vm_count)]
    found = []
    for node in plan.nodes:
        part = plan.schedule(node.indices())
        walk = part.advance(zero_wall_ns)
        found += [list(part.instants(position, 10 * MINUTE, walk)) for position in range(node.vms)]
    assert found == expected
