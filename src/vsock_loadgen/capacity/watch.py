"""Watches a trial: samples its backlog, ends it if a miss is certain, and says at the end what it showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vsock_loadgen.capacity.backlog import backlog_of
from vsock_loadgen.capacity.cells import window_of
from vsock_loadgen.capacity.goals import Goal, longest_limit_ns
from vsock_loadgen.capacity.search import Step, Terms
from vsock_loadgen.capacity.statistics import wilson
from vsock_loadgen.capacity.timing import Lengths
from vsock_loadgen.capacity.trial import GoalSeen, Level, Trial, is_too_much, verdict_of
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND

_MOST_BY_LITTLE = 4
_LAG_SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a trial at an instant, in nanoseconds since its start."""

    at_ns: int
    in_flight: int
    delivered: int


class TrialWatch:
    """An observer of one trial; `end` ends it early.

    A miss is certain if more reports are over a goal's limit than all that are still due could make up for. It is too if so many
    are in flight that, by Little's law, they take several times as long as the longest limit. A trial that measures the plateau is
    not ended: it is a miss anyway.
    """

    def __init__(
        self, terms: Terms, step: Step, level: Level, lengths: Lengths, due_per_second: float, end: Callable[[], None]
    ) -> None:
        self._terms = terms
        self._step = step
        self._level = level
        self._lengths = lengths
        self._end = None if step.purpose == "plateau" else end
        self._expected = due_per_second * lengths.window_ns / SECOND
        self._most = _MOST_BY_LITTLE * due_per_second * longest_limit_ns(terms.goals) / SECOND
        self._next_look_ns = SECOND
        self.samples: list[Sample] = []
        self.cut = False

    def update(self, totals: RunTotals) -> None:
        """Take in the state of the trial."""
        counts = totals.counts
        if not self.samples or totals.elapsed_ns > self.samples[-1].at_ns:
            self.samples.append(Sample(totals.elapsed_ns, counts.in_flight, counts.delivered))
        if self._end and not self.cut and not totals.is_ending and totals.elapsed_ns >= self._next_look_ns:
            self._next_look_ns = totals.elapsed_ns + SECOND
            if self._is_missed(totals, counts):
                self.cut = True
                self._end()

    def _is_missed(self, totals: RunTotals, counts: Counts) -> bool:
        if self._most and counts.in_flight > max(self._most, 1):
            return True
        return any(self._cannot_be_met(goal, totals) for goal in self._terms.goals if not goal.dimension)

    def _cannot_be_met(self, goal: Goal, totals: RunTotals) -> bool:
        """Whether a goal would be missed clearly if no further report were over."""
        if not self._is_missed_by(goal, goal.over(totals)):
            return False  # not even with those from before the window, which is a quick check
        return self._is_missed_by(goal, sum(goal.over(part) for part in window_of(totals, goal.scope)))

    def _is_missed_by(self, goal: Goal, over: int) -> bool:
        low, _ = wilson(over, max(self._expected, over))
        return low > goal.share

    def trial(self, number: int, totals: RunTotals, *, lag_limit_ns: int, thrown_away: int, recovered_after: float | None) -> Trial:
        """What the whole trial showed. `thrown_away` are reports that the target has taken and not passed on."""
        terms, parts = self._terms, window_of(totals, PHASE)
        whole = PartFigures.together(parts)
        goals = tuple(GoalSeen.of_parts(goal, window_of(totals, goal.scope)) for goal in terms.goals)
        window = [sample for sample in self.samples if self._lengths.settle_ns <= sample.at_ns <= self._end_ns]
        samples = [(sample.at_ns - self._lengths.settle_ns, sample.in_flight) for sample in window]
        backlog = backlog_of(
            samples, self._lengths.window_ns, whole.counts.due, terms.precision, cut=self.cut, long=self._step.long
        )
        lag_ns = whole.times.lag.quantile(_LAG_SHARE)
        is_late = lag_ns is not None and lag_ns > lag_limit_ns
        p50, p99 = (_in_seconds(value) for value in whole.times.response.quantiles((0.5, 0.99), whole.counts.undelivered))
        return Trial(
            number=number,
            purpose=self._step.purpose,
            level=self._level,
            seconds=round(max(0, min(self._end_ns, totals.elapsed_ns) - self._lengths.settle_ns) / SECOND, 3),
            cut=self.cut,
            due=whole.counts.due,
            delivered_per_second=_rate(window or self.samples),
            thrown_away=thrown_away,
            most_in_flight=max((sample.in_flight for sample in self.samples), default=0),
            p50=p50,
            p99=p99,
            goals=goals,
            growth=backlog.growth,
            backlog=backlog.means,
            lag_p99=_in_seconds(lag_ns),
            generator_late=is_late,
            long=self._step.long,
            in_flight=backlog.slices,
            recovered_after=recovered_after,
            verdict=verdict_of(goals, too_much=is_too_much(backlog.means, thrown_away, cut=self.cut), generator_late=is_late),
        )

    @property
    def _end_ns(self) -> int:
        return self._lengths.settle_ns + self._lengths.window_ns


def _rate(samples: list[Sample]) -> float:
    """Reports delivered per second between the first and the last sample."""
    if len(samples) < 2:
        return 0.0
    first, last = samples[0], samples[-1]
    return (last.delivered - first.delivered) * SECOND / max(1, last.at_ns - first.at_ns)


def _in_seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / SECOND
