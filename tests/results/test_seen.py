"""What arrived, matched by CID and sorted into the groups of the plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase, Profile
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.results.seen import Seen, seen_by_receiver
from vsock_loadgen.units import SECOND

WIDE = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(9_000))
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


def seen_of(receipt: Receipt, plan: Plan, own_cid: int | None = None) -> Seen:
    """What a single node's receiver saw."""
    return seen_by_receiver(receipt, plan, plan.nodes[0], own_cid)


def rows(seen: Seen, dimension: str) -> list[tuple[int | None, int | None]]:
    """(seen, knowable) VMs of every group of a dimension."""
    return [(group.vms, group.knowable) for group in seen.groups[dimension]]


@pytest.mark.parametrize(("plan", "seconds"), [(PLAN, 660), (SCALED, 15)])
def test_a_perfect_run_is_seen_exactly_as_planned(plan: Plan, seconds: int) -> None:
    receipt = arrivals(plan, seconds * SECOND)
    seen = seen_of(receipt, plan)
    assert rows(seen, "packages") == [(140, 140), (40, 40), (16, 16), (4, 4)]
    assert rows(seen, "report_interval") == [(100, 100), (60, 60), (40, 40)]
    assert sum(group.reports for group in seen.groups["packages"]) == sum(vm.reports for vm in receipt.vms)
    assert (seen.strangers, seen.ungrouped, seen.not_seen) == (0, 0, {})


@settings(max_examples=25)
@given(seed=st.integers(0, 99), seconds=st.integers(0, 400), packages=st.sampled_from([EXAMPLE.packages, WIDE]))
def test_every_vm_that_arrived_is_seen_in_its_group_or_named_as_unknown(seed: int, seconds: int, packages: Distribution) -> None:
    plan = plan_of(replace(EXAMPLE, seed=seed, packages=packages))
    receipt = arrivals(plan, seconds * SECOND)
    seen = seen_of(receipt, plan)
    assert sum(vms or 0 for vms, _ in rows(seen, "packages")) == len(receipt.vms)
    assert sum(knowable or 0 for _, knowable in rows(seen, "report_interval")) + seen.ungrouped == len(receipt.vms)
    assert all(vms == knowable for vms, knowable in rows(seen, "report_interval"))


def first_with(interval_s: int) -> int:
    """The first VM of the example that has this interval."""
    return PLAN.fleet.report_interval.values.index(interval_s * SECOND)


@pytest.mark.parametrize(
    ("gap", "interval"), [(29.0, 30), (42.0, 30), (43.0, 60), (134.0, 60), (135.0, 300), (9_999.0, 300), (0.001, 30)]
)
def test_a_gap_is_of_the_group_with_the_nearest_ratio(gap: float, interval: int) -> None:
    """Of three VMs with such a gap, one of each interval, that is as planned whose group is nearest."""
    vms = [first_with(each) for each in (30, 60, 300)]
    packages = PLAN.fleet.packages.values
    receipt = Receipt(vms=tuple(VmReceipt(str(3 + vm), 2, packages[vm], 0.0, gap) for vm in vms))
    found = dict(zip((30, 60, 300), rows(seen_of(receipt, PLAN), "report_interval"), strict=True))
    assert [each for each, (seen, _) in found.items() if seen] == [interval]
    assert all(knowable == 1 for _, knowable in found.values())


@pytest.mark.parametrize(("reports", "last"), [(1, 0.0), (2, 0.0), (2, -5.0)])
def test_a_vm_without_a_gap_is_not_known_even_where_the_wall_clock_was_set_back(reports: int, last: float) -> None:
    seen = seen_of(Receipt(vms=(VmReceipt("3", reports, PLAN.fleet.packages.values[0], 0.0, last),)), PLAN)
    assert (seen.ungrouped, rows(seen, "report_interval")) == (1, [(0, 0)] * 3)


