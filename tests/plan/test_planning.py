"""The plan refuses what is not as configured, and warns of what a person should know."""

from __future__ import annotations

from array import array
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, EXAMPLE_PACKAGES, buckets, plan_of, report_bytes
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.errors import ConfigError, InternalError
from vsock_loadgen.plan.fleet import Column, Fleet, build_fleet
from vsock_loadgen.plan.planning import BucketRow, make_plan
from vsock_loadgen.units import MINUTE, SECOND

WIDE = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(9_000))


def tampered(column: Column, vm: int, *, value: int | None = None, bucket: int | None = None) -> Column:
    """A column in which one VM has something else."""
    values, numbers = array("q", column.values), array("i", column.buckets)
    values[vm] = value if value is not None else values[vm]
    numbers[vm] = bucket if bucket is not None else numbers[vm]
    return Column(values, numbers)


def refusal(config: Config, fleet: Fleet) -> str:
    """The message with which a plan is refused."""
    with pytest.raises(InternalError) as caught:
        make_plan(config, fleet, report_bytes)
    return str(caught.value)


@pytest.mark.parametrize("vm", [0, 57, 199])
@pytest.mark.parametrize("change", [{"value": 501}, {"bucket": 3}, {"bucket": -1}, {"bucket": 99}])
def test_a_column_that_is_not_as_configured_is_refused(vm: int, change: dict[str, int]) -> None:
    fleet = build_fleet(EXAMPLE)
    if change == {"bucket": fleet.packages.buckets[vm]}:
        change = {"bucket": 0}
    assert refusal(EXAMPLE, replace(fleet, packages=tampered(fleet.packages, vm, **change))).startswith("packages: VMs by ")
    interval = tampered(
        fleet.report_interval, vm, **{key: value for key, value in change.items() if key == "value"} or {"bucket": -1}
    )
    assert refusal(EXAMPLE, replace(fleet, report_interval=interval)).startswith("reportInterval: VMs by ")


def test_a_scalar_column_that_is_not_as_configured_is_refused() -> None:
    config = replace(EXAMPLE, packages=Constant(700))
    fleet = build_fleet(config)
    assert refusal(config, replace(fleet, packages=tampered(fleet.packages, 3, value=701))).startswith("packages: VMs by ")


@settings(max_examples=40)
@given(vm_count=st.integers(1, 300), seed=st.integers())
def test_a_fleet_that_was_built_for_the_config_is_accepted(vm_count: int, seed: int) -> None:
    plan = plan_of(replace(EXAMPLE, vm_count=vm_count, seed=seed, packages=buckets((60, 500), (30, WIDE), (10, 9))))
    assert sum(row.vms for row in plan.packages.buckets) == vm_count
    assert [row.value for row in plan.packages.buckets] == [500, None, 9]
    assert [row.vms for row in plan.packages.buckets] == [
        sum(1 for number in plan.fleet.packages.buckets if number == bucket) for bucket in range(3)
    ]


def test_buckets_of_one_value_stay_apart() -> None:
    rows = plan_of(replace(EXAMPLE, packages=buckets((50, 700), (50, 700)))).packages.buckets
    assert [(row.value, row.vms) for row in rows] == [(700, 100), (700, 100)]


def test_a_continuous_attribute_has_no_buckets_and_a_scalar_has_one() -> None:
    plan = plan_of(replace(EXAMPLE, packages=WIDE, report_interval=Constant(MINUTE)))
    assert plan.packages.buckets == ()
    assert plan.report_interval.buckets == (BucketRow(MINUTE, Fraction(100), 200, 100.0),)


def test_more_than_ten_thousand_vms_a_node_are_refused_on_several_nodes() -> None:
    config = replace(EXAMPLE, vm_count=20_001, report_interval=Constant(300 * SECOND))
    with pytest.raises(ConfigError) as caught:
        plan_of(config, nodes=2)
    assert str(caught.value) == "vmCount: 10,001 VMs on a node, expected at most 10,000 with several nodes: CIDs would collide"
    assert [node.vms for node in plan_of(replace(config, vm_count=20_000), nodes=2).nodes] == [10_000, 10_000]


