"""Limits of the pipeline and of this machine: each is known, can be set, and can be taken away."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from fleet_example import EXAMPLE, buckets, report_bytes
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.blocks import Level, Limits, Phase, Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.sending import Machine
from vsock_loadgen.plan.warnings import Warned
from vsock_loadgen.units import MILLISECOND, MINUTE, SECOND

EMBEDDED = replace(EXAMPLE, target=EmbeddedAddress())
NONE = Limits(None, None, None, None, None)


def plan(config: Config, machine: Machine = Machine(), nodes: int | None = None) -> Plan:  # noqa: B008 (frozen)
    return make_plan(config, build_fleet(config), report_bytes, nodes=nodes, machine=machine)


def warned(config: Config, machine: Machine = Machine(), nodes: int | None = None) -> dict[str, Warned]:  # noqa: B008 (frozen)
    return {each.kind: each for each in plan(config, machine, nodes).warnings}


LARGE = replace(EXAMPLE, vm_count=10_001, packages=Constant(30_000))
EVERY = {
    "vms_per_node": "limits.vmsPerNode",
    "report_size": "limits.maxReportBytes",
    "reports_per_vm": "limits.reportsPerMinutePerVm",
    "cluster_rate": "limits.clusterReportsPerSecond",
    "descriptors": "limits.descriptors",
}
SMALL_MACHINE = Machine(descriptors=1_024)


def test_every_warning_of_a_limit_says_how_to_override_it_and_then_is_gone() -> None:
    found = warned(LARGE, SMALL_MACHINE)
    busy = found.pop("rate")
    assert {kind: each.limit for kind, each in found.items()} == EVERY
    assert all(f"or set {each.limit}" in each.message for each in found.values())
    assert warned(replace(LARGE, limits=NONE), SMALL_MACHINE) == {"rate": busy}


def test_a_rate_beyond_what_the_workers_can_do_is_foreseen() -> None:
    """At twice the rate twice as far beyond, and gone with as many workers as it takes."""
    fast = replace(EXAMPLE, vm_count=10_000, packages=Constant(10), report_interval=Constant(100 * MILLISECOND), workers=2)
    times = re.compile(r"the busiest second a node's 2 workers would need ([0-9.]+) times the processor time they have")
    once = times.search(warned(fast)["rate"].message)
    twice = times.search(warned(replace(fast, report_interval=Constant(50 * MILLISECOND)))["rate"].message)
    assert once is not None
    assert twice is not None
    assert float(twice[1]) == pytest.approx(2 * float(once[1]), rel=0.1)
    assert "rate" not in warned(replace(fast, workers=32))


def test_an_embedded_target_has_limits_of_the_pipeline_only_where_they_are_given() -> None:
    assert warned(replace(EMBEDDED, packages=Constant(30_000))) == {}
    limits = Limits(max_report_bytes=1_000, cluster_reports_per_second=Fraction(4))
    assert set(warned(replace(EMBEDDED, limits=limits))) == {"report_size", "cluster_rate"}


def test_a_limit_that_is_given_is_the_one_that_is_named() -> None:
    limits = Limits(reports_per_minute_per_vm=Fraction(3, 2), cluster_reports_per_second=Fraction(2))
    found = warned(replace(EXAMPLE, limits=limits))
    assert " 1.5 reports per minute " in found["reports_per_vm"].message
    assert "Central accepts 2 per second " in found["cluster_rate"].message
    assert "reports_per_vm" not in warned(replace(EXAMPLE, limits=replace(limits, reports_per_minute_per_vm=Fraction(2))))


def test_a_phase_that_speeds_vms_up_counts_for_the_rate_of_one() -> None:
    once_a_minute = replace(EXAMPLE, report_interval=Constant(MINUTE))
    assert "reports_per_vm" not in warned(once_a_minute)
    spike = (Phase("spike", MINUTE, rate=Level(Fraction(1), Fraction(3))),)
    assert warned(replace(once_a_minute, phases=spike))["reports_per_vm"].message.startswith("the shortest interval is 20s; ")


def test_vms_that_share_one_cid_count_as_one_vm_and_collide_with_nobody() -> None:
    config = replace(EXAMPLE, vm_count=30_000, report_interval=Constant(300 * SECOND), cids="own")
    found = warned(config, nodes=2)
    assert "vms_per_node" not in found
    assert found["reports_per_vm"].message.startswith("all VMs of a node have its CID ")
    assert " 20ms; " in found["reports_per_vm"].message


def test_descriptors_run_out_only_where_so_many_reports_can_be_under_way() -> None:
    crowd = replace(EMBEDDED, vm_count=2_000, report_interval=Constant(SECOND), workers=1)
    message = warned(crowd, SMALL_MACHINE)["descriptors"].message
    for value in (" 2,000 reports ", "requestTimeout (10s)", " 1,024 files "):
        assert value in message
    assert warned(replace(crowd, workers=4), SMALL_MACHINE) == {}
    assert warned(replace(crowd, request_timeout_ns=SECOND // 10), SMALL_MACHINE) == {}
    assert warned(replace(crowd, report_interval=Constant(60 * SECOND)), SMALL_MACHINE) == {}
    assert warned(crowd, Machine(descriptors=None)) == {}
    assert set(warned(replace(crowd, limits=Limits(descriptors=100)))) == {"descriptors"}


def test_the_plan_says_how_many_workers_and_how_much_memory_a_node_needs() -> None:
    large = replace(EMBEDDED, vm_count=20_000, report_interval=Constant(SECOND))
    assert [plan(large, Machine(processors=processors)).workers for processors in (1, 4, 64)] == [1, 4, 5]
    assert plan(replace(large, workers=3)).workers == 3
    assert plan(large, nodes=4).memory_bytes < plan(large).memory_bytes < plan(large, Machine(shared_bytes=10**7)).memory_bytes


@pytest.mark.parametrize("share", [0, 1])
def test_a_load_in_which_nothing_is_due_is_warned_of(share: int) -> None:
    off = (Phase("off", MINUTE, vms=Level(Fraction(share), Fraction(share))),)
    assert ("nothing_due" in warned(replace(EMBEDDED, phases=off, duration_ns=MINUTE))) == (share == 0)


def test_a_profile_or_a_bucket_of_it_without_a_vm_is_warned_of_by_its_place() -> None:
    profiles = tuple(
        Profile(name=name, percent=Fraction(percent), packages=packages, report_interval=Constant(MINUTE))
        for name, percent, packages in (
            ("most", "95", buckets((99, 10), (1, 20))),
            ("some", "4.9", Constant(30)),
            ("few", "0.1", Constant(40)),
        )
    )
    messages = [each.message.split(": ")[0] for each in plan(replace(EMBEDDED, vm_count=20, profiles=profiles)).warnings]
    assert messages == [
        "profiles[2] (few, 0.10 %) gets no VM out of 20",
        "profiles[0].packages.buckets[1] (1 %) gets no VM out of 19",
    ]
