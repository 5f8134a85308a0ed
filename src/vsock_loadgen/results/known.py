"""The further results of a fleet that is asked: where it listened, and what the asker knew at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from vsock_loadgen.measures.histogram import AsHistogram
from vsock_loadgen.measures.knowledge import Ages, Knowledge
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.record import LATER, Derived, Nanoseconds, Record, Text, Whole
from vsock_loadgen.results.measured import TimeSummary


def is_at_least(time_ns: int | None, youngest_open_ns: int | None) -> bool:
    """Whether a response time may be longer than it says, since a report of that age or more is still open."""
    return time_ns is not None and youngest_open_ns is not None and time_ns >= youngest_open_ns


@dataclass(frozen=True, slots=True)
class KnownGroup(Record):
    """What of `Known` is known of a group of VMs."""

    open: Whole
    youngest_open_ns: Annotated[Nanoseconds | None, Field(alias="youngest_open_seconds")]
    age: Annotated[TimeSummary, Field(alias="age_when_taken_seconds")]

    @classmethod
    def of(cls, ages: Ages) -> Self:
        """That of the ages of its reports."""
        return cls(ages.open, ages.youngest_open_ns, TimeSummary.of(ages.taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Record):
    """`asker` has the settings of an embedded asker. `known_vms` of `vms` have delivered something; once all had, that was
    `known_after_ns` from the start. `open` counts the reports that were not taken by the end, nor a newer one in their place: their
    response times are at least what is recorded, and the youngest was `youngest_open_ns` old. `ages` are those of delivered reports
    when they were taken."""

    listen: Text
    asker: Annotated[Mapping[str, object] | None, LATER] = None
    vms: Whole
    known_vms: Whole
    known_after_ns: Annotated[Nanoseconds | None, Field(alias="known_after_seconds")] = None
    open: Whole = 0
    youngest_open_ns: Annotated[Nanoseconds | None, Field(alias="youngest_open_seconds")] = None
    age_when_taken_seconds: ClassVar[Any] = Derived(lambda known: known.age)
    ages: Annotated[AsHistogram, Field(alias="age_histogram")]

    @classmethod
    def of(cls, listen: str, asker: Settings | None, vms: int, found: Knowledge | None, ages: Ages) -> Self:
        """What a run has found out; empty if nothing was."""
        found = found or Knowledge(vms)
        return cls(
            listen=listen,
            asker=asker.document() if asker else None,
            vms=vms,
            known_vms=found.known_vms,
            known_after_ns=found.known_after_ns,
            open=ages.open,
            youngest_open_ns=ages.youngest_open_ns,
            ages=ages.taken,
        )

    @property
    def age(self) -> TimeSummary:
        """Ages of delivered reports when they were taken, without those from before the run."""
        return TimeSummary.of(self.ages)
