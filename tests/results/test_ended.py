"""Why a run ended is in its record, whatever ended it and at whatever moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_example import result_of, snapshot, times_of
from vsock_loadgen.measures.ending import Cause, Stop
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.ended import Ended, ended_of
from vsock_loadgen.results.judgement import judge
from vsock_loadgen.results.merging import merge_results
from vsock_loadgen.results.result import Named
from vsock_loadgen.units import MILLISECOND, SECOND

ZERO_NS = 1_700_000_000 * SECOND
COUNTS = Counts(due=10, started=10, delivered=10)


def totals_of(stopped: Stop | None, *, counts: Counts = COUNTS) -> RunTotals:
    totals = RunTotals(1, ZERO_NS)
    totals.add(snapshot(0, SECOND, counts))
    totals.stopped = stopped
    return totals


@given(
    by=st.sampled_from(get_args(Cause)),
    at_ms=st.integers(-5_000, 100_000),
    duration_ms=st.one_of(st.just(0), st.integers(1, 100_000)),
)
def test_a_stop_at_any_moment_says_when_it_was_and_what_was_left(by: Cause, at_ms: int, duration_ms: int) -> None:
    at_ns, duration_ns = at_ms * MILLISECOND, duration_ms * MILLISECOND
    ended = ended_of(totals_of(Stop(by, at_ns, "SIGTERM" if by == "signal" else None)), duration_ns)
    assert (ended.by, ended.signal) == (by, "SIGTERM" if by == "signal" else None)
    assert datetime.fromisoformat(ended.at).timestamp() == pytest.approx((ZERO_NS + at_ns) / SECOND, abs=1e-5)
    if duration_ns:
        assert ended.planned_end is not None
        assert datetime.fromisoformat(ended.planned_end).timestamp() == pytest.approx((ZERO_NS + duration_ns) / SECOND, abs=1e-5)
        assert ended.left_ns == max(0, min(duration_ns, duration_ns - at_ns))
    else:
        assert (ended.planned_end, ended.left_ns) == (None, None)
    assert Ended.read(ended.to_json()) == ended


@pytest.mark.parametrize(
    ("by", "duration_ns", "is_whole"),
    [
        ("duration", SECOND, True),
        ("signal", SECOND, False),
        ("signal", 0, True),  # the ordinary end of a run without a duration
        ("abort", 0, False),
        ("abort", SECOND, False),
        ("worker", 0, False),
        ("silence", 0, False),
        ("receiver", SECOND, False),
    ],
)
def test_a_run_is_whole_where_its_schedule_came_to_its_end(by: Cause, duration_ns: int, is_whole: bool) -> None:
    assert ended_of(totals_of(Stop(by, 0)), duration_ns).is_whole is is_whole


def test_who_is_lost_after_the_end_of_the_schedule_has_ended_the_run() -> None:
    totals = totals_of(None)
    assert ended_of(totals, SECOND).by == "duration"
    totals.lost_receiver = "killed by signal 9"
    assert ended_of(totals, SECOND).by == "receiver"
    totals.lose(0, "ended by this run after 30s of silence", "silence")
    assert ended_of(totals, SECOND).by == "silence"


def test_a_signal_before_the_end_makes_a_run_with_a_duration_incomplete() -> None:
    totals = totals_of(Stop("signal", SECOND, "SIGTERM"))
    stopped = judge(totals, None, None, ended=ended_of(totals, 10 * SECOND))
    assert (stopped.status, stopped.exit_code) == ("invalid", 1)
    (reason,) = stopped.reasons
    assert reason.startswith("the run was stopped by SIGTERM with 9 s of its schedule left: ")
    ordinary = judge(totals, None, None, ended=ended_of(totals, 0))
    assert (ordinary.status, ordinary.exit_code) == ("passed", 0)


def test_a_sum_with_a_part_that_was_stopped_is_not_the_whole() -> None:
    whole = replace(result_of(COUNTS, times_of(3, 2, 1, 10)), slice={"node_index": 0, "node_count": 2, "first_vm": 0, "vms": 100})
    generator = {"workers": 1, "worker_cpu_seconds": [0.1], "parent_cpu_seconds": 0.1, "share_of_machine": 0.1}
    whole = replace(whole, generator=generator, plan={**whole.plan, "nodes": [{"index": 0, "vms": 100}, {"index": 1, "vms": 100}]})
    totals = totals_of(Stop("signal", SECOND, "SIGINT"))
    ended = ended_of(totals, 10 * SECOND)
    part = replace(
        whole,
        slice={**whole.slice, "node_index": 1, "first_vm": 100},
        ended=ended,
        complete=False,
        verdict=judge(totals, None, None, ended=ended),
    )
    merged = merge_results([Named("a.json", whole), Named("b.json", part)])
    assert (merged.ended, merged.complete, merged.verdict.exit_code) == (ended, False, 1)
    assert "SIGINT" in merged.verdict.reasons[0]
