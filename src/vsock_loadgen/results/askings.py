"""The accounts of the askings: how they ended, and the accounts that only a fleet that is asked has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from vsock_loadgen.measures.askings import KINDS, REASONS, Asked, EndedBy, Kind
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import Derived, Record, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Askings(Record):
    """Askings by how they ended: `askings` = whole + unchanged + errors + failed + refused + cut + under_way. Of the whole ones,
    `again` took a report that was delivered already; of the unchanged ones, `claimed` named one that never was.

    Of the reports, `initial` were there before the run and have no response time; `overtaken` were not delivered, but do not count
    as longer than any: a newer one was delivered, their age at the end counts, or they are initial. `ended_by` says why some were
    skipped.
    """

    askings: ClassVar[Any] = Derived(lambda made: sum(made.ended.values()) + made.under_way)
    kinds: ClassVar[Any] = Derived(lambda made: {kind: made.of(kind) for kind in KINDS}, "by_kind")
    ended: Annotated[Mapping[Asked, Whole], Field(alias="by_end")]
    under_way: Whole
    again: Whole
    claimed: Whole
    initial: Whole
    overtaken: Whole
    ended_by: Annotated[Mapping[EndedBy, Whole], Field(alias="skipped_since")]

    @classmethod
    def of_counts(cls, counts: Counts) -> Self:
        """Those that counts have."""
        return cls(
            ended={way: counts.asked.get(way, 0) for way in Asked},
            under_way=counts.asking,
            again=counts.again,
            claimed=counts.claimed,
            initial=counts.initial,
            overtaken=counts.overtaken,
            ended_by={why: counts.ended_by.get(why, 0) for why in REASONS},
        )

    def of(self, kind: Kind) -> int:
        """Those of one kind."""
        return sum(count for way, count in self.ended.items() if way.kind == kind)

    def counts(self) -> dict[str, Any]:
        """Themselves as fields of counts."""
        return {
            "asked": self.ended,
            "asking": self.under_way,
            "again": self.again,
            "claimed": self.claimed,
            "initial": self.initial,
            "overtaken": self.overtaken,
            "ended_by": self.ended_by,
        }
