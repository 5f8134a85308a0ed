"""The target's own counters, and what they say about the reports of a run.

The relay never answers a sender, so that what it did with a report shows in its counters alone: their growth over the run,
held against what was sent. Counters count and do not name: they prove how many reports had a fate, not which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts

RELAY_PREFIX = "rox_compliance_virtual_machine_relay_"
"""What the names of all counters of the relay begin with."""
PROCESS_START = "process_start_time_seconds"
"""The gauge by which a restarted process is known."""
DROPS = ("concurrency", "rate_limit", "forwarding")
"""The ways in which the relay drops a report: no free handler, the limit for one VM, no way on to the next stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCounters:
    """The relay's counters at one moment, or their growth between two.

    `received` are the reports that were read and decoded. Each of them is then counted as `rate_limited`, `forwarded` or
    `not_forwarded`; until that is known, it is pending. `mismatching_cid` are those that carry another CID than their connection:
    relays of ACS 4.9 count them among the received ones, later ones do not. `no_handler` are connections that were closed unread
    since no handler became free. `accepted` are all connections.
    """

    accepted: int = 0
    received: int = 0
    mismatching_cid: int = 0
    rate_limited: int = 0
    no_handler: int = 0
    forwarded: int = 0
    not_forwarded: int = 0

    def __sub__(self, earlier: Self) -> Self:
        """The growth since an earlier moment; negative where the counters began anew in between."""
        return type(self)(**{each.name: getattr(self, each.name) - getattr(earlier, each.name) for each in fields(self)})

    @property
    def went_back(self) -> bool:
        """Whether, as a growth, it shows that counters began anew."""
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
        """Reports that were received and whose fate is not known."""
        return max(0, self.arrived - self.mismatching_cid - self._decided)

    @property
    def _decided(self) -> int:
        return self.rate_limited + self.forwarded + self.not_forwarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What a run sent, beside what the target counted meanwhile.

    `sent` are the delivered reports; `uncertain` those that were given up, at their timeout or at the end of the run, and may have
    arrived all the same; `broken_off` those whose connection the target closed before it had taken them. `growth` is None where the
    counters could not be read, and `problem` then says why.
    """

    url: str
    sent: int
    uncertain: int = 0
    broken_off: int = 0
    growth: TargetCounters | None = None
    problem: str = ""

    @classmethod
    def of(cls, url: str, counts: Counts, growth: TargetCounters | None, problem: str = "") -> Self:
        """A run's counts beside the growth of the counters over it."""
        broken_off = sum(counts.failures.get(each, 0) for each in (FailureClass.CLOSED_EARLY, FailureClass.RESET))
        abandoned = counts.started_undelivered - counts.failed
        uncertain = counts.failures.get(FailureClass.TIMEOUT, 0) + max(0, abandoned)
        if growth is not None and growth.went_back:
            growth, problem = None, "the target's counters went back: it was restarted during the run"
        return cls(url=url, sent=counts.delivered, uncertain=uncertain, broken_off=broken_off, growth=growth, problem=problem)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Reports that the target dropped by its limits, for each of `DROPS`; empty where the counters could not be read."""
        if self.growth is None:
            return {}
        return dict(zip(DROPS, (self.growth.no_handler, self.growth.rate_limited, self.growth.not_forwarded), strict=True))

    @property
    def thrown_away(self) -> int:
        """Delivered reports that the target is known to have thrown away; 0 where the counters could not be read.

        A connection closed for want of a handler counts only where no failed report accounts for it.
        """
        if self.growth is None:
            return 0
        return self.growth.mismatching_cid + self.growth.rate_limited + self.growth.not_forwarded + self._closed_unnoticed

    @property
    def unexplained(self) -> int | None:
        """Delivered reports that no counter shows; negative: received reports that this run cannot have sent, so that somebody
        else sends to this target. None where the counters could not be read."""
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
            "closed unread for want of a handler": self._closed_unnoticed,
        }
        return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)

    @property
    def is_proof(self) -> bool:
        """Whether the counters account for every delivered report."""
        return self.unexplained == 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing would change if one waited for the target to catch up."""
        return self.growth is None or (not self.growth.pending and (self.unexplained or 0) <= 0)

    @property
    def _closed_unnoticed(self) -> int:
        """Delivered reports whose connection was closed unread; never more than there are delivered ones not received."""
        assert self.growth is not None  # noqa: S101 (for the type checker: whoever calls has just looked)
        hidden = max(0, self.growth.no_handler - self.broken_off)
        return min(hidden, max(0, self.sent - self.growth.arrived))

    def to_json(self) -> dict[str, object]:
        """The plain document; every figure of the target's is null where the counters could not be read."""
        growth = self.growth
        return {
            "url": self.url,
            "problem": self.problem or None,
            "sent": self.sent,
            "uncertain": self.uncertain,
            "accepted": growth and growth.accepted,
            "received": growth and growth.received,
            "forwarded": growth and growth.forwarded,
            "mismatching_cid": growth and growth.mismatching_cid,
            "dropped": dict(self.dropped) if growth else None,
            "pending": growth and growth.pending,
            "thrown_away": self.thrown_away if growth else None,
            "unexplained": self.unexplained,
        }
