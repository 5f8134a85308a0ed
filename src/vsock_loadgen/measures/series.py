"""What happened second by second: a row a second, twice as wide each time there would be more than 3,600 of them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, fields, replace
from typing import Annotated

from pydantic import Field

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.snapshot import FAILURES, Counts, Times, counts_in
from vsock_loadgen.record import FLAT, As, Nanoseconds, Record, Whole

MOST_ROWS = 3_600
OPEN_SECONDS = 12
"""How long a second's histograms are kept: long enough for late snapshots, and for any window of ten seconds."""


@dataclass(frozen=True, slots=True)
class RowTimes(Record):
    """Three quantiles and the largest of the times within a row, in nanoseconds; None where there was none, or where it falls among
    reports that were not delivered."""

    p50: Nanoseconds | None = None
    p95: Nanoseconds | None = None
    p99: Nanoseconds | None = None
    largest: Annotated[Nanoseconds | None, Field(alias="max")] = None

    @classmethod
    def of(cls, histogram: Histogram, beyond: int = 0) -> RowTimes:
        """Those of a histogram and of reports `beyond`, which are longer than any time in it."""
        p50, p95, p99 = (histogram.quantile(share, beyond) for share in (0.5, 0.95, 0.99))
        return cls(p50, p95, p99, None if beyond or p50 is None else histogram.largest)

    def or_larger(self, other: RowTimes, reports: int = 0, other_reports: int = 0) -> RowTimes:
        """The larger of each: what two rows that become one are said to have, never too little. Where a row has reports, of these
        or those, but not the figure, it is beyond any; where it has none, it says nothing."""

        def larger(name: str) -> int | None:
            one, two = getattr(self, name), getattr(other, name)
            if (one is None and reports) or (two is None and other_reports):
                return None
            return max((value for value in (one, two) if value is not None), default=None)

        return RowTimes(*(larger(each.name) for each in fields(self)))


IN_ROWS = As(
    counts_in("in_rows", failures=FAILURES),
    lambda counts: {**counts.by_name("in_rows"), "failures": {str(failure): count for failure, count in counts.failures.items()}},
    lambda read: Counts(**dict(read)),
)


@dataclass(frozen=True, slots=True)
class SeriesRow(Record):
    """What happened from `second` (since the epoch) on, for the row's width: the counts within it, but `in_flight` at its end."""

    second: Annotated[Whole, Field(alias="t")]
    counts: Annotated[Counts, IN_ROWS, FLAT]
    response: Annotated[RowTimes, Field(alias="response_time_seconds")]
    service: Annotated[RowTimes, Field(alias="service_time_seconds")]
    lag: Annotated[RowTimes, Field(alias="lag_seconds")]

    def then(self, other: SeriesRow) -> SeriesRow:
        """This row and the one after it as one."""
        one, two = self.counts, other.counts
        return SeriesRow(
            self.second,
            replace(one + two, in_flight=two.in_flight),
            self.response.or_larger(other.response, one.delivered + one.undelivered, two.delivered + two.undelivered),
            self.service.or_larger(other.service, one.delivered + one.failed, two.delivered + two.failed),
            self.lag.or_larger(other.lag),
        )

    def beside(self, other: SeriesRow) -> SeriesRow:
        """This row and that of another node at the same time as one."""
        both = self.then(other)
        return replace(both, counts=self.counts + other.counts)


@dataclass(slots=True)
class OpenRow:
    """A second that may still get more."""

    counts: Counts = field(default_factory=Counts)
    times: Times = field(default_factory=Times)

    def close(self, second: int) -> SeriesRow:
        """The finished row: quantiles in place of histograms."""
        counts, times = self.counts, self.times
        return SeriesRow(
            second,
            replace(counts, failures={failure: count for failure, count in counts.failures.items() if count}),
            RowTimes.of(times.response, counts.unanswered),
            RowTimes.of(times.service, counts.failed),
            RowTimes.of(times.lag),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Some whole seconds up to `last_second`: reports due in all and in the busiest of them, and the schedule lag."""

    last_second: int
    due: int
    peak_due: int
    lag: Histogram


class Series:
    """Gathers rows. Memory is bounded: at most MOST_ROWS closed rows, and histograms of the last OPEN_SECONDS only."""

    def __init__(self) -> None:
        self.width_seconds = 1
        self._closed: list[SeriesRow] = []
        self._open: dict[int, OpenRow] = {}
        self._first: int | None = None

    def add(self, second: int, change: Counts, in_flight: int, times: Times) -> None:
        """Add what changed within a second (since the epoch); `in_flight` is the whole run's, now."""
        if self._first is None:
            self._first = second
        row = self._open.setdefault(second, OpenRow())
        row.counts = replace(row.counts + change, in_flight=in_flight)
        row.times.merge(times)
        for old in sorted(self._open):
            if old > second - OPEN_SECONDS:
                break
            self._close(old)

    def whole_window(self, seconds: int) -> Window | None:
        """The last `seconds` (fewer than OPEN_SECONDS) that are over; None where the run is not that old yet."""
        if self._first is None:
            return None
        last = max(self._open) - 1
        if last - seconds + 1 < self._first:
            return None
        rows = [row for second, row in self._open.items() if last - seconds < second <= last]
        due = [row.counts.due for row in rows]
        return Window(last, sum(due), max(due, default=0), Histogram.merged(row.times.lag for row in rows))

    def recent(self, seconds: int) -> list[OpenRow]:
        """The last `seconds` (fewer than OPEN_SECONDS), the one that goes on included; to be read, not kept."""
        last = max(self._open, default=0)
        return [row for second, row in self._open.items() if second > last - seconds]

    def rows(self) -> list[SeriesRow]:
        """All rows so far, in order; those still open as they are now."""
        rows = list(self._closed)
        for second in sorted(self._open):
            self._append(rows, self._open[second].close(second))
        return rows

    def _close(self, second: int) -> None:
        self._append(self._closed, self._open.pop(second).close(second))
        if len(self._closed) > MOST_ROWS:
            self.width_seconds *= 2
            rows, self._closed = self._closed, []
            for row in rows:
                self._append(self._closed, row)

    def _append(self, rows: list[SeriesRow], row: SeriesRow) -> None:
        """Put a row in its place: the last one, unless a worker's snapshot came very late."""
        start = row.second - row.second % self.width_seconds
        place = bisect_left(rows, start, key=_second) if rows and rows[-1].second >= start else len(rows)
        if place < len(rows) and rows[place].second == start:
            rows[place] = rows[place].then(row)
        else:
            rows.insert(place, replace(row, second=start))


def _second(row: SeriesRow) -> int:
    return row.second
