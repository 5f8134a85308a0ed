"""The result document is a contract; its totals satisfy the identity, and what was not delivered is longer than any time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_example import FAILED, failed_result, histogram_of, result_of, times_of
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.measured import TimeSummary
from vsock_loadgen.results.result import Result

CLOCKS = ("response_time_seconds", "service_time_seconds", "lag_seconds")


def document_of(result: Result) -> dict[str, Any]:
    """The document as a reader gets it."""
    document: dict[str, Any] = json.loads(json.dumps(result.to_json(), allow_nan=False))
    return document


def run_of(delivered: int, failed: int = 0) -> Result:
    """A run of so many delivered reports, that took 0.2 s each, and so many failed ones."""
    failures = {FailureClass.RESET: failed} if failed else {}
    counts = Counts(due=delivered + failed, started=delivered + failed, delivered=delivered, failures=failures)
    times = times_of(response=200_000_000, service=100_000_000, lag=1_000_000, count=delivered) if delivered else Times()
    return result_of(counts, times)


def test_the_document_has_every_key_of_the_contract() -> None:
    document = document_of(failed_result())
    assert document["schema"] == "vsock-loadgen/result/v1"
    promised = {
        "config",
        "seed",
        "time_scale",
        "plan",
        "plan_digest",
        "slice",
        "totals",
        "failures",
        *CLOCKS,
        "series",
        "histograms",
    }
    promised |= {"thresholds", "verdict", "confirmation", "complete", "receiver", "environment"}
    assert promised <= set(document)
    assert {"due", "delivered", "failed", "skipped", "unfinished", "bytes"} <= set(document["totals"])
    for clock in CLOCKS:
        assert list(document[clock]) == ["count", "p50", "p95", "p99", "p999", "max", "mean"]
    assert document["plan_digest"] == document["plan"]["digest"]
    assert (document["seed"], document["time_scale"]) == (document["plan"]["seed"], document["plan"]["time_scale"])
    assert "vms" not in document["plan"]


def test_totals_satisfy_the_identity_and_failures_add_up() -> None:
    document = document_of(failed_result())
    totals = document["totals"]
    assert totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"]
    assert document["failures"] == {"timeout": 3_000, "reset": 1_000}
    assert totals["failed"] == sum(document["failures"].values())
    assert sum(row["due"] for row in document["series"]) == totals["due"]


@pytest.mark.parametrize(
    ("delivered", "failed", "missing"),
    [
        (1_000, 0, []),
        (999, 1, ["max", "mean"]),
        (998, 2, ["p999", "max", "mean"]),
        (990, 10, ["p999", "max", "mean"]),
        (989, 11, ["p99", "p999", "max", "mean"]),
        (949, 51, ["p95", "p99", "p999", "max", "mean"]),
        (499, 501, ["p50", "p95", "p99", "p999", "max", "mean"]),
        (0, 1_000, ["p50", "p95", "p99", "p999", "max", "mean"]),
    ],
)
def test_a_response_time_among_undelivered_reports_is_null(delivered: int, failed: int, missing: list[str]) -> None:
    response = document_of(run_of(delivered, failed))["response_time_seconds"]
    assert response["count"] == 1_000
    assert [name for name, value in response.items() if value is None] == missing
    assert all(value == pytest.approx(0.2, rel=1e-3) for name, value in response.items() if name != "count" and value is not None)


@pytest.mark.parametrize(("skipped", "unfinished"), [(10, 0), (0, 10)])
def test_skipped_and_unfinished_reports_are_longer_than_any_as_well(skipped: int, unfinished: int) -> None:
    result = run_of(delivered=90)
    response = document_of(replace(result, counts=replace(result.counts, due=100, skipped=skipped, unfinished=unfinished)))[
        "response_time_seconds"
    ]
    assert (response["count"], response["p95"], response["max"]) == (100, None, None)
    assert response["p50"] == pytest.approx(0.2, rel=1e-3)


def test_service_time_and_lag_are_of_what_was_started() -> None:
    document = document_of(run_of(500, 499))
    every = ("p50", "p95", "p99", "p999", "max", "mean")
    service = document["service_time_seconds"]
    assert (service["count"], service["p95"], service["max"], service["mean"]) == (999, None, None, None)
    assert service["p50"] == pytest.approx(0.1, rel=1e-3)
    assert document["lag_seconds"] == pytest.approx({"count": 500} | dict.fromkeys(every, 0.001), rel=1e-3)


def test_a_run_without_any_report_has_nulls_and_no_division_by_zero() -> None:
    document = document_of(run_of(0))
    for clock in CLOCKS:
        assert document[clock] == {"count": 0} | dict.fromkeys(("p50", "p95", "p99", "p999", "max", "mean"))


@given(times=st.lists(st.integers(0, 10**12), max_size=50), undelivered=st.integers(0, 50))
def test_quantiles_ascend_and_null_is_beyond_all(times: list[int], undelivered: int) -> None:
    summary = TimeSummary.of(histogram_of(*times), undelivered)
    assert summary.count == len(times) + undelivered
    values = [summary.p50, summary.p95, summary.p99, summary.p999, summary.largest]
    known = [value for value in values if value is not None]
    assert known == sorted(known)
    assert values[: len(known)] == known
    assert (summary.mean is None) == (undelivered > 0 or not times)


def test_the_histograms_can_be_read_back() -> None:
    result = failed_result()
    document = document_of(result)["histograms"]
    assert Histogram.from_json(document["response_time"]) == result.times.response
    assert Histogram.from_json(document["service_time"]) == result.times.service
    assert Histogram.from_json(document["lag"]) == result.times.lag


def test_a_receipt_stands_in_the_document_as_it_is() -> None:
    assert document_of(replace(run_of(1), receiver={"reports": 1}))["receiver"] == {"reports": 1}


def test_bytes_are_those_of_delivered_reports() -> None:
    assert document_of(failed_result())["totals"]["bytes"] == FAILED.bytes
