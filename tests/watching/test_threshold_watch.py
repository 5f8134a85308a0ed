"""While a run goes on: nothing is judged before its time, a stop is asked for once, and a change is said once."""

from __future__ import annotations

import io

from run_example import snapshot, times_of
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.log import Log
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND
from vsock_loadgen.watching.threshold_watch import ThresholdWatch

THRESHOLDS = [parse_threshold("failed_percent < 10"), parse_threshold("response_time.p50 < 1s")]


class Watched:
    """A run whose counts are set from outside, and a watch that looks at it."""

    def __init__(self, *, abort: bool, grace_ns: int = 5 * SECOND) -> None:
        self.stream = io.StringIO()
        self.stops = 0
        self.totals = RunTotals(1, 0)
        self.watch = ThresholdWatch(
            lambda totals: THRESHOLDS,
            Log(self.stream, lambda: 0.0),
            grace_ns=grace_ns,
            interval_ns=10 * SECOND,
            abort=self._stop if abort else None,
        )

    def _stop(self) -> None:
        self.stops += 1

    def at(self, seconds: float, delivered: int, failed: int, in_flight: int = 0) -> list[str]:
        """Let the watch see the run at a moment; the lines that it wrote."""
        written = len(self.stream.getvalue())
        fresh = delivered - self.totals.counts.delivered
        times = times_of(response=MILLISECOND, service=MILLISECOND, lag=1, count=fresh) if fresh else None
        due = delivered + failed + in_flight
        counts = Counts(due, due, delivered, in_flight=in_flight, failures={FailureClass.TIMEOUT: failed})
        self.totals.add(snapshot(0, int(seconds * SECOND), counts, times=times))
        self.watch.update(self.totals)
        return [line.partition(" ")[2] for line in self.stream.getvalue()[written:].splitlines()]


def test_nothing_is_judged_within_the_grace_period() -> None:
    watched = Watched(abort=True)
    assert watched.at(4.75, delivered=1, failed=9) == []
    assert (watched.stops, watched.watch.abortion) == (0, None)


def test_a_missed_threshold_asks_for_one_stop_and_says_why() -> None:
    watched = Watched(abort=True)
    assert watched.at(5, delivered=95, failed=5) == []
    assert watched.at(6.25, delivered=95, failed=15, in_flight=7) == [
        "warning: the run was stopped after 6.25 s, since a threshold was missed (abortOnFail): "
        "failed_percent < 10 is missed: 13.6 %"
    ]
    assert watched.at(8, delivered=95, failed=200) == []
    assert watched.stops == 1
    assert watched.watch.abortion is not None
    assert watched.watch.abortion.at_ns == 6_250 * MILLISECOND
    assert [missed.expression for missed in watched.watch.abortion.missed] == ["failed_percent < 10"]


def test_a_run_in_which_nothing_has_ended_yet_is_not_stopped() -> None:
    watched = Watched(abort=True, grace_ns=0)
    assert watched.at(20, delivered=0, failed=0, in_flight=9) == []
    assert watched.stops == 0
    watched.at(21, delivered=0, failed=9)
    assert watched.stops == 1


def test_without_abort_each_change_is_said_once_and_the_run_goes_on() -> None:
    watched = Watched(abort=False)
    assert watched.at(5, delivered=95, failed=5) == []
    assert watched.at(9, delivered=95, failed=50) == []
    assert watched.at(15, delivered=95, failed=50) == ["warning: so far, failed_percent < 10 is missed: 34.5 %"]
    assert watched.at(25, delivered=96, failed=50) == []
    assert watched.at(35, delivered=950, failed=50) == ["so far, failed_percent < 10 is met: 5 %"]
    assert watched.watch.abortion is None
