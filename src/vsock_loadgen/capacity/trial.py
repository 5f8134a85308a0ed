"""What a trial at one load showed, goal by goal, and whether it is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.statistics import spread_of, wilson
from vsock_loadgen.measures.figures import Measurable, PartFigures
from vsock_loadgen.record import Flag, Number, Record, Text, Whole

Purpose = Literal["search", "repeat", "confirm", "again", "plateau", "last", "ladder"]
"""Why a trial was run: to narrow the bounds down; because an earlier one at its load was not clear; to confirm a bound; because two
trials contradict each other; to see what the target delivers under too much load; to see whether it has changed; or because its
load is one of a ladder."""
Verdict = Literal["holds", "misses", "late"]
"""`late`: the generator was the limit, and the trial shows nothing of the target."""
Signed = Annotated[float, Field(strict=True)]
BATCHES = 10
"""Batches of a trial's window whose differences show how far its reports depend on each other."""


@dataclass(frozen=True, slots=True)
class Level(Record):
    """A load: the factor on how often VMs report, how many VMs there are, and the reports due per second."""

    rate: Number
    vms: Whole
    reports_per_second: Number


@dataclass(frozen=True, slots=True)
class GoalSeen(Record):
    """What trials at one load showed of a goal: `value` as of `Goal.value`; `over` of `of` reports missed it.

    `spread` is how many times the variance is that of independent reports. `clear` tells whether the 95 % interval of over / of
    is on one side of the share.
    """

    goal: Text
    value: Number | None
    met: Flag
    over: Whole
    of: Whole
    spread: Number
    clear: Flag

    @classmethod
    def of_parts(cls, goal: Goal, parts: Sequence[Measurable]) -> GoalSeen:
        """What the parts of a window show, which follow each other."""
        batches = [(goal.over(part), goal.due(part.counts)) for part in parts]
        whole = PartFigures.together(parts)
        over, of = (sum(column) for column in zip(*batches, strict=True))
        return cls.judged(goal, goal.value(whole), over, of, spread_of(batches))

    @classmethod
    def pooled(cls, goal: Goal, seen: Sequence[GoalSeen]) -> GoalSeen:
        """What several trials show together; the figure is that of the last."""
        over, of = sum(each.over for each in seen), sum(each.of for each in seen)
        spread = sum(each.spread * each.of for each in seen) / of if of else 1.0
        return cls.judged(goal, seen[-1].value, over, of, spread)

    @classmethod
    def judged(cls, goal: Goal, value: float | None, over: int, of: int, spread: float) -> GoalSeen:
        """What the counts show. A guard that is kept is clear: it needs no number of reports."""
        low, high = wilson(over, of, spread)
        met = over <= goal.share * of
        clear = (goal.is_guard or high <= goal.share) if met else low > goal.share
        return cls(goal.expression, value, met, over, of, spread, clear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Record):
    """One trial. Times are seconds.

    `seconds` is the window that was judged; it was `cut` short if a miss was certain before its end. `growth` is how much the
    backlog grew for each report due, if that was measured; `backlog` says what that means: it is `level`, it `grows`, or it may be
    `growing`, which a longer trial tells. `in_flight` is the backlog in equal parts of the window, `most_in_flight` the largest.
    `thrown_away` were taken by the target and not passed on, as its own counters say. `recovered_after` is how long the target took
    to answer single reports as before, None if it did not within a minute.
    """

    number: Whole
    purpose: Purpose
    level: Annotated[Level, Field(alias="")]
    seconds: Number
    cut: Flag = False
    due: Whole
    delivered_per_second: Number
    most_in_flight: Whole
    thrown_away: Whole = 0
    p50: Annotated[Number | None, Field(alias="response_time_p50_seconds")]
    p99: Annotated[Number | None, Field(alias="response_time_p99_seconds")]
    goals: tuple[GoalSeen, ...]
    growth: Signed | None
    backlog: Literal["level", "growing", "grows"]
    lag_p99: Annotated[Number | None, Field(alias="lag_p99_seconds")]
    generator_late: Flag
    long: Flag = False
    in_flight: tuple[Number, ...] = ()
    recovered_after: Annotated[Number | None, Field(alias="recovered_after_seconds")]
    verdict: Verdict

    @property
    def misses(self) -> tuple[GoalSeen, ...]:
        """The goals that it misses."""
        return tuple(seen for seen in self.goals if not seen.met)

    @property
    def is_too_much(self) -> bool:
        """Whether the load was more than the target can do, whatever the goals."""
        return is_too_much(self.backlog, self.thrown_away, cut=self.cut)

    @property
    def is_clear(self) -> bool:
        """Whether this trial alone would decide it."""
        if self.verdict == "misses":
            return self.is_too_much or any(seen.clear for seen in self.misses)
        return self.verdict == "holds" and all(seen.clear for seen in self.goals) and self.backlog == "level"


def is_too_much(backlog: str, thrown_away: int, *, cut: bool) -> bool:
    """Whether a load is more than the target can do, whatever the goals."""
    return cut or backlog == "grows" or thrown_away > 0


def verdict_of(goals: Sequence[GoalSeen], *, too_much: bool, generator_late: bool) -> Verdict:
    """What a trial shows of its load, clear or not."""
    if generator_late:
        return "late"
    return "misses" if too_much or not all(seen.met for seen in goals) else "holds"
