"""A node's buckets: its VMs, each in one row of each table."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.units import SECOND
from vsock_loadgen.watching.buckets import NodeBucket, node_buckets


def test_the_rows_of_a_single_node_are_those_of_the_plan() -> None:
    plan = plan_of(EXAMPLE)
    buckets = node_buckets(plan, plan.nodes[0])
    assert [(row.label, row.vms) for row in buckets.packages] == [("500", 140), ("1,000", 40), ("1,500", 16), ("2,000", 4)]
    assert [(row.label, row.vms) for row in buckets.intervals] == [("30s", 100), ("1m", 60), ("5m", 40)]


def test_the_nodes_add_up_to_the_fleet() -> None:
    plan = plan_of(replace(EXAMPLE, node_count=3))
    rows = [node_buckets(plan, node).packages for node in plan.nodes]
    assert [sum(row.vms for row in each) for each in zip(*rows, strict=True)] == [140, 40, 16, 4]


def test_reports_are_found_under_the_scaled_interval() -> None:
    plan = plan_of(replace(EXAMPLE, time_scale=Fraction(10)))
    rows = node_buckets(plan, plan.nodes[0]).intervals
    assert [row.reports({3 * SECOND: 7}) for row in rows] == [7, 0, 0]


def test_one_value_for_all_is_one_row() -> None:
    plan = plan_of(replace(EXAMPLE, packages=Constant(700)))
    assert node_buckets(plan, plan.nodes[0]).packages == (NodeBucket("700", 200, 700),)


def test_a_continuous_distribution_has_no_rows() -> None:
    normal = Normal(Fraction(700), Fraction(100), Fraction(1), Fraction(2_000))
    plan = plan_of(replace(EXAMPLE, packages=normal))
    assert node_buckets(plan, plan.nodes[0]).packages == ()


def test_buckets_of_one_value_are_one_row_since_their_reports_cannot_be_told_apart() -> None:
    halves = Buckets((Bucket(Fraction(50), Constant(5)), Bucket(Fraction(50), Constant(5))))
    plan = plan_of(replace(EXAMPLE, packages=halves))
    assert node_buckets(plan, plan.nodes[0]).packages == (NodeBucket("5", 200, 5),)


@pytest.mark.parametrize("delivered", [{}, {5: 3}])
def test_reports_of_a_distribution_in_a_bucket_are_not_known(delivered: dict[int, int]) -> None:
    assert NodeBucket("distribution", 10, None).reports(delivered) is None


def test_profiles_take_the_place_of_values() -> None:
    profiles = tuple(
        Profile(name=name, percent=Fraction(percent), packages=EXAMPLE.packages, report_interval=EXAMPLE.report_interval)
        for name, percent in (("dev", 75), ("prod", 25))
    )
    plan = plan_of(replace(EXAMPLE, profiles=profiles))
    found = node_buckets(plan, plan.nodes[0])
    assert [(row.label, row.vms, row.reports({1: 7})) for row in found.profiles] == [("dev", 150, 0), ("prod", 50, 7)]
    assert found.packages == found.intervals == ()
