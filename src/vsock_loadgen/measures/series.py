"""What happened second by second: a row a second, twice as wide each time there would be more than 3,600 of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.units import SECOND

MOST_ROWS = 3_600
OPEN_SECONDS = 12
"""How long a second's histograms are kept: long enough for late snapshots, and for any window of ten seconds."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Three quantiles and the largest of the times within a row, in nanoseconds; None where there was none, or where it falls among
    reports that were not delivered."""

    p50: int | None = None
    p95: int | None = None
    p99: int | None = None
    largest: int | None = None

    @classmethod
    def of(cls, histogram: Histogram, beyond: int = 0) -> Quantiles:
        """Those of a histogram and of reports `beyond`, which are longer than any time in it."""
        p50, p95, p99 = (histogram.quantile(share, beyond) for share in (0.5, 0.95, 0.99))
        return cls(p50, p95, p99, None if beyond or p50 is None else histogram.largest)

    def or_larger(self, other: Quantiles, reports: int = 0, other_reports: int = 0) -> Quantiles:
        """The larger of each: what two rows that become one are said to have, never too little. Where a row has reports, of these
        or those, but not the figure, it is beyond any; where it has none, it says nothing."""

        def larger(one: int | None, two: int | None) -> int | None:
            if (one is None and reports) or (two is None and other_reports):
                return None
            return max((value for value in (one, two) if value is not None), default=None)

        return Quantiles(
            larger(self.p50, other.p50),
            larger(self.p95, other.p95),
            larger(self.p99, other.p99),
            larger(self.largest, other.largest),
        )

    def to_json(self) -> dict[str, float | None]:
        """In seconds."""
        values = {"p50": self.p50, "p95": self.p95, "p99": self.p99, "max": self.largest}
        return {name: None if value is None else value / SECOND for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """What happened from `second` (since the epoch) on, for the row's width; `in_flight` at its end, the rest within it."""

    second: int
    due: int
    started: int
    delivered: int
    skipped: int
    in_flight: int
    bytes: int
    failures: dict[FailureClass, int]
    response: Quantiles
    service: Quantiles
    lag: Quantiles

    @property
    def failed(self) -> int:
        """Failed reports of all classes."""
        return sum(self.failures.values())

    def then(self, other: SeriesRow) -> SeriesRow:
        """This row and the one after it as one."""
        ended, other_ended = self.delivered + self.failed, other.delivered + other.failed
        return SeriesRow(
            self.second,
            self.due + other.due,
            self.started + other.started,
            self.delivered + other.delivered,
            self.skipped + other.skipped,
            other.in_flight,
            self.bytes + other.bytes,
            dict(Counter(self.failures) + Counter(other.failures)),
            self.response.or_larger(other.response, ended + self.skipped, other_ended + other.skipped),
            self.service.or_larger(other.service, ended, other_ended),
            self.lag.or_larger(other.lag),
        )

    def to_json(self) -> dict[str, object]:
        """The row as a plain document; times in seconds."""
        return {
            "t": self.second,
            "due": self.due,
            "started": self.started,
            "delivered": self.delivered,
            "failed": self.failed,
            "skipped": self.skipped,
            "in_flight": self.in_flight,
            "bytes": self.bytes,
            "failures": {str(failure): count for failure, count in self.failures.items()},
            "response_time_seconds": self.response.to_json(),
            "service_time_seconds": self.service.to_json(),
            "lag_seconds": self.lag.to_json(),
        }


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
            counts.due,
            counts.started,
            counts.delivered,
            counts.skipped,
            counts.in_flight,
            counts.bytes,
            {failure: count for failure, count in counts.failures.items() if count},
            Quantiles.of(times.response, counts.failed + counts.skipped),
            Quantiles.of(times.service, counts.failed),
            Quantiles.of(times.lag),
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
