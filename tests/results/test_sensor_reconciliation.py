"""How askings ended here, beside Sensor's own counters of them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.asking.central_counters import CENTRAL
from vsock_loadgen.asking.reconciling import SensorReconciler, relay_reconciler, sensor_reconciler
from vsock_loadgen.asking.sensor_counters import SENSOR
from vsock_loadgen.asking.target_counters import Reconciler, Scrape, ScrapeError, Source, parse
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import CountersUrl
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.log import Log
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.central_limiter import CentralLimiter, LimiterCounters
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.results.sensor_reconciliation import NOTHING, THEIRS, WHOLE, SensorCounters, SensorReconciliation
from vsock_loadgen.scraper.exposition import exposition

STATUSES = [status for statuses in THEIRS.values() for status in statuses]
NUMBER = st.integers(0, 1_000)
SEPTEMBER = """\
process_start_time_seconds 1.7e9
go_goroutines 40
rox_sensor_vsock_pull_tracked_vms 7
rox_sensor_vsock_pull_transport_total{status="dial_error"} 3
rox_sensor_vsock_pull_transport_total{status="abnormal_close"} 1
rox_sensor_vsock_pull_get_report_total{status="unchanged"} 5
rox_sensor_vsock_pull_get_report_total{status="busy"} 2
rox_sensor_vsock_pull_scrape_total{status="success"} 11
rox_sensor_vsock_pull_scrape_total{status="invalid_report"} 1
rox_sensor_virtual_machine_index_report_acks_received_total{action="ACK"} 9
rox_sensor_virtual_machine_index_report_acks_received_total{action="NACK"} 2
"""
AUGUST = """\
rox_sensor_vsock_pull_requests_total{status="success"} 12
rox_sensor_vsock_pull_requests_total{status="unchanged"} 5
rox_sensor_vsock_pull_requests_total{status="busy"} 2
rox_sensor_vsock_pull_requests_total{status="read_error"} 4
"""
CENTRAL_PAGE = """\
rox_central_rate_limiter_requests_total{workload="vm_index_reports",outcome="accepted"} 7
rox_central_rate_limiter_requests_total{workload="vm_index_reports",outcome="rejected"} 2
rox_central_rate_limiter_requests_total{workload="other",outcome="accepted"} 40
"""
OURS = Counts(asked={Asked.WHOLE: 12, Asked.UNCHANGED: 5, Asked.BUSY: 2, Asked.NOT_FOUND: 3, Asked.DROP: 1})


@pytest.mark.parametrize("page", [SEPTEMBER, AUGUST])
def test_the_counters_of_both_months_are_read_under_the_same_keys(page: str) -> None:
    found = SensorReconciliation.of("http://s/", OURS, parse(SENSOR, page.encode()).counters)
    assert found.theirs is not None
    assert {end: count for end, count in found.ours.items() if count} == {WHOLE: 12, "unchanged": 5, "busy": 2, NOTHING: 4}
    assert {end: count for end, count in found.theirs.items() if count} == {WHOLE: 12, "unchanged": 5, "busy": 2, NOTHING: 4}
    assert (found.is_proof, found.unexplained, found.lacks, found.remark) == (True, 0, "", "")


def test_what_central_says_is_counted_beside_it() -> None:
    counters = parse(SENSOR, SEPTEMBER.encode()).counters
    assert (counters.acks, counters.nacks) == (9, 2)


@pytest.mark.parametrize("page", ["", "<html>", "go_goroutines 1\n", "rox_sensor_events 4\n"])
def test_a_page_without_sensors_counters_is_not_taken_for_zeros(page: str) -> None:
    with pytest.raises(ScrapeError, match="rox_sensor_vsock_pull_"):
        parse(SENSOR, page.encode())


@given(st.dictionaries(st.sampled_from(list(Asked)), NUMBER))
def test_every_asking_is_compared_under_one_key(asked: dict[Asked, int]) -> None:
    found = SensorReconciliation.of("http://s/", Counts(asked=asked), SensorCounters({"success": 0}))
    assert sum(found.ours.values()) == sum(asked.values())
    assert set(found.ours) <= set(THEIRS)
    assert all(count or end == WHOLE for end, count in found.ours.items())


@pytest.mark.parametrize(
    ("asked", "attempts", "unexplained"),
    [
        ({Asked.WHOLE: 10}, {"success": 10}, 0),
        ({Asked.WHOLE: 10}, {"success": 7}, 3),
        ({Asked.WHOLE: 10}, {"success": 7, "timeout": 3}, 0),
        ({Asked.WHOLE: 10, Asked.NO_RECEIPT: 2}, {"success": 12}, 0),
        ({Asked.WHOLE: 10, Asked.NO_RECEIPT: 2}, {"success": 13}, -1),
        ({Asked.WHOLE: 10}, {"success": 6, "invalid_report": 3, "send_error": 1}, 0),
    ],
)
def test_reports_that_one_end_alone_counts_are_unexplained(
    asked: dict[Asked, int], attempts: dict[str, int], unexplained: int
) -> None:
    found = SensorReconciliation.of("http://s/", Counts(asked=asked), SensorCounters(attempts))
    assert found.unexplained == unexplained
    assert (bool(found.lacks), bool(found.remark)) == (unexplained > 0, unexplained < 0)


def test_counters_that_went_back_or_could_not_be_read_prove_nothing() -> None:
    restarted = SensorReconciliation.of("http://s/", OURS, SensorCounters({"success": -3}))
    unread = SensorReconciliation.of("http://s/", OURS, None, "nobody listens")
    for found in (restarted, unread):
        assert (found.theirs, found.unexplained, found.is_proof, found.is_settled) == (None, None, False, True)
        assert found.problem in found.remark
    assert "restarted" in restarted.problem


@given(attempts=st.dictionaries(st.sampled_from(STATUSES), NUMBER), asked=st.dictionaries(st.sampled_from(list(Asked)), NUMBER))
def test_it_is_read_back_from_its_document(attempts: dict[str, int], asked: dict[Asked, int]) -> None:
    found = SensorReconciliation.of("http://s/", Counts(asked=asked), SensorCounters(attempts, 3, 1))
    assert SensorReconciliation.read(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("month", ["august", "september"])
def test_the_stand_in_serves_what_is_read_here(month: str) -> None:
    scraped = Scraped(
        askings=22, reports=9, unchanged=4, errors={"busy": 1, "internal": 2}, failures={"timeout": 3, "broken_off": 2}, vms=5
    )
    settings = Settings.of("august" if month == "august" else "september")
    found = parse(SENSOR, exposition(scraped, settings, 1.5e9).encode())
    assert found.process_start == 1.5e9
    assert found.counters.attempts == {
        "success": 9,
        "unchanged": 4,
        "busy": 1,
        "internal_error": 2,
        "timeout": 3,
        "read_error": 2,
    }


def test_centrals_rate_limiter_is_read_by_outcome_of_index_reports() -> None:
    growth = parse(CENTRAL, CENTRAL_PAGE.encode()).counters
    assert CentralLimiter.of("http://c/", OURS, growth).outcomes == {"accepted": 7, "rejected": 2}
    with pytest.raises(ScrapeError, match="rox_central_rate_limiter_"):
        parse(CENTRAL, SEPTEMBER.encode())
    restarted = CentralLimiter.of("http://c/", OURS, LimiterCounters({"accepted": -1}))
    assert (restarted.outcomes, "restarted" in restarted.problem) == (None, True)


def test_central_is_asked_beside_sensor() -> None:
    pages = {
        "http://s/": [SEPTEMBER, SEPTEMBER.replace('"success"} 11', '"success"} 23')],
        "http://c/": [CENTRAL_PAGE, CENTRAL_PAGE],
    }

    def take(source: Source[Any, Any], url: str) -> Scrape[Any]:
        return parse(source, pages[url].pop(0).encode())

    both = SensorReconciler(
        Reconciler(SENSOR, CountersUrl("http://s/", "http://s/"), Log(io.StringIO()), take=take),
        Reconciler(CENTRAL, CountersUrl("http://c/", "http://c/"), Log(io.StringIO()), take=take),
    )
    both.before()
    found = both.after(Counts(asked={Asked.WHOLE: 12}), lambda: True)
    assert (found.unexplained, found.central) == (0, CentralLimiter(url="http://c/", outcomes={}))


def test_central_alone_or_beside_a_relay_is_refused() -> None:
    for mode, config in (
        (sensor_reconciler, Config(reconcile_central="http://c/")),
        (relay_reconciler, Config(reconcile_central="http://c/", reconcile_url="http://r/")),
    ):
        with pytest.raises(ConfigError, match="reconcileCentral"):
            mode(config, Log(io.StringIO()), {})
