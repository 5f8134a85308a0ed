"""How a run stands while it goes on: its thresholds as they are now, and what the verdict would be if it ended now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.conclusion import Findings, Run, verdict_so_far
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.thresholds import JudgedThreshold, judge_so_far, unjudged
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment of it. `verdict` is None while no report was due."""

    thresholds: Sequence[JudgedThreshold] = ()
    verdict: Verdict | None = None


class StandingWatch:
    """Judges a run once a second, from its first report on. `findings` gives what has been found out about it by then."""

    def __init__(self, run: Run, findings: Callable[[RunTotals], Findings]) -> None:
        self._run = run
        self._findings = findings
        self._next_ns = 0
        self.now = Standing(tuple(map(unjudged, run.config.thresholds)))

    def update(self, totals: RunTotals) -> None:
        """Judge it anew if it is time to."""
        if totals.elapsed_ns >= self._next_ns:
            self._next_ns = totals.elapsed_ns + SECOND
            self.now = self._judged(totals)

    def _judged(self, totals: RunTotals) -> Standing:
        thresholds = judge_so_far(self._run.thresholds(totals), totals)
        if not totals.counts.due:
            return Standing(thresholds)
        return Standing(thresholds, verdict_so_far(self._run, totals, self._findings(totals), thresholds))
