"""The search for the highest load that holds: what the trials so far say of each load, and which one comes next.

A pure function of the trials: an interrupted search continues from what it has written. Definitions (goal width, the bounds of a
search) are those of MLRsearch; the order of the loads is this tool's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from vsock_loadgen.capacity.amounts import Vary
from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.trial import GoalSeen, Purpose, Trial, Verdict

MOST_HALVINGS = 5
"""How often the load is halved if the first one misses."""
MOST_REPEATS = 3
"""Trials at a load until the majority decides."""
_PLATEAU = 1.5
_FIGURES = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a search. Loads are factors on how often VMs report, or numbers of VMs, as `vary` says.

    It begins at `start` and stays between `lowest` and `highest`; `highest_by` says why not above. It ends when the bounds are at
    most a factor 1 + `precision` apart, and each was seen `confirm` times.
    """

    vary: Vary
    goals: tuple[Goal, ...]
    start: float
    lowest: float
    highest: float
    highest_by: Literal["bounds", "fleet"]
    precision: float = 0.05
    confirm: int = 2

    def load_of(self, trial: Trial) -> float:
        """The load of a trial as this search counts it."""
        return trial.level.rate if self.vary == "rate" else float(trial.level.vms)

    def rounded(self, load: float) -> float:
        """A load that can be run, and read: whole VMs, a factor of four figures."""
        return float(max(1, round(load))) if self.vary == "vms" else float(f"{load:.{_FIGURES}g}")

    def between(self, low: float, high: float) -> float | None:
        """The load in the middle of two (their geometric mean); None if they are close enough."""
        middle = self.rounded(math.sqrt(low * high))
        return middle if high / low > 1 + self.precision and low < middle < high else None


