"""What arrived, sorted into the buckets of the plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase, Profile
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.results.seen import Seen, seen_by_receiver
from vsock_loadgen.units import SECOND

PLAN = plan_of(EXAMPLE)
SCALED = plan_of(replace(EXAMPLE, time_scale=Fraction(45)))


def arrivals(plan: Plan, end_ns: int) -> Receipt:
    """The receipt of a run in which every report of the plan arrived at once."""
    schedule = plan.schedule(range(plan.fleet.vm_count))
    vms = []
    for vm, packages in enumerate(plan.fleet.packages.values):
        instants = list(schedule.instants(vm, end_ns))
        if instants:
            vms.append(VmReceipt(str(3 + vm), len(instants), packages, 1e9 + instants[0] / SECOND, 1e9 + instants[-1] / SECOND))
    return Receipt(vms=tuple(vms))


def rows(seen: Seen) -> list[list[tuple[int, int, int]]]:
    """(value, planned, seen) of packages and of intervals."""
    return [[(row.value, row.planned, row.seen) for row in part] for part in (seen.packages, seen.intervals)]


@pytest.mark.parametrize(("plan", "seconds"), [(PLAN, 660), (SCALED, 15)])
def test_a_perfect_run_is_seen_exactly_as_planned(plan: Plan, seconds: int) -> None:
    seen = seen_by_receiver(arrivals(plan, seconds * SECOND), plan, range(plan.fleet.vm_count))
    assert rows(seen) == [
        [(500, 140, 140), (1_000, 40, 40), (1_500, 16, 16), (2_000, 4, 4)],
        [(30 * SECOND, 100, 100), (60 * SECOND, 60, 60), (300 * SECOND, 40, 40)],
    ]
    assert (seen.strangers, seen.ungrouped) == (0, 0)


@settings(max_examples=25)
@given(seed=st.integers(0, 99), seconds=st.integers(0, 400))
def test_every_vm_is_in_one_bucket_or_named_as_without(seed: int, seconds: int) -> None:
    plan = plan_of(replace(EXAMPLE, seed=seed))
    receipt = arrivals(plan, seconds * SECOND)
    seen = seen_by_receiver(receipt, plan, range(plan.fleet.vm_count))
    assert sum(row.seen for row in seen.packages) + seen.strangers == len(receipt.vms)
    assert sum(row.seen for row in seen.intervals) + seen.ungrouped == len(receipt.vms)


@pytest.mark.parametrize(
    ("gap", "interval"), [(29.0, 30), (42.0, 30), (43.0, 60), (134.0, 60), (135.0, 300), (9_999.0, 300), (0.001, 30)]
)
def test_a_gap_belongs_to_the_interval_with_the_nearest_ratio(gap: float, interval: int) -> None:
    seen = seen_by_receiver(Receipt(vms=(VmReceipt("3", 2, 500, 0.0, gap),)), PLAN, range(PLAN.fleet.vm_count))
    assert [row.value for row in seen.intervals if row.seen] == [interval * SECOND]


@pytest.mark.parametrize(("reports", "last"), [(1, 0.0), (2, 0.0), (2, -5.0)])
def test_a_vm_without_a_gap_is_not_grouped_even_where_the_wall_clock_was_set_back(reports: int, last: float) -> None:
    seen = seen_by_receiver(Receipt(vms=(VmReceipt("3", reports, 500, 0.0, last),)), PLAN, range(PLAN.fleet.vm_count))
    assert (seen.ungrouped, sum(row.seen for row in seen.intervals)) == (1, 0)


def test_a_vm_with_another_number_of_packages_is_a_stranger() -> None:
    assert seen_by_receiver(Receipt(vms=(VmReceipt("3", 2, 501, 0.0, 30.0),)), PLAN, range(PLAN.fleet.vm_count)).strangers == 1


def test_continuous_distributions_have_no_buckets_to_sort_into() -> None:
    wide = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(9_000))
    plan = plan_of(
        replace(
            EXAMPLE, packages=buckets((50, 1), (50, wide)), report_interval=Normal(*(Fraction(SECOND * n) for n in (60, 9, 1, 90)))
        )
    )
    seen = seen_by_receiver(arrivals(plan, 200 * SECOND), plan, range(plan.fleet.vm_count))
    assert (seen.packages, seen.intervals, seen.strangers) == ((), (), 0)


def test_buckets_of_one_value_are_one_row() -> None:
    plan = plan_of(replace(EXAMPLE, packages=buckets((50, 700), (50, 700)), report_interval=Constant(30 * SECOND)))
    assert rows(seen_by_receiver(arrivals(plan, 70 * SECOND), plan, range(plan.fleet.vm_count))) == [
        [(700, 200, 200)],
        [(30 * SECOND, 200, 200)],
    ]


def test_intervals_of_the_document_are_seconds_before_the_time_scale() -> None:
    document = seen_by_receiver(arrivals(SCALED, 15 * SECOND), SCALED, range(SCALED.fleet.vm_count)).to_json()
    assert document["vms_by_interval_seconds"] == [
        {"value": 30, "planned": 100, "seen": 100},
        {"value": 60, "planned": 60, "seen": 60},
        {"value": 300, "planned": 40, "seen": 40},
    ]
    assert list(document) == ["vms_by_packages", "vms_by_interval_seconds", "strangers", "ungrouped"]


def test_of_profiles_their_values_are_seen_unless_some_are_sampled() -> None:
    step = Timing(synchronized=True)
    profiles = (
        Profile(name="a", percent=Fraction(60), packages=Constant(5), report_interval=Constant(30 * SECOND)),
        Profile(name="b", percent=Fraction(40), packages=Constant(9), report_interval=Constant(60 * SECOND), timing=step),
    )
    plan = plan_of(replace(EXAMPLE, profiles=profiles))
    seen = seen_by_receiver(arrivals(plan, 200 * SECOND), plan, range(200))
    assert rows(seen) == [[(5, 120, 120), (9, 80, 80)], [(30 * SECOND, 120, 120), (60 * SECOND, 80, 80)]]
    sampled = Normal(Fraction(60), Fraction(5), Fraction(50), Fraction(70))
    plan = plan_of(replace(EXAMPLE, profiles=(replace(profiles[0], packages=sampled), profiles[1])))
    assert rows(seen_by_receiver(arrivals(plan, 200 * SECOND), plan, range(200)))[0] == []


def test_where_phases_change_the_gaps_no_interval_is_told_from_them() -> None:
    twice = Level(Fraction(2), Fraction(2))
    plan = plan_of(replace(EXAMPLE, phases=(Phase("twice", 60 * SECOND, rate=twice),)))
    seen = seen_by_receiver(arrivals(plan, 400 * SECOND), plan, range(200))
    assert seen.intervals == ()
    assert [row.seen for row in seen.packages] == [140, 40, 16, 4]
