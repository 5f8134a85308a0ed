"""When and how far the wall clock and the schedule's clock drifted apart, and whether by a suspension or a setting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vsock_loadgen.record import Nanoseconds, Record, in_seconds
from vsock_loadgen.results.ended import Instant
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration

_MOST_SENTENCES = 5
_UNSAID_NS = 10 * MILLISECOND
"""A part of a step that is less than this is what reading three clocks one after another takes."""
_Signed = Annotated[int, in_seconds(Annotated[float, Field(strict=True, ge=-1e15, le=1e15)])]


@dataclass(frozen=True, slots=True)
class ClockStep(Record):
    """One step between the clocks, noticed `elapsed_ns` into the run; `at` is that moment by the clock of the run's start.

    `suspended_ns` is how long the machine stood still, and with it the schedule; `set_ns` how far the wall clock was set, forward
    or (negative) back.
    """

    at: Instant
    elapsed_ns: Annotated[Nanoseconds, Field(alias="elapsed_seconds")]
    suspended_ns: Annotated[_Signed, Field(alias="suspended_seconds")]
    set_ns: Annotated[_Signed, Field(alias="set_seconds")]

    def __str__(self) -> str:
        what = []
        if abs(self.suspended_ns) >= _UNSAID_NS:
            what.append(f"the machine was suspended for {_shown(self.suspended_ns)}: nothing was sent, and no time was counted")
        if abs(self.set_ns) >= _UNSAID_NS:
            direction = "forward" if self.set_ns > 0 else "back"
            what.append(f"the wall clock was set {direction} by {_shown(abs(self.set_ns))}")
        when = f"{format_duration(self.elapsed_ns // SECOND * SECOND)} into the run ({self.at})"
        return f"{when} {' and '.join(what)}; instants in the result go by the clock of its start"


def in_all(steps: Iterable[ClockStep]) -> tuple[int, int]:
    """Nanoseconds that the machine was suspended, and by which the wall clock was set, in sum."""
    steps = tuple(steps)
    return sum(step.suspended_ns for step in steps), sum(step.set_ns for step in steps)


def sentences(steps: tuple[ClockStep, ...]) -> list[str]:
    """One for each step, or the first ones and one for the rest."""
    if len(steps) <= _MOST_SENTENCES:
        return list(map(str, steps))
    suspended_ns, set_ns = in_all(steps)
    rest = f"the clocks drifted apart {len(steps):,} times: suspended for {_shown(suspended_ns)}, set by {_shown(set_ns)} in total"
    return [*map(str, steps[: _MOST_SENTENCES - 1]), rest]


def suspended(steps: Iterable[ClockStep]) -> list[str]:
    """Why a run is invalid whose machine stood still."""
    suspended_ns, _ = in_all(steps)
    if suspended_ns < _UNSAID_NS:
        return []
    return [f"the machine was suspended for {_shown(suspended_ns)} of the run: reports due then were sent late, or timed too short"]


def was_set(steps: Iterable[ClockStep]) -> list[str]:
    """What a verdict says of a wall clock that was set."""
    found = [step.set_ns for step in steps if abs(step.set_ns) >= _UNSAID_NS]
    if not found:
        return []
    times = f"{len(found):,} times, by {_shown(sum(found))} in total" if len(found) > 1 else f"by {_shown(found[0])}"
    return [f"the wall clock was set {times}: measured times do not depend on it, instants in the result do"]


def _shown(nanoseconds: int) -> str:
    """A step to the hundredth of a second, with a sign if it goes back."""
    return format_duration(round(nanoseconds / _UNSAID_NS) * _UNSAID_NS)
