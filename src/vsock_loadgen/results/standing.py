"""How a run stands so far: its thresholds as they are now, and what the verdict would be if it ended now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vsock_loadgen.measures.each_second import EachSecond
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.conclusion import Findings, Run, verdict_so_far
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.thresholds import JudgedThreshold, judge_so_far, unjudged


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment of it. `verdict` is None while no report was due."""

    thresholds: Sequence[JudgedThreshold] = ()
    verdict: Verdict | None = None


class StandingWatch(EachSecond[Standing]):
    """Judges a run once per second, from its first report. `findings` gives what has been found out about it by then."""

    def __init__(self, run: Run, findings: Callable[[RunTotals], Findings]) -> None:
        super().__init__(Standing(tuple(map(unjudged, run.config.thresholds))))
        self._run = run
        self._findings = findings

    def _made_of(self, totals: RunTotals) -> Standing:
        thresholds = judge_so_far(self._run.thresholds(totals), totals)
        if not totals.counts.due:
            return Standing(thresholds)
        return Standing(thresholds, verdict_so_far(self._run, totals, self._findings(totals), thresholds))