@pytest.mark.parametrize("cid", ["2", "203", "x", "9" * 40, ""])
def test_a_vm_that_is_not_of_the_slice_is_a_stranger_and_of_no_group(cid: str) -> None:
    seen = seen_of(Receipt(vms=(VmReceipt(cid, 2, 500, 0.0, 30.0),)), PLAN)
    assert (seen.strangers, {knowable for _, knowable in rows(seen, "packages")}) == (1, {0})


def test_a_vm_with_another_number_of_packages_than_planned_is_a_stranger_that_was_to_be_known() -> None:
    other = 1_000 if PLAN.fleet.packages.values[0] == 500 else 500
    seen = seen_of(Receipt(vms=(VmReceipt("3", 2, other, 0.0, 30.0),)), PLAN)
    assert seen.strangers == 1
    assert sum(vms or 0 for vms, _ in rows(seen, "packages")) == 0
    assert sum(knowable or 0 for _, knowable in rows(seen, "packages")) == 1


def test_of_a_continuous_distribution_vms_are_seen_in_bands() -> None:
    intervals = Normal(*(Fraction(SECOND * n) for n in (60, 9, 1, 90)))
    plan = plan_of(replace(EXAMPLE, packages=buckets((50, 1), (50, WIDE)), report_interval=intervals))
    seen = seen_of(arrivals(plan, 400 * SECOND), plan)
    assert rows(seen, "packages") == [(100, 100), (100, 100)]
    assert rows(seen, "report_interval") == [(100, 100), (80, 80), (18, 18), (2, 2)]


def test_profiles_are_seen_by_cid() -> None:
    step = Timing(synchronized=True)
    sampled = Normal(Fraction(60), Fraction(5), Fraction(50), Fraction(70))
    profiles = (
        Profile(name="a", percent=Fraction(60), packages=sampled, report_interval=Constant(30 * SECOND)),
        Profile(name="b", percent=Fraction(40), packages=Constant(9), report_interval=Constant(60 * SECOND), timing=step),
    )
    plan = plan_of(replace(EXAMPLE, profiles=profiles))
    seen = seen_of(arrivals(plan, 200 * SECOND), plan)
    assert rows(seen, "profile") == [(120, 120), (80, 80)]
    assert rows(seen, "report_interval") == [(120, 120), (80, 80)]


def test_where_phases_change_the_gaps_intervals_are_not_seen_and_the_reason_is_said() -> None:
    twice = Level(Fraction(2), Fraction(2))
    plan = plan_of(replace(EXAMPLE, phases=(Phase("twice", 60 * SECOND, rate=twice),)))
    seen = seen_of(arrivals(plan, 400 * SECOND), plan)
    assert (list(seen.not_seen), seen.of("report_interval", 3)) == (["report_interval"], [None] * 3)
    assert [vms for vms, _ in rows(seen, "packages")] == [140, 40, 16, 4]


def test_of_vms_with_one_cid_reports_are_seen_by_packages_where_these_decide() -> None:
    packages = Counter({500: 300, 1_000: 80, 1_500: 32, 2_000: 8})
    receipt = Receipt(packages=packages, vms=(VmReceipt("42", 420, 500, 0.0, 60.0),))
    seen = seen_of(receipt, PLAN, own_cid=42)
    assert [(group.reports, group.vms, group.knowable) for group in seen.groups["packages"]] == [
        (300, None, None),
        (80, None, None),
        (32, None, None),
        (8, None, None),
    ]
    assert list(seen.not_seen) == ["report_interval"]
    assert "one CID" in seen.not_seen["report_interval"]
    assert seen.strangers == 0
    assert seen_of(replace(receipt, packages={501: 1}), PLAN, own_cid=42).strangers == 1


def test_the_document_has_what_is_not_of_a_group() -> None:
    document = seen_of(arrivals(SCALED, 15 * SECOND), SCALED).to_json()
    assert document == {"not_seen": {}, "strangers": 0, "ungrouped": 0}
