"""Checks a run against its thresholds: logs when one is missed or met again, and stops the run if configured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold, judge_so_far
from vsock_loadgen.units import SECOND


class ThresholdWatch:
    """Checks the figures since the start against the thresholds as they are then, first once `grace_ns` is over.

    With `abort`, it checks every second, and calls `abort` once when a threshold is missed: that is how the run is asked to end.
    Without, it checks every `interval_ns`.
    """

    def __init__(
        self,
        thresholds: Callable[[RunTotals], Sequence[Threshold]],
        log: Log,
        *,
        grace_ns: int,
        interval_ns: int,
        abort: Callable[[], None] | None,
    ) -> None:
        self._thresholds = thresholds
        self._log = log
        self._interval_ns = interval_ns if abort is None else SECOND
        self._next_ns = grace_ns
        self._abort = abort
        self._missed: set[str] = set()
        self.abortion: Abortion | None = None

    def update(self, totals: RunTotals) -> None:
        """Judge the run so far if it is time to. A run or a phase without finished reports is not judged."""
        if totals.elapsed_ns < self._next_ns or self.abortion is not None or not totals.counts.settled:
            return
        self._next_ns = totals.elapsed_ns + self._interval_ns
        judged = judge_so_far(self._thresholds(totals), totals)
        missed = tuple(threshold for threshold in judged if threshold.passed is False)
        if missed and self._abort is not None and not totals.is_ending:
            self.abortion = Abortion(totals.elapsed_ns, missed)
            self._log.alert(f"{self.abortion}: {'; '.join(map(str, missed))}", "aborted", self.abortion.to_json())
            self._abort()
            return
        self._say(judged)
        self._missed = {threshold.expression for threshold in missed}

    def _say(self, judged: Sequence[JudgedThreshold]) -> None:
        """A line for each threshold that was met the last time and is missed now, or the reverse."""
        for threshold in judged:
            if threshold.passed == (threshold.expression in self._missed):
                text = f"so far, {threshold}"
                say = self._log.line if threshold.passed else self._log.alert
                say(text, "threshold", threshold.to_json())
