"""Each check of a soak holds where all is well, and fails for what it is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soak.checks import ROW_BYTES, Check, checks, growth_limit, unexplained
from soak.receivers import Counted
from soak.samples import Look

from soak_example import asked, evidence, result, samples


def failing(**changed: Any) -> list[str]:
    return [check.claim for check in checks(evidence(**changed)) if check.held is False]


def check_of(claim: str, **changed: Any) -> Check:
    return next(check for check in checks(evidence(**changed)) if check.claim == claim)


def test_all_checks_hold_where_all_is_well() -> None:
    assert failing() == []
    assert all(check.held for check in checks(evidence()))


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"planned": 101}, "due as planned, to the last report"),
        ({"counted": Counted(96, 100, 3)}, "unexplained reports"),
        ({"counted": Counted(98, 100, 3)}, "unexplained reports"),
        ({"scraped": dict(evidence().scraped or {}) | {"due": 99}}, "the metrics' totals are the result's"),
        ({"scraped": {"due": 100}}, "the metrics' totals are the result's"),
        ({"exit_code": 4}, "the run's own verdict"),
        ({"result": result(complete=False)}, "the run's own verdict"),
        ({"result": result(lag_seconds={"p99": 0.051})}, "lag p99"),
        ({"result": result(lag_seconds={"p99": None})}, "lag p99"),
        ({"result": result(failures={"reset": 1})}, "every failure in one class"),
        ({"result": result(series=[{"due": 99}])}, "the rows of the result add up"),
        (
            {"result": result(totals=result()["totals"] | {"skipped": 0, "unfinished": 0})},
            "due = delivered + failed + skipped + unfinished",
        ),
        ({"left_behind": ["receiver-1.sock"]}, "nothing left behind"),
        ({"log": "Traceback (most recent call last):"}, "no internal error in the log"),
        ({"samples": samples(parent_bytes_a_minute=400_000)}, "memory of parent flat (RSS)"),
        ({"samples": samples(parent_bytes_a_minute=400_000)}, "memory of all of them flat (PSS)"),
        ({"samples": samples(worker_descriptors_a_minute=0.5)}, "descriptors of worker 0 flat"),
    ],
)
def test_each_check_fails_for_what_it_is_there_for(changed: dict[str, Any], claim: str) -> None:
    assert claim in failing(**changed)


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"askings": {"askings": 103}}, "every asking in one kind"),
        ({"askings": {"again": 3}}, "whole = delivered + again"),
        ({"counted": Counted(96, 103, 3, timeouts=2, refused=1)}, "unexplained reports"),
        ({"counted": Counted(102, 103, 3, timeouts=2, refused=1)}, "unexplained reports"),
        ({"counted": Counted(99, 101, 3, timeouts=2, refused=1)}, "unexplained askings"),
        ({"counted": Counted(99, 106, 3, timeouts=2, refused=1)}, "unexplained askings"),
    ],
)
def test_the_accounts_of_askings_are_checked_at_both_ends(changed: dict[str, Any], claim: str) -> None:
    assert [check.claim for check in checks(asked()) if check.held is False] == []
    assert [check.claim for check in checks(asked(**changed)) if check.held is False] == [claim]


@given(delivered=st.integers(0, 50), arrived_late=st.integers(0, 10), uncertain=st.integers(0, 10), lost=st.integers(0, 10))
def test_reports_given_up_under_way_may_be_counted_and_others_may_not(
    delivered: int, arrived_late: int, uncertain: int, lost: int
) -> None:
    assert unexplained(delivered, delivered + min(arrived_late, uncertain), uncertain) == 0
    assert unexplained(delivered, delivered + uncertain + lost, uncertain) == lost
    assert unexplained(delivered + lost, delivered, uncertain) == lost


def test_a_soak_that_was_broken_off_is_not_held_against_its_plan() -> None:
    assert check_of("due as planned, to the last report", interrupted=True, planned=1_000).held is None
    assert check_of("the metrics' totals are the result's", interrupted=True, scraped=None).held is None


def test_memory_during_faults_and_in_the_warm_up_does_not_count() -> None:
    disturbed = [
        each if each.quiet and each.seconds >= 60 else replace(each, looks={name: Look(9, 9, 9) for name in each.looks})
        for each in samples()
    ]
    assert failing(samples=disturbed) == []
    found = {check.claim: check.found for check in checks(evidence(samples=disturbed))}
    assert found["memory of parent flat (RSS)"] == "+0.00 ± 0.00 kB/min of 50.0 MB"
    assert found["memory of all of them flat (PSS)"] == "+0.00 ± 0.00 kB/min of 70.0 MB"


def test_a_page_that_two_processes_no_longer_share_is_no_growth_of_the_worker() -> None:
    copied = [
        replace(
            each,
            looks={**each.looks, "worker 0": replace(each.looks["worker 0"], pss_bytes=20_000_000 + 20_000 * int(each.seconds))},
        )
        for each in samples()
    ]
    assert check_of("memory of worker 0 flat (RSS)", samples=copied).held
    assert check_of("memory of all of them flat (PSS)", samples=copied).held is False


def test_memory_of_a_minute_says_nothing() -> None:
    short = [sample for sample in samples() if sample.seconds < 115]
    assert check_of("memory of parent flat (RSS)", samples=short).held is None


def test_the_limit_of_growth_is_one_percent_an_hour_and_the_rows_of_the_result() -> None:
    assert growth_limit(60_000_000, rows=False) == pytest.approx(10_000)
    assert growth_limit(60_000_000, rows=True) == pytest.approx(10_000 + 60 * ROW_BYTES)
