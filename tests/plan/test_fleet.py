"""The fleet is a pure function of config and seed, VM by VM."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.units import SECOND

SEEDS = st.integers(-(2**64), 2**64)
SIZES = st.integers(1, 400)


def rows(fleet: Fleet, indices: range) -> list[tuple[int, int, int, int, int, int]]:
    """Every attribute of these VMs."""
    packages, intervals = fleet.packages, fleet.report_interval
    return [
        (vm, packages.values[vm], packages.buckets[vm], intervals.values[vm], intervals.buckets[vm], fleet.offset_ns[vm])
        for vm in indices
    ]


def sized(vm_count: int, seed: int) -> Config:
    """The example at another size and seed."""
    return replace(EXAMPLE, vm_count=vm_count, seed=seed)


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS)
def test_same_config_and_seed_same_fleet_vm_by_vm(vm_count: int, seed: int) -> None:
    one, other = build_fleet(sized(vm_count, seed)), build_fleet(sized(vm_count, seed))
    assert one.digest() == other.digest()
    assert rows(one, range(vm_count)) == rows(other, range(vm_count))


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS)
def test_another_seed_deals_the_same_counts_per_bucket_in_another_order(vm_count: int, seed: int) -> None:
    one, other = build_fleet(sized(vm_count, seed)), build_fleet(sized(vm_count, seed + 1))
    assert one.digest() != other.digest()
    for mine, theirs in ((one.packages, other.packages), (one.report_interval, other.report_interval)):
        assert Counter(mine.values) == Counter(theirs.values)
        assert Counter(mine.buckets) == Counter(theirs.buckets)
    if vm_count >= 100:
        assert list(one.packages.values) != list(other.packages.values)


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS, nodes=st.integers(1, 50), workers=st.integers(1, 4))
def test_the_union_of_the_slices_is_the_whole_fleet_offset_included(vm_count: int, seed: int, nodes: int, workers: int) -> None:
    """Each part is looked up in a fleet that was built for it alone, as every node builds its own."""
    whole = rows(build_fleet(sized(vm_count, seed)), range(vm_count))
    own = build_fleet(replace(sized(vm_count, seed), node_count=nodes, node_index=nodes - 1))
    gathered = [
        row
        for node in split_fleet(vm_count, nodes)
        for worker in range(workers)
        for row in rows(own, node.for_worker(worker, workers))
    ]
    assert sorted(gathered) == whole


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS)
def test_another_interval_block_leaves_every_package_count_and_the_place_within_the_interval(vm_count: int, seed: int) -> None:
    config = sized(vm_count, seed)
    changed = replace(config, report_interval=Constant(1_000 * SECOND), jitter=Fraction(0))
    one, other = build_fleet(config), build_fleet(changed)
    assert one.packages == other.packages
    shares = [
        (p / i, q / (1_000 * SECOND)) for p, i, q in zip(one.offset_ns, one.report_interval.values, other.offset_ns, strict=True)
    ]
    assert all(abs(before - after) < 1e-9 for before, after in shares)


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS)
def test_another_packages_block_leaves_every_interval_and_offset(vm_count: int, seed: int) -> None:
    config = sized(vm_count, seed)
    changed = replace(config, packages=Normal(Fraction(700), Fraction(99), Fraction(1), Fraction(2_000)))
    one, other = build_fleet(config), build_fleet(changed)
    assert (one.report_interval, one.offset_ns) == (other.report_interval, other.offset_ns)


@settings(max_examples=40)
@given(vm_count=SIZES, seed=SEEDS, interval_ns=st.integers(1_000_000, 10**17))
def test_an_offset_lies_within_its_interval(vm_count: int, seed: int, interval_ns: int) -> None:
    fleet = build_fleet(replace(sized(vm_count, seed), report_interval=Constant(interval_ns)))
    assert all(0 <= offset_ns < interval_ns for offset_ns in fleet.offset_ns)


def test_offsets_are_spread_over_the_interval() -> None:
    fleet = build_fleet(replace(EXAMPLE, vm_count=10_000, report_interval=Constant(10 * SECOND)))
    tenths = Counter(offset_ns // SECOND for offset_ns in fleet.offset_ns)
    assert all(850 < tenths[tenth] < 1_150 for tenth in range(10))


def test_packages_and_intervals_are_dealt_independently() -> None:
    halves = buckets((50, 10 * SECOND), (50, 20 * SECOND))
    fleet = build_fleet(replace(EXAMPLE, vm_count=10_000, packages=buckets((50, 1), (50, 2)), report_interval=halves))
    pairs = Counter(zip(fleet.packages.values, fleet.report_interval.values, strict=True))
    assert len(pairs) == 4
    assert all(2_300 < vms < 2_700 for vms in pairs.values())
