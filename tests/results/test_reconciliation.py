"""What a run sent, held against the target's counters: everything has an explanation, or the reconciliation says what has none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_example import DONE, snapshot
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_THRESHOLD
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.judgement import judge
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Verdict

URL = "http://target/metrics"
FEW = st.integers(0, 50)


def counts_of(delivered: int, *, unfinished: int = 0, **failures: int) -> Counts:
    due = delivered + unfinished + sum(failures.values())
    by_class = {FailureClass[name.upper()]: count for name, count in failures.items()}
    return Counts(due=due, started=due, delivered=delivered, unfinished=unfinished, failures=by_class)


def found(counts: Counts, **growth: int) -> Reconciliation:
    return Reconciliation.of(URL, counts, TargetCounters(**growth))


def verdict_on(reconciliation: Reconciliation, counts: Counts) -> Verdict:
    totals = RunTotals(1, zero_wall_ns=0)
    totals.add(snapshot(0, 1, counts))
    return judge(totals, None, None, reconciliation=reconciliation, ended=DONE)


@given(forwarded=FEW, rate_limited=FEW, not_forwarded=FEW, mismatching=FEW, hidden=FEW, broken_off=FEW, is_old=st.booleans())
def test_every_way_in_which_a_relay_can_treat_a_report_is_an_explanation(
    forwarded: int, rate_limited: int, not_forwarded: int, mismatching: int, hidden: int, broken_off: int, is_old: bool
) -> None:
    """Relays of both kinds, whether or not they count a report with a mismatching CID as received; a connection closed for want
    of a handler is seen by the sender or is not."""
    taken = forwarded + rate_limited + not_forwarded
    reconciliation = found(
        counts_of(taken + mismatching + hidden, reset=broken_off),
        accepted=taken + mismatching + hidden + broken_off,
        received=taken + mismatching * is_old,
        mismatching_cid=mismatching,
        rate_limited=rate_limited,
        no_handler=hidden + broken_off,
        forwarded=forwarded,
        not_forwarded=not_forwarded,
    )
    assert reconciliation.is_proof
    assert reconciliation.is_settled
    assert reconciliation.thrown_away == rate_limited + not_forwarded + mismatching + hidden


@given(st.integers(1, 50), FEW)
def test_a_delivered_report_that_no_counter_shows_is_unexplained(lost: int, forwarded: int) -> None:
    reconciliation = found(counts_of(lost + forwarded), received=forwarded, forwarded=forwarded)
    assert reconciliation.unexplained == lost
    assert not reconciliation.is_proof
    assert not reconciliation.is_settled


@given(FEW, st.integers(0, 20), st.integers(0, 20))
def test_a_report_that_was_given_up_may_have_arrived_all_the_same(delivered: int, timed_out: int, unfinished: int) -> None:
    counts = counts_of(delivered, unfinished=unfinished, timeout=timed_out)
    received = delivered + timed_out + unfinished
    assert found(counts, received=received, forwarded=received).is_proof
    assert found(counts, received=received + 3, forwarded=received + 3).unexplained == -3


@pytest.mark.parametrize("failure", ["connect", "write", "closed_early", "reset", "descriptors"])
def test_a_report_that_was_not_sent_whole_cannot_be_among_the_received(failure: str) -> None:
    assert found(counts_of(10, **{failure: 5}), received=12, forwarded=12).unexplained == -2


def test_a_report_that_the_target_still_holds_has_arrived_and_is_pending() -> None:
    reconciliation = found(counts_of(10), received=10, forwarded=7)
    assert reconciliation.is_proof
    assert not reconciliation.is_settled
    assert reconciliation.to_json()["pending"] == 3


def test_a_failed_report_accounts_for_the_lack_of_a_handler_before_a_delivered_one_does() -> None:
    assert found(counts_of(100, closed_early=5), received=95, forwarded=95, no_handler=5).unexplained == 5


def test_counters_that_went_back_say_nothing() -> None:
    reconciliation = found(counts_of(10), accepted=-90, received=-90)
    assert reconciliation.growth is None
    assert reconciliation.problem == "the target's counters went back: it was restarted during the run"
    assert not reconciliation.is_proof


def test_the_document_of_counters_that_could_not_be_read_has_the_same_keys_and_no_figures() -> None:
    known = found(counts_of(1), received=1, forwarded=1).to_json()
    unknown = Reconciliation.of(URL, counts_of(1), None, "no answer").to_json()
    assert known.keys() == unknown.keys()
    assert {key: value for key, value in unknown.items() if value is not None} == {
        "url": URL,
        "problem": "no answer",
        "sent": 1,
        "uncertain": 0,
    }
    assert known["problem"] is None
    assert known["dropped"] == {"concurrency": 0, "rate_limit": 0, "forwarding": 0}


@pytest.mark.parametrize(
    ("growth", "status", "exit_code", "reason"),
    [
        ({"received": 10, "forwarded": 10}, "passed", EXIT_DONE, "no threshold is set"),
        (
            {"received": 8, "forwarded": 7, "mismatching_cid": 2, "rate_limited": 1},
            "failed",
            EXIT_THRESHOLD,
            " 3 reports: 2 with a mismatching CID, 1 rate limited",
        ),
        (
            {"received": 9, "forwarded": 9},
            "invalid",
            EXIT_INTERNAL,
            "the target's counters do not show 1 of 10 delivered reports",
        ),
        (
            {"received": 12, "forwarded": 10, "rate_limited": 2},
            "passed",
            EXIT_DONE,
            "not reconciled: the target received 2 reports that this run did not send",
        ),
    ],
)
def test_the_verdict_follows_the_counters(growth: Any, status: str, exit_code: int, reason: str) -> None:
    counts = counts_of(10)
    verdict = verdict_on(found(counts, **growth), counts)
    assert (verdict.status, verdict.exit_code) == (status, exit_code)
    assert any(reason in each for each in verdict.reasons), verdict.reasons


def test_counters_that_could_not_be_read_are_a_remark_and_no_judgement() -> None:
    counts = counts_of(10)
    verdict = verdict_on(Reconciliation.of(URL, counts, None, "no answer"), counts)
    assert verdict.status == "passed"
    assert verdict.reasons[-1] == "not reconciled: no answer"