@dataclass(frozen=True, slots=True)
class Step:
    """The trial that comes next; a `long` one has twice the window."""

    load: float
    purpose: Purpose
    long: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """All that is known of one load: the verdict of its trials together, None if they do not decide it yet.

    `need` is what is missing. It is `clear` unless a majority had to decide.
    """

    load: float
    trials: tuple[Trial, ...]
    goals: tuple[GoalSeen, ...]
    verdict: Verdict | None
    clear: bool = True
    need: Step | None = None

    @property
    def missed(self) -> str:
        """The goal that it misses by most, or another reason why the load is too high."""
        missed = [seen for seen in self.goals if not seen.met]
        if any(trial.thrown_away for trial in self.trials):
            return "thrown away"
        return max(missed, key=lambda seen: seen.over / max(1, seen.of)).goal if missed else "backlog"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Trials of which one held a load clearly, and another missed a lower one: `since` is the number of the later."""

    loads: tuple[float, float]
    since: int


class Search:
    """What some trials show, under the terms of a search."""

    def __init__(self, terms: Terms, trials: Sequence[Trial]) -> None:
        self.terms = terms
        self.trials = tuple(trials)
        self._searching = [trial for trial in trials if trial.purpose not in ("plateau", "last")]

    @cached_property
    def points(self) -> list[Point]:
        """Every load that was tried, the lowest first."""
        outliers, _ = self._examined
        by_load = defaultdict[float, list[Trial]](list)
        for trial in self._searching:
            if trial.number not in outliers:
                by_load[self.terms.load_of(trial)].append(trial)
        return [_point(load, by_load[load], self.terms.goals) for load in sorted(by_load)]

    @property
    def contradiction(self) -> Contradiction | None:
        """The contradiction that remains after both loads were run again, if any."""
        _, found = self._examined
        return found if isinstance(found, Contradiction) else None

    @property
    def upper(self) -> Point | None:
        """The lowest load that does not hold: too much for the target, or for the generator."""
        return next((point for point in self.points if point.verdict in ("misses", "late")), None)

    @property
    def lower(self) -> Point | None:
        """The highest load that holds below all that do not."""
        below = self.upper.load if self.upper else math.inf
        held = [point for point in self.points if point.verdict == "holds" and point.load < below]
        return held[-1] if held else None

    @property
    def recovered(self) -> bool:
        """Whether the target had recovered after the last trial."""
        return not self.trials or self.trials[-1].recovered_after is not None

    @property
    def changed(self) -> bool:
        """Whether the load that held first is clearly missed at the end: the target has changed."""
        return any(trial.purpose == "last" and trial.verdict == "misses" and trial.is_clear for trial in self.trials)

    @property
    def next(self) -> Step | None:
        """The trial that comes next; None if the search is at its end."""
        if not self.recovered or self.contradiction:
            return None
        return next(self._wanted(), None)

    def _wanted(self) -> Iterator[Step]:
        """The trials that are still needed, the most urgent first."""
        _, found = self._examined
        if isinstance(found, Step):
            yield found
        yield from (point.need for point in self.points if point.need)
        lower, upper = self.lower, self.upper
        if (load := self._further(lower, upper)) is not None:
            yield Step(load, "search")
        for point in (lower, upper):
            if point and point.verdict != "late" and len(point.trials) < self.terms.confirm:
                yield Step(point.load, "confirm")
        if upper and upper.verdict == "misses" and not self._was_run("plateau"):
            yield Step(min(self.terms.rounded(_PLATEAU * upper.load), self.terms.highest), "plateau")
        first = next((trial for trial in self._searching if trial.verdict == "holds"), None)
        if first and upper and not self._was_run("last"):
            yield Step(self.terms.load_of(first), "last")

    def _further(self, lower: Point | None, upper: Point | None) -> float | None:
        """The load that would bring the bounds together: double up to the first miss, half down to the first hold, then between."""
        terms = self.terms
        if lower and upper:
            return terms.between(lower.load, upper.load)
        if lower:
            above = terms.rounded(min(2 * lower.load, terms.highest))
            return above if above > lower.load and lower.load < terms.highest else None
        if upper:
            below = terms.rounded(max(upper.load / 2, terms.lowest))
            return below if below < upper.load and upper.load > terms.lowest else None
        return terms.start

    def _was_run(self, purpose: Purpose) -> bool:
        return any(trial.purpose == purpose for trial in self.trials)

    @cached_property
    def _examined(self) -> tuple[frozenset[int], Contradiction | Step | None]:
        """The numbers of trials that later ones have proved wrong, and a contradiction, or the trial that would settle one.

        Both loads are run again. If both hold then, the miss was temporary. If both miss, the hold was chance. Otherwise it
        remains: the target has changed since the later of the two.
        """
        outliers = set[int]()
        while pair := self._contradicting(outliers):
            held, missed = pair
            since = max(held.number, missed.number)
            loads = self.terms.load_of(held), self.terms.load_of(missed)
            again = [self._run_again(load, since) for load in loads]
            for load, trial in zip(loads, again, strict=True):
                if trial is None:
                    return frozenset(outliers), Step(load, "again")
            verdicts = {trial.verdict for trial in again if trial}
            if verdicts == {"holds"}:
                outliers.add(missed.number)
            elif verdicts == {"misses"} and missed.number < held.number:
                outliers.add(held.number)
            else:
                return frozenset(outliers), Contradiction(loads, since)
        return frozenset(outliers), None

    def _contradicting(self, outliers: Iterable[int]) -> tuple[Trial, Trial] | None:
        """The first clear hold and clear miss, in the order of the trials, with the hold above the miss by more than the precision.
        Closer together, chance decides what a trial shows."""
        clear = [trial for trial in self._searching if trial.number not in outliers and trial.is_clear]
        for place, later in enumerate(clear):
            for earlier in clear[:place]:
                held, missed = (earlier, later) if earlier.verdict == "holds" else (later, earlier)
                if (held.verdict, missed.verdict) == ("holds", "misses") and self._is_above(held, missed):
                    return held, missed
        return None

    def _is_above(self, held: Trial, missed: Trial) -> bool:
        return self.terms.load_of(held) > self.terms.load_of(missed) * (1 + self.terms.precision)

    def _run_again(self, load: float, since: int) -> Trial | None:
        """The trial that was run to settle a contradiction, once there is one: one for which the generator was late has a second
        chance, and no third."""
        again = [
            trial
            for trial in self._searching
            if trial.purpose == "again" and trial.number > since and self.terms.load_of(trial) == load
        ]
        on_time = [trial for trial in again if trial.verdict != "late"]
        return on_time[0] if on_time else again[1] if len(again) > 1 else None


def _point(load: float, trials: Sequence[Trial], goals: Sequence[Goal]) -> Point:
    """What the trials at a load show together: pooled, until it is clear or they are three."""
    on_time = tuple(trial for trial in trials if trial.verdict != "late")
    if not on_time:
        is_late = len(trials) > 1
        return Point(load, (), (), "late" if is_late else None, need=None if is_late else Step(load, "repeat"))
    pooled = tuple(GoalSeen.pooled(goal, [trial.goals[number] for trial in on_time]) for number, goal in enumerate(goals))
    deciding = [trial for trial in on_time if trial.long] or on_time
    is_too_much = 2 * sum(trial.is_too_much for trial in deciding) > len(deciding)
    if len({trial.verdict for trial in on_time if trial.is_clear}) > 1:
        return _by_majority(load, on_time, pooled)
    if is_too_much or any(not seen.met and seen.clear for seen in pooled):
        return Point(load, on_time, pooled, "misses")
    if not any(trial.long for trial in on_time) and on_time[-1].backlog == "growing":
        return Point(load, on_time, pooled, None, need=Step(load, "repeat", long=True))
    if all(seen.clear for seen in pooled):
        return Point(load, on_time, pooled, "holds")
    return _by_majority(load, on_time, pooled)


def _by_majority(load: float, trials: tuple[Trial, ...], pooled: tuple[GoalSeen, ...]) -> Point:
    """The majority of the trials at a load, once they are enough: they do not agree, or do not show it clearly."""
    if len(trials) < MOST_REPEATS:
        return Point(load, trials, pooled, None, clear=False, need=Step(load, "repeat"))
    held = sum(trial.verdict == "holds" for trial in trials)
    return Point(load, trials, pooled, "holds" if 2 * held > len(trials) else "misses", clear=False)
