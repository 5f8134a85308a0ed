"""The target's own counters, and what they say about the reports of a run.

The relay never answers a sender, so that what it did with a report shows in its counters alone: their growth over the run, compared
with what was sent. Counters count and do not name: they prove how many reports had a fate, not which.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator

from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import FLAT, UNWRITTEN, As, Derived, Record, Summed, Text, Whole, object_of

RELAY_PREFIX = "rox_compliance_virtual_machine_relay_"
"""Prefix of the relay's counters."""
PROCESS_START = "process_start_time_seconds"
"""The gauge that shows a restarted process."""


def _not_read(written: object) -> int:
    """In place of a figure that follows from others."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCounters(Summed):
    """The relay's counters at one moment, or their growth between two: negative if the counters were reset in between.

    `received` are the reports that were read and decoded. Each of them is then counted as `rate_limited`, `forwarded` or
    `not_forwarded`; until that is known, it is pending. `mismatching_cid` are those that carry another CID than their connection:
    relays of ACS 4.9 count them among the received ones, later ones do not. `no_handler` are connections that were closed unread
    because no handler became free. `accepted` are all connections.
    """

    accepted: int = 0
    received: int = 0
    mismatching_cid: int = 0
    rate_limited: int = 0
    no_handler: int = 0
    forwarded: int = 0
    not_forwarded: int = 0

    @property
    def went_back(self) -> bool:
        """Whether, as a growth, it shows that counters were reset."""
        return any(getattr(self, each.name) < 0 for each in fields(self))

    @property
    def arrived(self) -> int:
        """Reports that were read and decoded, those with a mismatching CID included.

        Which kind of relay it is shows once nothing is pending; until then, the lower figure.
        """
        has_them = self.received >= self.mismatching_cid + self._decided
        return self.received + (0 if has_them else self.mismatching_cid)

    @property
    def pending(self) -> int:
        """Reports that were received and whose fate is unknown."""
        return max(0, self.arrived - self.mismatching_cid - self._decided)

    @property
    def _decided(self) -> int:
        return self.rate_limited + self.forwarded + self.not_forwarded


_DROPPED = {"concurrency": "no_handler", "rate_limit": "rate_limited", "forwarding": "not_forwarded"}
"""The ways in which the relay drops a report: no free handler, the limit for one VM, no way on to the next stage."""
_KNOWN = ("accepted", "received", "forwarded", "mismatching_cid")


def _written(growth: TargetCounters | None) -> dict[str, object]:
    """Every figure of the target is null if the counters could not be read."""
    if growth is None:
        return dict.fromkeys((*_KNOWN, "dropped", "pending"))
    dropped = {way: getattr(growth, counter) for way, counter in _DROPPED.items()}
    return {name: getattr(growth, name) for name in _KNOWN} | {"dropped": dropped, "pending": growth.pending}


def _taken_back(read: Any) -> TargetCounters | None:
    if read is None:
        return None
    dropped = {counter: getattr(read.dropped, way) for way, counter in _DROPPED.items()}
    return TargetCounters(**{name: getattr(read, name) for name in _KNOWN}, **dropped)


_READ = object_of(**dict.fromkeys(_KNOWN, Whole), dropped=object_of(**dict.fromkeys(_DROPPED, Whole)))
_IN_DOCUMENT = As(
    Annotated[_READ | None, BeforeValidator(lambda known: None if known.get("received", "") is None else known)],
    _written,
    _taken_back,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation(Record):
    """What a run sent, beside what the target counted meanwhile.

    `sent` are the delivered reports; `uncertain` those that were given up, at their timeout or at the end of the run, and may have
    arrived anyway; `broken_off` those whose connection the target closed before it had taken them. `growth` is None if the counters
    could not be read, and `problem` then says why.
    """

    url: Text
    problem: Annotated[str, As(Text | None, lambda problem: problem or None, lambda problem: problem or "")] = ""
    sent: Annotated[int, BeforeValidator(_not_read)] = 0
    uncertain: Annotated[int, BeforeValidator(_not_read)] = 0
    broken_off: Annotated[int, UNWRITTEN] = 0
    growth: Annotated[TargetCounters | None, _IN_DOCUMENT, FLAT] = None
    lost: ClassVar[Any] = Derived(lambda found: found.thrown_away if found.growth else None, "thrown_away")
    missing: ClassVar[Any] = Derived(lambda found: found.unexplained, "unexplained")

    @classmethod
    def of(cls, url: str, counts: Counts, growth: TargetCounters | None, problem: str = "") -> Self:
        """A run's counts beside the growth of the counters over it."""
        broken_off = sum(count for failure, count in counts.failures.items() if failure.record.is_broken_off)
        arrived_perhaps = sum(count for failure, count in counts.failures.items() if failure.record.may_have_arrived)
        uncertain = arrived_perhaps + max(0, counts.started_undelivered - counts.failed)
        if growth is not None and growth.went_back:
            growth, problem = None, "the target's counters went back: it was restarted during the run"
        return cls(url=url, sent=counts.delivered, uncertain=uncertain, broken_off=broken_off, growth=growth, problem=problem)

    @property
    def thrown_away(self) -> int:
        """Delivered reports that the target is known to have discarded; 0 if the counters could not be read.

        A connection closed for lack of a handler counts only if no failed report accounts for it.
        """
        if self.growth is None:
            return 0
        return self.growth.mismatching_cid + self.growth.rate_limited + self.growth.not_forwarded + self._closed_unnoticed

    @property
    def unexplained(self) -> int | None:
        """Delivered reports that no counter shows; negative: received reports that this run cannot have sent, so that another
        sender uses this target. None if the counters could not be read."""
        if self.growth is None:
            return None
        missing = self.sent - self.growth.arrived - self._closed_unnoticed
        return max(0, missing) or min(0, self.sent + self.uncertain - self.growth.arrived)

    @property
    def thrown_away_in_words(self) -> str:
        """What `thrown_away` adds up: `3 rate limited, 1 not forwarded`."""
        if self.growth is None:
            return ""
        kinds = {
            "with a mismatching CID": self.growth.mismatching_cid,
            "rate limited": self.growth.rate_limited,
            "not forwarded": self.growth.not_forwarded,
            "closed unread for lack of a handler": self._closed_unnoticed,
        }
        return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)

    @property
    def lacks(self) -> str:
        """What the counters do not show, in a sentence; empty if they show all."""
        if (unexplained := self.unexplained or 0) <= 0:
            return ""
        return f"the target's counters do not show {unexplained:,} of {self.sent:,} delivered reports"

    @property
    def remark(self) -> str:
        """Why the counters prove nothing, in a sentence; empty if they do."""
        if self.problem:
            return f"not reconciled: {self.problem}"
        if (unexplained := self.unexplained or 0) < 0:
            return f"not reconciled: the target received {-unexplained:,} reports that this run did not send"
        return ""

    @property
    def is_proof(self) -> bool:
        """Whether the counters account for every delivered report."""
        return self.unexplained == 0

    @property
    def is_settled(self) -> bool:
        """Whether waiting for the target to catch up would change nothing."""
        return self.growth is None or (not self.growth.pending and (self.unexplained or 0) <= 0)

    @property
    def _closed_unnoticed(self) -> int:
        """Delivered reports whose connection was closed unread; never more than there are delivered ones not received."""
        assert self.growth is not None  # noqa: S101 (for the type checker: whoever calls has just looked)
        hidden = max(0, self.growth.no_handler - self.broken_off)
        return min(hidden, max(0, self.sent - self.growth.arrived))
