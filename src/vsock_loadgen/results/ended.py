"""How a run ended: by what, when, and how much of its schedule was left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from vsock_loadgen.measures.ending import Cause, Stop
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.record import Flag, Nanoseconds, Record, Text, shown
from vsock_loadgen.units import SECOND, format_seconds


def _instant(text: str) -> str:
    try:
        is_certain = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        is_certain = False
    if not is_certain:
        raise ValueError(f"found {shown(text)}, expected an instant such as 2026-01-31T12:00:00+00:00")
    return text


Instant = Annotated[Text, AfterValidator(_instant)]
"""An instant of the wall clock, in ISO 8601 with its offset."""


def instant(wall_ns: int) -> str:
    """The `Instant` of nanoseconds since the epoch."""
    return datetime.fromtimestamp(wall_ns / SECOND, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Ended(Record):
    """The end of a schedule, `left_ns` before the planned one; those two are None if the run had no `duration`.

    `signal` is the name of the signal that was the cause. `abandoned` says that a second one did not let reports in flight finish.
    """

    by: Cause
    signal: Text | None
    at: Instant
    planned_end: Instant | None
    left_ns: Annotated[Nanoseconds | None, Field(alias="left_seconds")]
    abandoned: Flag

    @property
    def is_whole(self) -> bool:
        """Whether all was sent that was to be: a signal is the ordinary end of a run without `duration`, and of no other."""
        return self.by == "duration" or (self.by == "signal" and self.planned_end is None)

    @property
    def by_signal(self) -> str:
        """The sentence if a signal was the cause, else empty: other causes are reported where they are found."""
        left = "" if self.left_ns is None else f" with {format_seconds(self.left_ns)} of its schedule left"
        return f"the run was stopped by {self.signal}{left}" if self.signal else ""


def ended_of(totals: RunTotals, duration_ns: int) -> Ended:
    """How a run ended that was to last `duration_ns` from the start of its schedule; 0 means until it is stopped."""
    at_its_end = totals.lost_by or ("receiver" if totals.lost_receiver is not None else "duration")
    stop = totals.stopped or Stop(at_its_end, duration_ns)
    zero_ns = totals.zero_wall_ns
    return Ended(
        stop.by,
        stop.signal,
        instant(zero_ns + stop.at_ns),
        instant(zero_ns + duration_ns) if duration_ns else None,
        max(0, min(duration_ns, duration_ns - stop.at_ns)) if duration_ns else None,
        totals.abandoned,
    )
