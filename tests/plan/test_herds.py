"""Herds, held against a walk through every report of every VM."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of
from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan import forecast as forecast_module
from vsock_loadgen.plan import herds as herds_module
from vsock_loadgen.plan.forecast import Forecast
from vsock_loadgen.plan.herds import herds_of, hyper_period_ns
from vsock_loadgen.plan.sending import Herd
from vsock_loadgen.plan.slices import split_fleet
from vsock_loadgen.units import MINUTE, SECOND

ZERO_NS = 1_700_000_123 * SECOND


def in_step(percent: int, interval_seconds: int, offset_seconds: int = 0, jitter: int = 0) -> Bucket:
    """A bucket that keeps time with the clock; jitter in percent."""
    timing = Timing(synchronized=True, offset_ns=offset_seconds * SECOND, jitter=Fraction(jitter, 100))
    return Bucket(Fraction(percent), Constant(interval_seconds * SECOND), timing)


def fleet(*each: Bucket, **changes: object) -> Config:
    return replace(EXAMPLE, report_interval=Buckets(each), **changes)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(2, 40), st.integers(2, 40), st.integers(0, 60), st.integers(1, 300))
def test_herds_are_all_the_reports_of_a_fleet_that_is_in_step(vms: int, first: int, second: int, offset: int, seconds: int) -> None:
    config = fleet(in_step(60, first), in_step(40, second, offset), vm_count=vms)
    schedule = plan_of(config).schedule(range(vms))
    walked = Counter(
        due_ns for position in range(vms) for due_ns in schedule.instants(position, seconds * SECOND, schedule.advance(ZERO_NS))
    )
    assert herds_of(schedule, seconds * SECOND, ZERO_NS).reports == walked


def test_many_grids_are_followed_for_less_long_than_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(herds_module, "MOST_INSTANTS_IN_ALL", 100)
    config = fleet(*(in_step(10, 1, jitter=number) for number in range(10)), vm_count=10)
    herds = herds_of(plan_of(config).schedule(range(10)), 1_000 * SECOND, 0)
    assert sorted(herds.reports) == [second * SECOND for second in range(10)]


def test_vms_that_are_switched_off_are_in_no_herd() -> None:
    half = Level(Fraction(0), Fraction(1))
    config = fleet(in_step(100, 10), vm_count=100, phases=(Phase("up", 100 * SECOND, vms=half),))
    schedule = plan_of(config).schedule(range(100))
    herds = herds_of(schedule, 101 * SECOND, 0)
    assert [herds.reports[second * SECOND] for second in (0, 10, 50, 100)] == [0, 10, 50, 100]


def test_the_largest_herd_is_where_two_grids_meet_and_says_over_what_it_is_spread() -> None:
    config = fleet(in_step(50, 40), in_step(30, 60, jitter=5), in_step(20, 60, 10), start_at_ns=10 * SECOND)
    load = plan_of(config).forecast
    assert load.herd == Herd(160, 110 * SECOND, 3 * SECOND)
    assert hyper_period_ns(plan_of(config).schedule(range(200))) == 120 * SECOND


def test_a_fleet_that_keeps_its_own_time_has_no_herd() -> None:
    assert plan_of(EXAMPLE).forecast.herd is None


def test_beyond_what_can_be_walked_the_forecast_knows_herds_and_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "MOST_EVENTS", 400)
    spike = (Phase("calm", 10 * MINUTE), Phase("spike", MINUTE, rate=Level(Fraction(10), Fraction(10))), Phase("after", MINUTE))
    load = plan_of(replace(EXAMPLE, report_interval=Constant(MINUTE), phases=spike, duration_ns=12 * MINUTE)).forecast
    assert load.horizon_seconds < 600
    assert (len(load.per_second), load.reports) == (720, None)
    assert load.peak_reports_per_second == 33
    assert 600 <= load.peak_at_seconds < 660
    herd = fleet(in_step(90, 1_800, 600), Bucket(Fraction(10), Constant(2 * SECOND)), start_at_ns=0, duration_ns=30 * MINUTE)
    load = plan_of(herd).forecast
    assert load.horizon_seconds < 600
    assert (load.peak_reports_per_second, load.peak_at_seconds) == (190, 600)


def warned(config: Config) -> dict[str, str]:
    return {each.kind: each.message for each in plan_of(config).warnings}


def test_a_herd_that_the_workers_cannot_start_within_the_lag_limit_is_warned_of() -> None:
    herd = fleet(in_step(100, 600), vm_count=3_000, packages=Constant(700), workers=1)
    message = warned(herd)["herd"]
    assert message.startswith("3,000 reports are due together; 1 worker would start the last of a node's about 446ms late, ")
    assert "lagLimit (50ms)" in message
    assert "herd" not in warned(replace(herd, workers=10))
    assert "herd" not in warned(replace(herd, lag_limit_ns=SECOND))
    assert "herd" not in warned(fleet(in_step(100, 600, jitter=10), vm_count=3_000, packages=Constant(700), workers=1))


def test_every_node_has_its_part_of_a_herd() -> None:
    herd = fleet(in_step(100, 600), vm_count=3_000, packages=Constant(700), workers=1)
    assert "herd" not in warned(replace(herd, node_count=10))
    assert len(split_fleet(3_000, 10)) == 10


def forecast_of(**changes: object) -> Forecast:
    return plan_of(replace(EXAMPLE, **changes)).forecast  # type: ignore[arg-type]


def test_concurrency_is_littles_law_on_average_and_the_whole_herd_at_its_peak() -> None:
    load = plan_of(fleet(in_step(100, 60), duration_ns=10 * MINUTE)).forecast
    found = load.concurrency(200_000_000)
    assert found.mean == pytest.approx(200 / 60 * 0.2)
    assert found.peak == 200


def test_the_busiest_stretch_of_whole_seconds_is_counted() -> None:
    load = forecast_of(duration_ns=100 * SECOND)
    counts = load.per_second
    for seconds in (1, 7, 99, 100, 500):
        most = max(sum(counts[start : start + seconds]) for start in range(len(counts)))
        assert load.most_within(seconds * SECOND) == most
    assert load.most_within(SECOND // 2) == max(counts) / 2


@given(st.integers(1, 90))
def test_stretches_add_up_to_all_reports(most: int) -> None:
    load = forecast_of(duration_ns=100 * SECOND)
    stretches = load.over_time(most)
    assert len(stretches.reports) == len(stretches.peaks) <= most
    assert sum(stretches.reports) == load.reports
    assert max(stretches.peaks) == load.peak_reports_per_second


def test_packages_of_reports_weigh_a_vm_by_how_often_it_reports() -> None:
    load = forecast_of(packages=buckets((50, 100), (50, 300)), report_interval=Constant(30 * SECOND))
    assert (load.reported_packages.p50, load.reported_packages.p95, load.packages_per_report) == (100, 300, 200)
