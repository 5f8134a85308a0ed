"""The histograms of packages and intervals count exactly at every bound that they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from scrape import Samples, bucket_counts, scraped, value
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.normal import Normal
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.schedule import scaled_interval
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.serving.value_metrics import INTERVAL_BOUNDS, PACKAGE_BOUNDS
from vsock_loadgen.units import SECOND

NAMES = ("packages_reported", "report_interval_seconds")
INFINITE = float("inf")


def after(plan: Plan, reporting: Iterable[int]) -> Samples:
    """What is shown when one report was delivered of each of these VMs (global indices, as often as they come)."""
    delivered = Counter(plan.groups.cell[index] for index in reporting)
    shares = {cell: Share(Counts(due=count, started=count, delivered=count), Times()) for cell, count in delivered.items()}
    totals = RunTotals(1, 0, plan.cells(plan.nodes[0]))
    totals.add(WorkerSnapshot(0, SECOND, shares, {}, 0, final=False))
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0))
    metrics.update(totals)
    return scraped(metrics)


def test_single_values_are_counted_at_all_usual_bounds_with_their_sum() -> None:
    plan = plan_of(replace(EXAMPLE, time_scale=Fraction(45)))
    everyone = range(plan.fleet.vm_count)
    samples = after(plan, [*everyone, *everyone])
    packages = bucket_counts(samples, "packages_reported")
    assert packages.keys() == {*PACKAGE_BOUNDS, INFINITE}
    assert [packages[bound] for bound in (400, 500, 1_000, 1_200, 1_500, 2_000)] == [0, 280, 360, 360, 392, 400]
    assert value(samples, "packages_reported_sum") == 2 * sum(plan.fleet.packages.values)
    intervals = bucket_counts(samples, "report_interval_seconds")
    assert intervals.keys() == {*INTERVAL_BOUNDS, INFINITE}
    assert [intervals[bound] for bound in (0.5, 1, 2, 5, 8)] == [0, 200, 320, 320, 400]
    assert value(samples, "report_interval_seconds_sum") == pytest.approx(2 * sum(plan.fleet.report_interval.values) / 45 / SECOND)
    assert value(samples, "packages_reported_count") == value(samples, "report_interval_seconds_count") == 400


def test_bounds_within_a_range_are_left_out_and_its_end_is_one() -> None:
    ranged = Normal(Fraction(900), Fraction(50), Fraction(750), Fraction(1_050))
    plan = plan_of(replace(EXAMPLE, packages=buckets((50, 500), (50, ranged))))
    low, high = min(value for value in plan.fleet.packages.values if value > 500), max(plan.fleet.packages.values)
    assert 700 < low < 800 < 1_000 < high < 1_200
    samples = after(plan, range(200))
    packages = bucket_counts(samples, "packages_reported")
    assert packages.keys() == {*PACKAGE_BOUNDS, high, INFINITE} - {800, 1_000}
    assert [packages[bound] for bound in (400, 500, 700, high, 1_200)] == [0, 100, 100, 200, 200]
    assert not [name for name, _ in samples if name in ("packages_reported_sum", "packages_reported_count")]
    assert value(samples, "report_interval_seconds_count") == 200


def test_a_group_without_vms_takes_no_bound_away() -> None:
    nobody = Quantiles(((Fraction(0), Fraction(1)), (Fraction(100), Fraction(90_000))))
    plan = plan_of(replace(EXAMPLE, packages=buckets(("99.9", 500), ("0.1", nobody))))
    assert [group.fleet_vms for group in plan.groups.dimensions["packages"].groups] == [200, 0]
    samples = after(plan, range(200))
    assert bucket_counts(samples, "packages_reported").keys() == {*PACKAGE_BOUNDS, INFINITE}
    assert value(samples, "packages_reported_sum") == 100_000


def test_every_node_shows_the_same_bounds() -> None:
    ranged = Normal(Fraction(900), Fraction(50), Fraction(750), Fraction(1_050))
    plan = plan_of(replace(EXAMPLE, vm_count=20, packages=buckets((90, 500), (10, ranged))), 10)
    shown = [scraped(Metrics(plan, node, SaturationWatch(0))) for node in plan.nodes]
    assert {dict(labels)["bucket"] for name, labels in shown[0] if name == "bucket_vms"} >= {"500", "900pm50"}
    assert len({frozenset(bucket_counts(samples, "packages_reported")) for samples in shown}) == 1
    assert len({frozenset(name for name, _ in samples) for samples in shown}) == 1


def quantile_functions(unit: int) -> st.SearchStrategy[Distribution]:
    values = st.lists(st.integers(1, 3_000), min_size=2, max_size=2, unique=True).map(sorted)
    return values.map(lambda ends: Quantiles(((Fraction(0), Fraction(ends[0] * unit)), (Fraction(100), Fraction(ends[1] * unit)))))


def distributions(unit: int) -> st.SearchStrategy[Distribution]:
    one = st.integers(1, 3_000).map(lambda number: Constant(number * unit)) | quantile_functions(unit)
    return one | st.lists(one, min_size=2, max_size=2).map(lambda each: buckets(*((50, of) for of in each)))


CONFIGS = st.builds(
    lambda packages, interval, scale: replace(EXAMPLE, vm_count=60, packages=packages, report_interval=interval, time_scale=scale),
    distributions(1),
    distributions(SECOND),
    st.sampled_from([Fraction(1), Fraction(45), Fraction(7, 3), Fraction(10**6)]),
)


@given(CONFIGS, st.lists(st.integers(0, 59), max_size=30))
def test_every_bound_counts_exactly_the_reports_within_it(config: Config, reporting: list[int]) -> None:
    plan = plan_of(config)
    samples = after(plan, reporting)
    packages = [plan.fleet.packages.values[index] for index in reporting]
    intervals = [scaled_interval(plan.fleet.report_interval.values[index], plan.time_scale) for index in reporting]
    for name, sent, unit in zip(NAMES, (packages, intervals), (1, SECOND), strict=True):
        shown = bucket_counts(samples, name)
        assert len(shown) > 1
        assert shown[INFINITE] == len(reporting)
        for bound in shown.keys() - {INFINITE}:
            assert shown[bound] == sum(each <= round(bound * unit) for each in sent)
        if (f"{name}_sum", frozenset[tuple[str, str]]()) in samples:
            assert value(samples, f"{name}_sum") == pytest.approx(sum(sent) / unit)
