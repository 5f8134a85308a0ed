"""How long a trial at a load takes, and how many trials a search may need: known before the first one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vsock_loadgen.capacity.goals import Goal, longest_limit_ns
from vsock_loadgen.capacity.search import Search, Step, Terms
from vsock_loadgen.capacity.trial import GoalSeen, Level, Trial
from vsock_loadgen.units import SECOND

_LEAST_SETTLE_NS, _SETTLE_LIMITS = 2 * SECOND, 3
_LEAST_WINDOW_NS = 5 * SECOND
_CUT = 0.5
"""Of a trial that misses, how much is run, in the middle."""
_HOLDS_AT_FIRST, _MOST_OF_FIRST = 0.99, 16
"""Before the first trial, a target is assumed to hold between about the first load and this many times as much."""
_MANY = 1_000_000
"""A number of reports with which a trial is clear if all or none of them are over."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """A trial's two parts in nanoseconds: until the target has settled, and the window whose reports are judged."""

    settle_ns: int
    window_ns: int


def lengths_of(goals: Sequence[Goal], due_per_second: Mapping[str, float], *, long: bool = False) -> Lengths:
    """The lengths of a trial with these reports due per second, by scope of the goals; a `long` one has twice the window."""
    settle_ns = max(_LEAST_SETTLE_NS, _SETTLE_LIMITS * longest_limit_ns(goals))
    needed = max((goal.reports * SECOND / due_per_second[goal.scope] for goal in goals if goal.reports), default=0.0)
    return Lengths(settle_ns, max(_LEAST_WINDOW_NS, int(needed)) * (2 if long else 1))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a search still takes: trials and seconds, at least, at most, and likely."""

    least: tuple[int, float]
    likely: tuple[int, float]
    most: tuple[int, float]


def expected(terms: Terms, trials: Sequence[Trial], seconds_of: Callable[[Step], float]) -> Expected:
    """What still follows these trials, if every one is clear: by simulating the search for targets that hold more and less.
    `seconds_of` is how long a whole trial takes."""
    search = Search(terms, trials)
    low = search.lower.load if search.lower else terms.lowest / 2 if search.upper else terms.start * _HOLDS_AT_FIRST
    high = search.upper.load if search.upper else min(_MOST_OF_FIRST * low, 2 * terms.highest)
    factor = high / low
    played = [_played(terms, trials, low * factor**part, seconds_of) for part in (0.02, 0.25, 0.5, 0.75, 0.98)]
    ordered = sorted(played, key=lambda each: each[1])
    return Expected(ordered[0], played[2], ordered[-1])


def _played(terms: Terms, trials: Sequence[Trial], holds: float, seconds_of: Callable[[Step], float]) -> tuple[int, float]:
    """Trials and seconds of a search for a target that holds a given load."""
    done, seconds = list(trials), 0.0
    while step := Search(terms, done).next:
        is_held = step.load <= holds
        done.append(_imagined(terms, step, len(done) + 1, is_held=is_held))
        seconds += seconds_of(step) * (1 if is_held or step.purpose == "plateau" else _CUT)
    return len(done) - len(trials), seconds


def _imagined(terms: Terms, step: Step, number: int, *, is_held: bool) -> Trial:
    """A trial with a clear outcome."""
    over = 0 if is_held else _MANY
    seen = tuple(GoalSeen(goal.expression, None, is_held, over, _MANY, 1.0, clear=True) for goal in terms.goals)
    level = Level(step.load, 0, 0.0) if terms.vary == "rate" else Level(1.0, int(step.load), 0.0)
    return Trial(
        number=number,
        purpose=step.purpose,
        level=level,
        seconds=0.0,
        due=0,
        delivered_per_second=0.0,
        most_in_flight=0,
        p50=None,
        p99=None,
        goals=seen,
        growth=None,
        backlog="level",
        lag_p99=None,
        generator_late=False,
        long=step.long,
        recovered_after=0.0,
        verdict="holds" if is_held else "misses",
    )
