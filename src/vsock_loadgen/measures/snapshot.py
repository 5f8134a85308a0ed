"""What a worker hands to its parent a few times per second, and the counts that must always balance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Annotated, Any

from pydantic import Field

from vsock_loadgen.measures.askings import Asked, EndedBy, Kind
from vsock_loadgen.measures.histogram import AsHistogram, DenseHistogram, Histogram
from vsock_loadgen.measures.knowledge import Ages, Knowledge
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.record import Record, Summed, Whole, object_of


def _count(*, metric: str = "", is_gauge: bool = False, in_totals: bool = True, in_rows: bool = True, is_new: bool = False) -> Any:
    """A count: its meaning as a separate metric, if it is one; whether it stands in the document's totals and in its rows.

    One that `is_new` is missing in documents of older releases, and is 0 there.
    """
    metadata = {"metric": metric, "is_gauge": is_gauge, "in_totals": in_totals, "in_rows": in_rows, "is_new": is_new}
    return field(default=0, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Counts(Summed):
    """Reports by outcome, since the start: due = delivered + failed + skipped + in_flight + unfinished.

    `started` of them had a first connect attempt. `bytes` are those of delivered reports. Its fields are the only list of counts:
    sums, documents and metrics go through them.

    If reports wait to be asked for, those in flight are the ones that wait, and those that were delivered or failed have
    started. Then `initial` are reports of before the run whose fate is known, which have no response time. `overtaken` were not
    delivered but do not count as longer than any: a newer one was delivered, or they are initial. `ended_by` says why reports were
    skipped. Askings are counted apart: `asked` by how they ended, `asking` are in flight. Of the whole ones, `again` took what had
    been delivered before; of the unchanged ones, `claimed` named what never was.
    """

    due: Whole = _count(metric="Reports that were due by the schedule, whatever their fate.")
    started: Whole = _count(in_totals=False)
    delivered: Whole = _count()
    skipped: Whole = _count(metric="Reports skipped because their VM's last one was still in flight.")
    unfinished: Whole = _count(in_rows=False)
    in_flight: Whole = _count(metric="Reports due but neither delivered nor failed yet.", is_gauge=True)
    bytes: Whole = _count(metric="Bytes of delivered reports.")
    failures: Mapping[FailureClass, Whole] = field(default_factory=dict)
    initial: Whole = _count(in_totals=False, in_rows=False)
    overtaken: Whole = _count(in_totals=False, in_rows=False)
    again: Whole = _count(in_totals=False, in_rows=False)
    claimed: Whole = _count(in_totals=False, in_rows=False)
    asking: Whole = _count(in_totals=False, in_rows=False)
    asked: Mapping[Asked, Whole] = field(default_factory=dict)
    ended_by: Mapping[EndedBy, Whole] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Failed reports of all classes."""
        return sum(self.failures.values())

    @property
    def settled(self) -> int:
        """Due reports whose fate is known: all of them at the end of a run."""
        return self.due - self.in_flight

    @property
    def undelivered(self) -> int:
        """Those of the settled reports that were not delivered, whether or not they were started."""
        return self.failed + self.skipped + self.unfinished

    @property
    def unanswered(self) -> int:
        """Those of the settled reports that have no response time, and count as longer than any."""
        return max(0, self.undelivered - self.overtaken)

    @property
    def was_asked(self) -> bool:
        """Whether reports wait to be asked for, as far as that shows: an asking was counted, or there were reports before the
        run."""
        return bool(self.asked or self.asking or self.initial or self.overtaken or self.ended_by)

    @property
    def askings(self) -> int:
        """Askings of all kinds, including those in flight."""
        return sum(self.asked.values()) + self.asking

    def asked_of(self, kind: Kind) -> int:
        """Askings of one kind."""
        return sum(count for way, count in self.asked.items() if way.kind == kind)

    @property
    def started_undelivered(self) -> int:
        """Reports that were started and not delivered: failed, or abandoned at the end."""
        return self.failed if self.was_asked else self.started - self.delivered - self.in_flight

    @property
    def balanced(self) -> bool:
        """Whether every due report is in exactly one place."""
        return self.settled == self.delivered + self.undelivered

    def by_name(self, place: str) -> dict[str, int]:
        """The counts that stand in a `place` of the document (`in_totals`, `in_rows`), and the failed ones of all classes."""
        names, values = _names(type(self), place)  # type: ignore[arg-type]
        return dict(zip(names, values(self), strict=True))


@cache
def _names(counts: type[Counts], place: str) -> tuple[list[str], Callable[[Counts], tuple[int, ...]]]:
    """The names of the counts in a place, and what takes their values."""
    names = [each.name for each in fields(counts) if each.metadata.get(place)]
    names.insert(names.index("delivered") + 1, "failed")
    return names, attrgetter(*names)


FAILURES = dict[FailureClass, Whole]


def counts_in(place: str, **others: Any) -> Any:
    """The kind of an object that has the counts of a place, and others beside them."""
    counts = [each for each in fields(Counts) if each.metadata.get(place)]
    return object_of(**{each.name: (Whole, 0) if each.metadata["is_new"] else Whole for each in counts}, **others)


@dataclass(frozen=True, slots=True)
class Times(Record):
    """The three clocks of reports, in ns: finished - due and finished - started of delivered ones, started - due of all started."""

    response: Annotated[AsHistogram, Field(alias="response_time")] = field(default_factory=Histogram)
    service: Annotated[AsHistogram, Field(alias="service_time")] = field(default_factory=Histogram)
    lag: AsHistogram = field(default_factory=Histogram)

    def merge(self, other: Times) -> None:
        """Add what another record holds."""
        self.response.merge(other.response)
        self.service.merge(other.service)
        self.lag.merge(other.lag)

    def copy(self) -> Times:
        """What it holds now."""
        return Times(*(clock.copy() for clock in self))

    def __add__(self, other: Times) -> Times:
        """A new record that holds what both hold."""
        return Times(*(Histogram.merged(pair) for pair in zip(self, other, strict=True)))

    def __iter__(self) -> Iterator[Histogram]:
        return iter((self.response, self.service, self.lag))


class DenseTimes:
    """The three clocks of a part of a run, for as long as it lasts."""

    __slots__ = ("_clocks",)

    def __init__(self) -> None:
        self._clocks = DenseHistogram(), DenseHistogram(), DenseHistogram()

    def merge(self, other: Times) -> None:
        """Add what a record holds."""
        for clock, more in zip(self._clocks, other, strict=True):
            clock.merge(more)

    def times(self) -> Times:
        """What they hold now: a copy."""
        return Times(*(clock.copy() for clock in self._clocks))


@dataclass(frozen=True, slots=True)
class Share:
    """What was entered under one number of a worker's books: `counts` since the start, `times` since the snapshot before, and
    `ages` if reports wait to be asked for."""

    counts: Counts
    times: Times
    ages: Ages | None = None


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A worker's state at `at_ns` from the start: `shares` of the books that have changed since its previous snapshot, by number.

    `errors` has the last message of each failure class that occurred since then. `cpu_ns` is the processor time the worker has used
    since it began. After the `final` one comes no other. `knowledge` is set if reports wait to be asked for.
    """

    worker: int
    at_ns: int
    shares: Mapping[int, Share]
    errors: Mapping[FailureClass, str]
    cpu_ns: int
    final: bool
    knowledge: Knowledge | None = None
