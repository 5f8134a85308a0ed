"""The claims about runs under pressure."""

from __future__ import annotations

from typing import Any, cast

import pytest
from bench.pressure import PRESSURES, Pressure, claims, facts, herd_interval

QUIET = Pressure(vms=10, interval="1s", seconds=2)


def side(**totals: int) -> dict[str, Any]:
    counts = {"due": 10, "delivered": 10, "failed": 0, "skipped": 0, "unfinished": 0, "in_flight": 0}
    return {
        "totals": counts | totals,
        "series": [{"in_flight": 3}, {"in_flight": 7}],
        "lag_seconds": {"p50": 0.001, "p99": 0.01, "max": 0.02},
        "response_time_seconds": {"p95": 0.1, "p99": None},
    }


def test_counts_add_up_over_the_sides_and_times_are_the_worst() -> None:
    found = facts([side(), side(due=12, delivered=12)])
    assert (found["due"], found["peak in flight"], found["lag p99"], found["response p99"]) == (22, 14, 0.01, None)


def test_a_report_too_few_breaks_the_accounts() -> None:
    assert claims(QUIET, [side(delivered=9)], 10)["the accounts balance"] is False


@pytest.mark.parametrize(("expected", "holds"), [(10, True), (11, False)])
def test_a_schedule_that_slipped_is_seen_in_what_was_due(expected: int, holds: bool) -> None:
    assert claims(QUIET, [side()], expected)["due as planned, to the last report"] is holds


def test_where_the_plan_does_not_say_how_many_nothing_is_claimed() -> None:
    assert "due as planned, to the last report" not in claims(QUIET, [side()], None)


def test_a_herd_falls_due_once_soon_after_the_start() -> None:
    (bucket,) = cast(Any, herd_interval("60s", 1_000_000_057.5))["buckets"]
    assert bucket == {"percent": 100, "value": "60s", "synchronized": True, "offset": "41s"}
    assert (1_000_000_057 + 4) % 60 == 41


def test_every_scenario_claims_more_than_balance() -> None:
    assert all(pressure.claims for pressure in PRESSURES.values())
