"""Sensor's own counters, and what they say about the askings of a run.

Each of Sensor's attempts ends in exactly one of its counters. Their growth over the run is compared with how askings ended here. An
attempt that came to nothing has several names at either end, so these are compared as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import As, Derived, Record, Summed, Text, Whole
from vsock_loadgen.results.central_limiter import CentralLimiter
from vsock_loadgen.results.reconciliation import Reconciliation

SENSOR_PREFIX = "rox_sensor_"
"""Prefix of Sensor's counters."""
PULL_PREFIX = f"{SENSOR_PREFIX}vsock_pull_"
WHOLE, NOTHING = "whole", "came_to_nothing"

THEIRS: Mapping[str, tuple[str, ...]] = {
    WHOLE: ("success", "invalid_report", "send_error"),
    "unchanged": ("unchanged",),
    "not_ready": ("not_ready",),
    "busy": ("busy",),
    "internal_error": ("internal_error",),
    "unknown_method": ("unknown_method",),
    "malformed_request": ("malformed_request",),
    "request_too_large": ("request_too_large",),
    "mapping_required": ("mapping_required",),
    "unknown_agent_error": ("unknown_agent_error",),
    NOTHING: ("dial_error", "timeout", "read_error", "abnormal_close", "unexpected"),
}
"""The ends of an attempt as they are compared, each with the names that Sensor has for it in its counters' label `status`."""
_OURS = {
    Asked.WHOLE: WHOLE,
    Asked.UNCHANGED: "unchanged",
    Asked.NOT_READY: "not_ready",
    Asked.BUSY: "busy",
    Asked.INTERNAL: "internal_error",
    Asked.UNKNOWN_METHOD: "unknown_method",
    Asked.MALFORMED_REQUEST: "malformed_request",
    Asked.REQUEST_TOO_LARGE: "request_too_large",
}
"""All other askings failed without an answer."""
_PERHAPS_TAKEN = (Asked.NO_RECEIPT, Asked.STOPPED_READING, Asked.BROKEN_OFF, Asked.CUT)
_TOO_LATE = ("timeout", "read_error", "abnormal_close")
"""As which Sensor counts an attempt that it gave up between the receipt and the last piece."""


@dataclass(frozen=True, slots=True)
class SensorCounters(Summed):
    """Sensor's counters at one moment, or their growth between two: attempts by `status`, and what Central said of the reports."""

    attempts: Mapping[str, int] = field(default_factory=dict)
    acks: int = 0
    nacks: int = 0

    @property
    def went_back(self) -> bool:
        """Whether, as a growth, it shows that counters were reset."""
        return min(self.acks, self.nacks, *self.attempts.values(), 0) < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorReconciliation(Record):
    """How askings ended in a run, beside how Sensor's attempts ended meanwhile, by those keys of THEIRS that have any, and WHOLE.

    `uncertain` are askings without a receipt, which may have been taken all the same. `attempts` are Sensor's by their own names,
    None if the counters could not be read, and `problem` then says why. `acks` and `nacks` are Central's answers to Sensor,
    `central` is what its rate limiter says itself, if that was asked.
    """

    url: Text
    problem: Annotated[str, As(Text | None, lambda problem: problem or None, lambda problem: problem or "")] = ""
    ours: Mapping[str, Whole] = field(default_factory=dict)
    uncertain: Whole = 0
    attempts: Mapping[str, Whole] | None = None
    acks: Whole = 0
    nacks: Whole = 0
    central: CentralLimiter | None = None
    compared: ClassVar[Any] = Derived(lambda found: found.theirs, "theirs")
    missing: ClassVar[Any] = Derived(lambda found: found.unexplained, "unexplained")

    @classmethod
    def of(cls, url: str, counts: Counts, growth: SensorCounters | None, problem: str = "") -> Self:
        """A run's askings beside the growth of the counters over it."""
        counted: Counter[str] = Counter()
        for way, count in counts.asked.items():
            counted[_OURS.get(way, NOTHING)] += count
        ours = _those_that_count(counted)
        uncertain = sum(counts.asked.get(way, 0) for way in _PERHAPS_TAKEN)
        if growth is not None and growth.went_back:
            growth, problem = None, "Sensor's counters went back: it was restarted during the run"
        if growth is None:
            return cls(url=url, problem=problem, ours=ours, uncertain=uncertain)
        attempts = {status: count for status, count in growth.attempts.items() if count}
        return cls(url=url, ours=ours, uncertain=uncertain, attempts=attempts, acks=growth.acks, nacks=growth.nacks)

    @property
    def theirs(self) -> dict[str, int] | None:
        """Sensor's attempts by the same keys as `ours`; None if the counters could not be read."""
        if self.attempts is None:
            return None
        return _those_that_count({end: sum(self.attempts.get(status, 0) for status in THEIRS[end]) for end in THEIRS})

    @property
    def unexplained(self) -> int | None:
        """Reports that were taken here and that no counter of Sensor's shows; negative: reports that Sensor has taken elsewhere.
        None if the counters could not be read."""
        if self.attempts is None or self.theirs is None:
            return None
        ours, theirs = self.ours.get(WHOLE, 0), self.theirs[WHOLE]
        late = sum(self.attempts.get(status, 0) for status in _TOO_LATE)
        return max(0, ours - theirs - late) or min(0, ours + self.uncertain - theirs)

    @property
    def is_proof(self) -> bool:
        """Whether Sensor counts exactly the reports that were taken here."""
        return self.theirs is not None and self.theirs[WHOLE] == self.ours.get(WHOLE, 0)

    @property
    def is_settled(self) -> bool:
        """Whether waiting for Sensor to catch up would change nothing."""
        return (self.unexplained or 0) <= 0

    thrown_away: ClassVar[int] = 0
    """What Central refuses is asked for again: that is no loss."""
    thrown_away_in_words: ClassVar[str] = ""

    @property
    def lacks(self) -> str:
        """What the counters do not show, in a sentence; empty if they show all."""
        if (unexplained := self.unexplained or 0) <= 0:
            return ""
        return f"Sensor's counters do not show {unexplained:,} of {self.ours.get(WHOLE, 0):,} reports that were taken"

    @property
    def remark(self) -> str:
        """Why the counters prove nothing, in a sentence; empty if they do."""
        if self.problem:
            return f"not reconciled: {self.problem}"
        if (unexplained := self.unexplained or 0) < 0:
            return f"not reconciled: Sensor took {-unexplained:,} reports that are not of this run"
        return ""


AnyReconciliation = Reconciliation | SensorReconciliation
"""Of a relay that is called, or of a Sensor that asks."""


def _those_that_count(counts: Mapping[str, int]) -> dict[str, int]:
    """The ends that have any, in order; whole ones in any case."""
    return {end: counts.get(end, 0) for end in THEIRS if counts.get(end) or end == WHOLE}
