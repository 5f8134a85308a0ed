"""A line every statsInterval: rates since the last line, the rest since the start."""

from __future__ import annotations

import io

import pytest

from run_example import snapshot, times_of
from vsock_loadgen.log import Log
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.stats import StatsLines


class Recorded:
    """Stats lines, fed with one worker's snapshots."""

    def __init__(self, interval_ns: int) -> None:
        self.stream = io.StringIO()
        self.totals = RunTotals(1, 1_700_000_000 * SECOND)
        self._lines = StatsLines(Log(self.stream), interval_ns)

    def at(self, at_ns: int, counts: Counts, delivered_now: int = 0) -> bool:
        """Take a snapshot in; whether a line was logged for it."""
        times = (
            times_of(response=200 * MILLISECOND, service=100 * MILLISECOND, lag=MILLISECOND, count=delivered_now)
            if delivered_now
            else None
        )
        before = self.stream.getvalue()
        self.totals.add(snapshot(0, at_ns, counts, times=times))
        self._lines.update(self.totals)
        return self.stream.getvalue() != before


def test_lines_come_at_the_interval_and_not_in_between() -> None:
    recorded = Recorded(10 * SECOND)
    logged = [at for at in range(1, 41) if recorded.at(at * SECOND, Counts())]
    assert logged == [10, 20, 30, 40]


def test_a_late_snapshot_gives_one_line_and_the_cadence_stays() -> None:
    recorded = Recorded(10 * SECOND)
    assert [recorded.at(at * SECOND, Counts()) for at in (9, 35, 36, 40)] == [False, True, False, True]


def test_counts_are_since_the_start_and_rates_since_the_last_line() -> None:
    recorded = Recorded(10 * SECOND)
    recorded.at(10 * SECOND, Counts(due=50, started=50, delivered=50, bytes=50_000_000), delivered_now=50)
    recorded.at(
        20 * SECOND, Counts(due=1_250, started=1_250, delivered=1_240, in_flight=10, bytes=1_240_000_000), delivered_now=1_190
    )
    first, second = (line[9:] for line in recorded.stream.getvalue().splitlines())
    assert first == (
        "    10 s  due 50  delivered 50  failed 0  skipped 0  in flight 0  5/s 5 MB/s  response p50 200 ms p99 200 ms  lag p99 1 ms"
    )
    assert second.startswith("    20 s  due 1,250  delivered 1,240  failed 0  skipped 0  in flight 10  119/s 119 MB/s")


@pytest.mark.parametrize(
    ("counts", "delivered", "shown"),
    [
        (Counts(), 0, "response p50 - p99 -  lag p99 -"),
        (Counts(due=4, started=4, in_flight=4), 0, "response p50 - p99 -  lag p99 -"),
        (Counts(due=10, started=10, delivered=5, failures={FailureClass.RESET: 5}), 5, "response p50 200 ms p99 not delivered"),
        (Counts(due=10, started=2, skipped=8, delivered=2), 2, "response p50 not delivered p99 not delivered"),
    ],
)
def test_a_percentile_among_undelivered_reports_is_shown_as_such(counts: Counts, delivered: int, shown: str) -> None:
    recorded = Recorded(SECOND)
    recorded.at(SECOND, counts, delivered_now=delivered)
    assert shown in recorded.stream.getvalue()