def kinds(config: Config, nodes: int | None = None) -> list[str]:
    """The kinds of warnings that a plan has."""
    return [warned.kind for warned in plan_of(config, nodes).warnings]


def test_more_than_ten_thousand_vms_are_warned_of_on_one_node_only() -> None:
    config = replace(EXAMPLE, vm_count=10_001, target=EmbeddedAddress())
    assert kinds(config) == ["vms_per_node"]
    assert kinds(config, nodes=2) == []
    assert kinds(replace(config, vm_count=10_000)) == []


def test_limits_of_the_real_pipeline_are_warned_of_with_a_real_target_only() -> None:
    config = replace(EXAMPLE, packages=Constant(30_000))
    assert kinds(config) == ["report_size", "reports_per_vm", "cluster_rate"]
    assert kinds(replace(config, target=EmbeddedAddress())) == []


def test_a_load_within_the_limits_of_the_real_pipeline_gives_no_warning() -> None:
    config = replace(EXAMPLE, vm_count=17, packages=Constant(700), report_interval=Constant(60 * SECOND))
    assert kinds(config) == []
    assert kinds(replace(config, vm_count=19)) == ["cluster_rate"]
    assert kinds(replace(config, vm_count=9, time_scale=Fraction(2))) == ["reports_per_vm"]


def test_the_shortest_interval_is_named_to_the_millisecond() -> None:
    (warned,) = (w for w in plan_of(replace(EXAMPLE, time_scale=Fraction(45))).warnings if w.kind == "reports_per_vm")
    assert warned.message.startswith("the shortest interval is 667ms; ")


def test_an_empty_bucket_is_warned_of_by_its_place() -> None:
    plan = plan_of(
        replace(EXAMPLE, vm_count=20, target=EmbeddedAddress(), packages=buckets((98, 1), (1, 2), ("0.002", 3), ("0.998", 4)))
    )
    assert [warned.message.split(": ")[0] for warned in plan.warnings] == [
        f"packages.buckets[{place}] ({percent} %) gets no VM out of 20" for place, percent in ((1, "1"), (2, "0.0020"), (3, "1.00"))
    ]


def test_a_mean_that_clamping_moves_by_more_than_a_percent_is_warned_of() -> None:
    lopsided = Normal(Fraction(60 * SECOND), Fraction(30 * SECOND), Fraction(SECOND), Fraction(61 * SECOND))
    plan = plan_of(replace(EXAMPLE, target=EmbeddedAddress(), packages=WIDE, report_interval=lopsided))
    assert [warned.kind for warned in plan.warnings] == ["clamped_mean"]
    assert plan.warnings[0].message.startswith("reportInterval: clamping at min and max moves the mean from 1m to 48.8")
    measured = Quantiles(((Fraction(0), Fraction(1)), (Fraction(50), Fraction(500)), (Fraction(100), Fraction(3_000))))
    assert kinds(replace(EXAMPLE, target=EmbeddedAddress(), packages=measured)) == []


@pytest.mark.parametrize(("highest", "shift_percent", "warned"), [(820, 0.8, False), (800, 1.2, True)])
def test_a_shift_of_up_to_a_percent_is_not_worth_a_warning(highest: int, shift_percent: float, warned: bool) -> None:
    clamped = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(highest))
    plan = plan_of(replace(EXAMPLE, target=EmbeddedAddress(), packages=clamped))
    assert 100 * (1 - plan.packages.statistics.mean / 700) == pytest.approx(shift_percent, abs=0.15)
    assert [warning.kind for warning in plan.warnings] == ["clamped_mean"] * warned


def test_the_example_gets_its_documented_counts() -> None:
    plan = plan_of(EXAMPLE)
    assert [row.vms for row in plan.packages.buckets] == [140, 40, 16, 4]
    assert [row.vms for row in plan.report_interval.buckets] == [100, 60, 40]
    assert [row.vms for row in plan_of(replace(EXAMPLE, vm_count=197, packages=EXAMPLE_PACKAGES)).packages.buckets] == [
        138,
        39,
        16,
        4,
    ]
