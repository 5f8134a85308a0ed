"""What Central's rate limiter says of the index reports that came to it during a run, from whichever Sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self

from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import As, Record, Summed, Text, Whole

LIMITER_PREFIX = "rox_central_rate_limiter_"
"""What the names of its metrics begin with."""


@dataclass(frozen=True, slots=True)
class LimiterCounters(Summed):
    """Its counters at one moment, or their growth between two: reports by outcome."""

    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralLimiter(Record):
    """How many reports it let pass or not, by `outcome` under its own names; None if the counters could not be read, and `problem`
    then says why."""

    url: Text
    problem: Annotated[str, As(Text | None, lambda problem: problem or None, lambda problem: problem or "")] = ""
    outcomes: Mapping[str, Whole] | None = None

    is_settled: ClassVar[bool] = True
    """Central answers before Sensor counts."""

    @classmethod
    def of(cls, url: str, counts: Counts, growth: LimiterCounters | None, problem: str = "") -> Self:
        """The growth of the counters over a run."""
        if growth is not None and min(growth.outcomes.values(), default=0) < 0:
            growth, problem = None, "Central's counters went back: it was restarted during the run"
        outcomes = None if growth is None else {outcome: count for outcome, count in growth.outcomes.items() if count}
        return cls(url=url, problem=problem, outcomes=outcomes)
