"""The forecast, held against a count of every report."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_example import EXAMPLE, buckets, plan_of, report_bytes
from vsock_loadgen.config.blocks import Level, Phase
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket
from vsock_loadgen.distributions.timing import Timing
from vsock_loadgen.plan import forecast as forecast_module
from vsock_loadgen.plan.forecast import Forecast, count_per_second
from vsock_loadgen.units import HOUR, MILLISECOND, MINUTE, SECOND


def forecast_of(**changes: object) -> Forecast:
    """The forecast of the example with some keys changed."""
    return plan_of(replace(EXAMPLE, **changes)).forecast  # type: ignore[arg-type]


def brute_force(config: Config, end_ns: int) -> Counter[int]:
    """Reports due by second, one VM and one report at a time."""
    plan = plan_of(config)
    whole = plan.schedule(range(config.vm_count))
    return Counter(due_ns // SECOND for vm in range(config.vm_count) for due_ns in whole.instants(vm, end_ns))


@settings(max_examples=25)
@given(vm_count=st.integers(1, 60), seed=st.integers(0, 999), duration_ms=st.integers(1, 400_000), scale=st.integers(1, 20))
def test_reports_and_peak_of_a_bounded_run_are_exact(vm_count: int, seed: int, duration_ms: int, scale: int) -> None:
    duration_ns = duration_ms * MILLISECOND
    config = replace(EXAMPLE, vm_count=vm_count, seed=seed, duration_ns=duration_ns, time_scale=Fraction(scale))
    found = plan_of(config).forecast
    counted = brute_force(config, duration_ns)
    assert found.reports == counted.total()
    assert found.peak_reports_per_second == max(counted.values(), default=0)
    assert counted[found.peak_at_seconds] == found.peak_reports_per_second
    assert found.horizon_seconds == -(-duration_ms // 1_000)


_QUARTERS = st.integers(0, 4).map(lambda quarters: Fraction(quarters, 4))
_LEVELS = st.builds(Level, _QUARTERS, _QUARTERS)
_PHASES = st.lists(st.builds(Phase, st.just("p"), st.integers(1, 90).map(SECOND.__mul__), _LEVELS, _LEVELS), max_size=3)
_TIMINGS = st.builds(Timing, st.booleans(), st.none(), st.none() | _QUARTERS.map(lambda quarter: quarter / 2))


@settings(max_examples=60)
@given(
    phases=_PHASES, repeat=st.booleans(), timings=st.tuples(_TIMINGS, _TIMINGS), end_ms=st.integers(1, 300_000), wall=st.integers(0)
)
def test_reports_by_second_are_those_of_a_walk_through_every_vm(
    phases: list[Phase], repeat: bool, timings: tuple[Timing, Timing], end_ms: int, wall: int
) -> None:
    """Whatever phases there are, and however the VMs keep time."""
    halves = zip(timings, (20 * SECOND, 70 * SECOND), strict=True)
    intervals = Buckets(tuple(Bucket(Fraction(50), Constant(interval), timing) for timing, interval in halves))
    config = replace(EXAMPLE, vm_count=30, report_interval=intervals, phases=tuple(phases), repeat_phases=repeat and bool(phases))
    whole, end_ns, zero_wall_ns = plan_of(config).schedule(range(30)), end_ms * MILLISECOND, wall % 2**60
    advance = whole.advance(zero_wall_ns)
    walked = Counter(due_ns // SECOND for vm in range(30) for due_ns in whole.instants(vm, end_ns, advance))
    assert list(count_per_second(whole, end_ns, zero_wall_ns)) == [walked[second] for second in range(-(-end_ms // 1_000))]


def test_without_an_end_the_peak_is_that_of_twice_the_longest_interval() -> None:
    found = forecast_of()
    counted = brute_force(EXAMPLE, 600 * SECOND)
    assert (found.reports, found.horizon_seconds) == (None, 600)
    assert found.peak_reports_per_second == max(counted.values())
    assert found.peak_at_seconds == min(second for second, count in counted.items() if count == max(counted.values()))


def test_rates_are_the_sums_of_what_every_vm_does() -> None:
    plan = plan_of(EXAMPLE)
    rates = [SECOND / interval for interval in plan.fleet.report_interval.values]
    weighted = sum(rate * count for rate, count in zip(rates, plan.fleet.packages.values, strict=True))
    sizes = sum(rate * report_bytes(0, count) for rate, count in zip(rates, plan.fleet.packages.values, strict=True))
    assert plan.forecast.reports_per_second == pytest.approx(100 / 30 + 60 / 60 + 40 / 300)
    assert plan.forecast.packages_per_report == pytest.approx(weighted / sum(rates))
    assert plan.forecast.bytes_per_second == pytest.approx(sizes)
    assert plan.forecast.packages_per_vm == 710


def test_vms_that_report_often_weigh_more_in_the_packages_of_a_report() -> None:
    """Two VMs, 100 and 200 packages, that report every second and every nine seconds, either way round."""
    plan = plan_of(
        replace(
            EXAMPLE, vm_count=2, packages=buckets((50, 100), (50, 200)), report_interval=buckets((50, SECOND), (50, 9 * SECOND))
        )
    )
    often = plan.fleet.packages.values[list(plan.fleet.report_interval.values).index(SECOND)]
    assert plan.forecast.packages_per_vm == 150
    assert plan.forecast.packages_per_report == pytest.approx(0.9 * often + 0.1 * (300 - often))


def test_the_time_scale_multiplies_rates() -> None:
    one, scaled = forecast_of(), forecast_of(time_scale=Fraction(45))
    assert scaled.reports_per_second == pytest.approx(45 * one.reports_per_second)
    assert scaled.shortest_interval_seconds == pytest.approx(30 / 45)
    assert scaled.packages_per_report == pytest.approx(one.packages_per_report)


def test_the_largest_report_is_that_of_the_largest_vm() -> None:
    assert forecast_of().largest_report_bytes == report_bytes(0, 2_000)


@pytest.mark.parametrize(
    ("duration_ns", "horizon_seconds", "reports"),
    [(100 * SECOND, 4, None), (4 * SECOND, 4, 400), (300 * MILLISECOND, 1, 30)],
)
def test_the_schedule_is_run_only_as_far_as_is_affordable(
    monkeypatch: pytest.MonkeyPatch, duration_ns: int, horizon_seconds: int, reports: int | None
) -> None:
    monkeypatch.setattr(forecast_module, "MOST_EVENTS", 450)
    found = forecast_of(vm_count=1, report_interval=Constant(10 * MILLISECOND), jitter=Fraction(0), duration_ns=duration_ns)
    assert (found.horizon_seconds, found.reports) == (horizon_seconds, reports)


def test_a_load_too_dense_to_run_one_second_of_has_its_mean_rate_as_its_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "MOST_EVENTS", 10)
    found = forecast_of(vm_count=1, report_interval=Constant(10 * MILLISECOND), jitter=Fraction(0), duration_ns=500 * MILLISECOND)
    assert (found.reports, found.peak_reports_per_second) == (None, 100)


def test_a_run_shorter_than_a_second_is_not_counted_beyond_its_end() -> None:
    found = forecast_of(vm_count=1, report_interval=Constant(10 * MILLISECOND), jitter=Fraction(0), duration_ns=500 * MILLISECOND)
    assert (found.reports, found.peak_reports_per_second) == (50, 50)


@pytest.mark.parametrize(
    ("phases", "seconds"),
    [
        ((Phase("off", MINUTE, vms=Level(Fraction(0), Fraction(0))),), 20),
        (
            (
                Phase("rush", MINUTE, rate=Level(Fraction(2), Fraction(2))),
                Phase("rest", HOUR, rate=Level(Fraction(0), Fraction(0))),
            ),
            10,
        ),
        ((Phase("asleep", MINUTE, rate=Level(Fraction(0), Fraction(0))), Phase("awake", HOUR)), 80),
    ],
    ids=["VMs that are off", "a rush at the start", "a rest at the start"],
)
def test_the_schedule_is_run_through_no_more_instants_than_are_affordable(
    monkeypatch: pytest.MonkeyPatch, phases: tuple[Phase, ...], seconds: int
) -> None:
    monkeypatch.setattr(forecast_module, "MOST_EVENTS", 1_000)
    found = forecast_of(vm_count=50, report_interval=Constant(SECOND), phases=phases, duration_ns=HOUR)
    assert found.horizon_seconds == seconds  # 50 VMs, an instant a second of their own time
    assert len(found.per_second) == 3_600
