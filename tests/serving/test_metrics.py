"""What Prometheus is shown is exact, complete from the first scrape on, and one moment of the run at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics

from fleet_example import EXAMPLE, plan_of
from run_example import histogram_of, snapshot, times_of
from scrape import bucket_counts, scraped, scrapes_while, value
from vsock_loadgen.cluster.watch import NodeChange
from vsock_loadgen.config.blocks import Phase
from vsock_loadgen.errors import EXIT_SATURATED
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.outcome import FailureClass, classes_of
from vsock_loadgen.measures.recent import RecentWatch
from vsock_loadgen.measures.snapshot import Counts, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.result import UNJUDGED, Status, Verdict
from vsock_loadgen.results.saturation import Saturation, SaturationWatch
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.serving.families import TIME_BOUNDS
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.transport.web import Request
from vsock_loadgen.units import MILLISECOND, SECOND

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def metrics_of(watch: SaturationWatch | None = None) -> Metrics:
    plan = plan_of(EXAMPLE)
    return Metrics(plan, plan.nodes[0], watch or SaturationWatch(50 * MILLISECOND))


def totals_of(*snapshots: WorkerSnapshot) -> RunTotals:
    totals = RunTotals(1 + max(shot.worker for shot in snapshots), 1_700_000_000 * SECOND)
    for shot in snapshots:
        totals.add(shot)
    return totals


def test_every_label_value_is_there_before_the_first_report() -> None:
    samples = scraped(metrics_of())
    for result in ("success", "dial", "write", "context", "send"):
        assert value(samples, "requests_total", result=result) == 0
    for failure in classes_of("push"):
        assert value(samples, "failures_total", **{"class": str(failure)}) == 0
    for name in ("reports_due_total", "reports_skipped_total", "bytes_total", "in_flight", "saturated"):
        assert value(samples, name) == 0
    assert value(samples, "response_time_seconds_bucket", le="+Inf") == 0


def test_counts_of_several_workers_add_up_and_every_failure_has_an_older_name() -> None:
    failures = {failure: 10**number for number, failure in enumerate(classes_of("push"))}
    one = Counts(due=3_000_000, started=2_999_000, delivered=2_800_000, skipped=900, in_flight=7, bytes=2**53, failures=failures)
    two = Counts(due=50, started=50, delivered=45, unfinished=5, bytes=1_000)
    metrics = metrics_of()
    metrics.update(totals_of(snapshot(0, SECOND, one), snapshot(1, SECOND, two)))
    samples = scraped(metrics)
    assert value(samples, "reports_due_total") == 3_000_050
    assert value(samples, "reports_skipped_total") == 900
    assert value(samples, "in_flight") == 7
    assert value(samples, "bytes_total") == 2**53 + 1_000
    by_result = {
        result: value(samples, "requests_total", result=result) for result in ("success", "dial", "write", "context", "send")
    }
    by_class = {str(failure): count for failure, count in failures.items()}
    assert by_result == {
        "success": 2_800_045,
        "dial": by_class["connect"],
        "write": by_class["write"] + by_class["closed_early"] + by_class["reset"],
        "context": 5,
        "send": by_class["timeout"] + by_class["descriptors"],
    }
    assert {name: value(samples, "failures_total", **{"class": name}) for name in by_class} == by_class


@given(st.lists(st.integers(0, 4_000 * SECOND) | st.sampled_from([round(bound * SECOND) for bound in TIME_BOUNDS])))
def test_a_bound_counts_no_longer_time_and_leaves_out_none_that_is_a_tenth_of_a_percent_shorter(recorded: list[int]) -> None:
    metrics = METRICS
    metrics.update(totals_of(snapshot(0, SECOND, Counts(delivered=len(recorded)), times=Times(service=histogram_of(*recorded)))))
    samples = scraped(metrics)
    for bound, count in bucket_counts(samples, "request_latency_seconds").items():
        assert count <= sum(ns <= bound * SECOND for ns in recorded)
        assert count >= sum(ns <= bound * SECOND * (1 - 1 / 1_024) - 1 for ns in recorded)
    assert value(samples, "request_latency_seconds_count") == len(recorded)
    assert value(samples, "request_latency_seconds_sum") == pytest.approx(sum(recorded) / SECOND)


METRICS = metrics_of()


@given(
    st.lists(st.integers(MILLISECOND // 10 + 1, 9 * SECOND), min_size=1, max_size=200),
    st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]),
)
def test_a_quantile_read_from_the_bounds_is_a_seventh_off_at_most(recorded: list[int], share: float) -> None:
    """As histogram_quantile does it: the bucket that the rank falls into, and a straight line through that."""
    METRICS.update(totals_of(snapshot(0, SECOND, Counts(delivered=len(recorded)), times=Times(service=histogram_of(*recorded)))))
    rank, below, lower = share * len(recorded), 0.0, 0.0
    for bound, count in sorted(bucket_counts(scraped(METRICS), "request_latency_seconds").items()):
        if count >= rank:
            estimate = lower + (bound - lower) * (rank - below) / (count - below)
            break
        below, lower = count, bound
    exact = sorted(recorded)[max(0, math.ceil(rank - 1e-9) - 1)] / SECOND
    assert exact * (7 / 8) * 0.998 <= estimate <= exact * (8 / 7) * 1.002


def test_a_report_that_was_not_delivered_is_longer_than_any_bound_and_one_under_way_is_not_counted() -> None:
    counts = Counts(due=100, started=80, delivered=60, skipped=20, in_flight=9, unfinished=1, failures={FailureClass.RESET: 10})
    assert counts.balanced
    metrics = metrics_of()
    metrics.update(totals_of(snapshot(0, SECOND, counts, times=times_of(998 * MILLISECOND, SECOND, MILLISECOND, 60))))
    samples = scraped(metrics)
    response = bucket_counts(samples, "response_time_seconds")
    assert (response[0.5], response[1], response[3_600], response[float("inf")]) == (0, 60, 60, 91)
    assert ("response_time_seconds_sum", frozenset()) not in samples
    assert ("response_time_seconds_count", frozenset()) not in samples


def test_saturation_is_shown_once_it_is_found() -> None:
    watch = SaturationWatch(50 * MILLISECOND)
    metrics = metrics_of(watch=watch)
    watch.found = Saturation(1_700_000_009, 10, 60 * MILLISECOND, 50 * MILLISECOND, 0.9, 5.0)
    assert value(scraped(metrics), "saturated") == 0
    metrics.update(totals_of(snapshot(0, SECOND, Counts())))
    assert value(scraped(metrics), "saturated") == 1


def test_the_statistics_are_those_of_the_plan() -> None:
    samples = scraped(metrics_of())
    packages = {"mean": 710, "p50": 500, "p95": 1_500, "p99": 2_000}
    intervals = {"mean": 93, "p50": 30, "p95": 300, "p99": 300}
    assert {name: value(samples, f"packages_{name}") for name in packages} == packages
    assert {name: value(samples, f"interval_{name}_seconds") for name in intervals} == intervals


@pytest.mark.parametrize(
    ("accept", "kind"), [(OPENMETRICS, "application/openmetrics-text"), ("", "text/plain"), ("*/*", "text/plain")]
)
def test_openmetrics_is_given_to_who_asks_for_it(accept: str, kind: str) -> None:
    response = metrics_of().page(Request("", accept))
    assert response.content_type.startswith(f"{kind};")
    assert response.body.endswith(b"# EOF\n") == (kind == "application/openmetrics-text")


def test_the_openmetrics_text_parses_and_no_format_has_times_of_creation() -> None:
    metrics = metrics_of()
    metrics.update(totals_of(snapshot(0, SECOND, Counts(due=5, started=5, delivered=5), times=times_of(SECOND, 1, 1, 5))))
    families = list(parsed_openmetrics(metrics.page(Request("", OPENMETRICS)).body.decode()))  # type: ignore[no-untyped-call]
    assert len(families) > 20
    assert {"vsock_loadgen_build", "vsock_loadgen_plan"} <= {family.name for family in families if family.type == "info"}
    for accept in ("", OPENMETRICS):
        assert b"_created" not in metrics.page(Request("", accept)).body


def test_no_scrape_sees_half_of_an_update() -> None:
    """The counts, their sum by result and the count of every histogram belong to one moment."""
    metrics = metrics_of()

    def run() -> None:
        totals = RunTotals(1, 0)
        for number in range(1, 2_000):
            counts = Counts(due=number, started=number, delivered=number, bytes=number)
            totals.add(snapshot(0, number, counts, times=times_of(number * MILLISECOND, number, number, 1)))
            metrics.update(totals)

    scrapes = scrapes_while(metrics, run)
    scrapes.append(scraped(metrics))
    names = ("response_time_seconds_bucket", "request_latency_seconds_bucket", "schedule_lag_seconds_bucket")
    for samples in scrapes:
        due = value(samples, "reports_due_total")
        assert {value(samples, name, le="+Inf") for name in names} == {due}
        assert value(samples, "requests_total", result="success") == value(samples, "bytes_total") == due
    assert _ascending(value(samples, "reports_due_total") for samples in scrapes)
    assert value(scrapes[-1], "reports_due_total") == 1_999


def _ascending(values: Iterable[float]) -> bool:
    found = list(values)
    return found == sorted(found)


def test_what_was_published_does_not_change_with_the_totals() -> None:
    metrics = metrics_of()
    totals = totals_of(snapshot(0, 1, Counts(delivered=1), times=times_of(1, 1, 1, 1)))
    metrics.update(totals)
    before = metrics.page(Request("", "")).body
    totals.add(snapshot(0, 2, Counts(delivered=9), times=times_of(9, 9, 9, 8)))
    assert metrics.page(Request("", "")).body == before
    metrics.update(totals)
    assert metrics.page(Request("", "")).body != before


def test_nodes_that_have_come_or_gone_are_counted_from_the_first_scrape_on() -> None:
    plan = plan_of(EXAMPLE, 4)
    changes = [NodeChange()]
    metrics = Metrics(plan, plan.nodes[1], SaturationWatch(0), lambda: changes[-1])
    samples = scraped(metrics)
    assert [value(samples, "node_changes", change=change) for change in ("added", "gone")] == [0, 0]
    assert value(samples, "nodes") == 4
    changes.append(NodeChange(("a", "b"), ("c",)))
    metrics.update(RunTotals(1, 0))
    samples = scraped(metrics)
    assert [value(samples, "node_changes", change=change) for change in ("added", "gone")] == [2, 1]


def test_askings_of_a_fleet_that_is_asked_are_there_by_how_they_ended_and_the_older_names_are_not() -> None:
    plan = plan_of(EXAMPLE)
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0), mode="pull")
    names = {sample.name for family in metrics.collect() for sample in family.samples}
    ends = {sample.labels["end"] for family in metrics.collect() for sample in family.samples if "end" in sample.labels}
    classes = {sample.labels["class"] for family in metrics.collect() for sample in family.samples if "class" in sample.labels}
    assert "vsock_loadgen_askings_total" in names
    assert "vsock_loadgen_requests_total" not in names
    assert ends == set(Asked)
    assert classes == set(classes_of("pull"))


def judged(value_found: float | None, *, passed: bool | None) -> JudgedThreshold:
    return JudgedThreshold("response_time.p99 < 500ms", value_found, "seconds", passed, limit=0.5)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (judged(0.2, passed=True), (0.2, 1)),
        (judged(0.7, passed=False), (0.7, 0)),
        (judged(None, passed=False), (math.inf, 0)),
        (judged(None, passed=None), (math.nan, math.nan)),
    ],
)
def test_a_threshold_has_its_limit_what_was_found_and_whether_it_is_met(
    threshold: JudgedThreshold, expected: tuple[float, float]
) -> None:
    plan = plan_of(EXAMPLE)
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0), standing=lambda: Standing((threshold,)))
    samples, labels = scraped(metrics), {"threshold": "response_time.p99 < 500ms", "unit": "seconds"}
    assert value(samples, "threshold_limit", **labels) == 0.5
    found = tuple(value(samples, f"threshold_{what}", **labels) for what in ("value", "met"))
    assert found == pytest.approx(expected, nan_ok=True)


def test_the_verdict_so_far_is_one_of_all_that_there_are() -> None:
    plan, standing = plan_of(EXAMPLE), [Standing()]
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0), standing=lambda: standing[-1])

    def shown() -> dict[str, float]:
        samples = scraped(metrics)
        return {status: value(samples, "verdict", status=status) for status in get_args(Status)}

    assert set(shown().values()) == {0}
    standing.append(Standing((), Verdict("invalid", ("late",), EXIT_SATURATED)))
    metrics.update(RunTotals(1, 0))
    assert shown() == {"passed": 0, "failed": 0, "invalid": 1, UNJUDGED: 0}


def test_the_last_ten_seconds_are_gauges_after_one_scrape() -> None:
    plan, recent = plan_of(EXAMPLE), RecentWatch()
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0), recent=lambda: recent.now)
    before = scraped(metrics)
    assert math.isnan(value(before, "recent_response_time_seconds", quantile="0.99"))
    assert value(before, "recent_reports_per_second", fate="due") == 0
    counts = Counts(due=100, started=90, delivered=80, skipped=10, failures={FailureClass.RESET: 10})
    totals = totals_of(snapshot(0, 4 * SECOND, counts, times=times_of(200 * MILLISECOND, 100 * MILLISECOND, MILLISECOND, 80)))
    recent.update(totals)
    metrics.update(totals)
    samples = scraped(metrics)
    rates = {fate: value(samples, "recent_reports_per_second", fate=fate) for fate in ("due", "delivered", "failed", "skipped")}
    assert rates == {"due": 25, "delivered": 20, "failed": 2.5, "skipped": 2.5}
    assert value(samples, "recent_response_time_seconds", quantile="0.5") == pytest.approx(0.2, rel=1e-3)
    assert value(samples, "recent_response_time_seconds", quantile="0.99") == math.inf
    assert value(samples, "recent_schedule_lag_seconds", quantile="0.99") == 0.001


def test_the_phase_that_goes_on_is_one_of_all_and_none_once_nothing_falls_due() -> None:
    phases = (Phase("calm", 5 * SECOND), Phase("spike", 60 * SECOND))
    plan = plan_of(replace(EXAMPLE, phases=phases))
    metrics = Metrics(plan, plan.nodes[0], SaturationWatch(0))
    seen = []
    for at_ns, is_ending in ((SECOND, False), (6 * SECOND, False), (7 * SECOND, True)):
        totals = RunTotals(1, 0, plan.cells(plan.nodes[0]))
        totals.add(snapshot(0, at_ns, Counts()))
        totals.is_ending = is_ending
        metrics.update(totals)
        seen.append([value(scraped(metrics), "phase", phase=name) for name in ("calm", "spike")])
    assert seen == [[1, 0], [0, 1], [0, 0]]
    assert "vsock_loadgen_phase" not in {family.name for family in metrics_of().collect()}
