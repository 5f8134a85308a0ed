"""The last ten seconds of a run, for those who watch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from vsock_loadgen.measures.each_second import EachSecond
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND

RECENT_SECONDS = 10


@dataclass(frozen=True)
class Recent:
    """What happened in them: the counts, none in flight, and the times of each second. `span_ns` is how long they were, the present
    second in part; 0 before anything has happened."""

    counts: Counts = field(default_factory=Counts)
    seconds: tuple[Times, ...] = ()
    span_ns: int = 0

    @cached_property
    def times(self) -> Times:
        """The times of all of them, added up when they are first looked at: often they never are."""
        whole = Times()
        for times in self.seconds:
            whole.merge(times)
        return whole

    @property
    def undelivered(self) -> Mapping[str, int]:
        """By clock, the reports that were not delivered and count as longer than any time."""
        return {"response": self.counts.unanswered, "service": self.counts.failed, "lag": 0}

    def per_second(self, count: int) -> float:
        """How many of them there were in a second, on average."""
        return count * SECOND / self.span_ns if self.span_ns else 0.0


def recent_of(totals: RunTotals) -> Recent:
    """Those of a running run."""
    rows = totals.series.recent(RECENT_SECONDS)
    counts, seconds = sum((row.counts for row in rows), Counts()), tuple(row.times.copy() for row in rows)
    began_ns = max(totals.began_wall_ns, (totals.series.last_second - RECENT_SECONDS + 1) * SECOND)
    return Recent(replace(counts, in_flight=0), seconds, max(0, totals.began_wall_ns + totals.elapsed_ns - began_ns))


class RecentWatch(EachSecond[Recent]):
    """Copies them once per second."""

    def __init__(self) -> None:
        super().__init__(Recent())

    def _made_of(self, totals: RunTotals) -> Recent:
        return recent_of(totals)
