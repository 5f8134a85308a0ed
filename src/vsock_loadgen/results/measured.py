"""The figures of some due reports: all of a run, or those of a part of it, as the result document has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.snapshot import FAILURES, Counts, Times, counts_in
from vsock_loadgen.record import FLAT, IN_SECONDS, As, Derived, MisfitError, Nanoseconds, Record, Text, Whole, object_of, plain
from vsock_loadgen.results.askings import Askings


@dataclass(frozen=True, slots=True)
class TimeSummary(Record):
    """Quantiles of one of the three clocks, in nanoseconds; None if the quantile falls among reports that were never delivered,
    or if there was nothing. `count` includes those."""

    count: int
    p50: Nanoseconds | None
    p95: Nanoseconds | None
    p99: Nanoseconds | None
    p999: Nanoseconds | None
    largest: Annotated[Nanoseconds | None, Field(alias="max")]
    mean: Annotated[float, IN_SECONDS] | None

    @classmethod
    def of(cls, histogram: Histogram, undelivered: int = 0) -> TimeSummary:
        """The summary of recorded times and of `undelivered` reports that count as longer than any of them."""
        p50, p95, p99, p999 = histogram.quantiles((0.5, 0.95, 0.99, 0.999), undelivered)
        count = histogram.count
        ended = count > 0 and undelivered == 0
        mean = histogram.mean if ended else None
        return cls(count + undelivered, p50, p95, p99, p999, histogram.largest if ended else None, mean)


def _balanced(read: Any) -> Counts:
    """The counts of the accounts. Raises MisfitError if a report would be in two places, or in none."""
    values = dict(read.totals)
    failed = values.pop("failed")
    counts = Counts(**values, failures=read.failures, **(read.askings.counts() if read.askings else {}))
    if not counts.balanced or counts.failed != failed:
        parts = f"{counts.delivered} + {counts.failed} + {counts.skipped} + {counts.in_flight} + {counts.unfinished}"
        raise MisfitError(
            f"found {counts.due} due and {failed} failed, expected failed to be the sum of failures, and due of "
            f"delivered + failed + skipped + in_flight + unfinished, which is {parts}",
            "totals",
        )
    return counts


def _written(counts: Counts) -> dict[str, object]:
    """The accounts of reports, and those of askings if there were any."""
    askings = {"askings": Askings.of_counts(counts).to_json()} if counts.was_asked else {}
    return {"totals": counts.by_name("in_totals"), "failures": plain(counts.failures), **askings}


IN_TOTALS = As(
    object_of(totals=counts_in("in_totals", failed=Whole), failures=FAILURES, askings=(Askings | None, None)), _written, _balanced
)


class Measured(Record):
    """The fates of some due reports, and their times."""

    __slots__ = ()
    counts: Counts
    times: Times

    @property
    def response(self) -> TimeSummary:
        """Finished - due, over every due report whose fate is known: all of them at the end of a run."""
        return TimeSummary.of(self.times.response, self.counts.unanswered)

    @property
    def service(self) -> TimeSummary:
        """Finished - started, over every started report whose fate is known."""
        return TimeSummary.of(self.times.service, self.counts.started_undelivered)

    @property
    def lag(self) -> TimeSummary:
        """Started - due, over started reports."""
        return TimeSummary.of(self.times.lag)

    def checked(self) -> Self:
        """With the started reports, which only the histograms count; these have to have what the accounts say."""
        counts = self.counts
        answered = counts.delivered - counts.initial + counts.overtaken
        for name, recorded, wanted in (
            ("response_time", self.times.response, answered),
            ("service_time", self.times.service, counts.delivered),
        ):
            if recorded.count != wanted:
                what = "totals.delivered" if wanted == counts.delivered else "those that the asker has, or a newer one"
                raise MisfitError(f"found {recorded.count:,} reports, expected {what}, {wanted:,}", f"histograms.{name}")
        started = counts.delivered + counts.failed if counts.was_asked else self.times.lag.count
        return replace(self, counts=replace(counts, started=started))  # type: ignore[type-var]


RESPONSE, SERVICE, LAG = Derived(lambda made: made.response), Derived(lambda made: made.service), Derived(lambda made: made.lag)


@dataclass(frozen=True, slots=True)
class PhaseResult(Measured):
    """The reports that fell due in one phase of load, over all its repetitions."""

    name: Text
    counts: Annotated[Counts, IN_TOTALS, FLAT]
    response_time_seconds: ClassVar[Any] = RESPONSE
    service_time_seconds: ClassVar[Any] = SERVICE
    lag_seconds: ClassVar[Any] = LAG
    times: Annotated[Times, Field(alias="histograms")]

    def __add__(self, other: PhaseResult) -> PhaseResult:
        return PhaseResult(self.name, self.counts + other.counts, self.times + other.times)
