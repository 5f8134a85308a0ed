"""What happened second by second: a row per second, twice as wide each time there would be more than 3,600 of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Annotated, Any, overload

from pydantic import Field

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import FAILURES, Counts, Times, counts_in
from vsock_loadgen.record import FLAT, As, Nanoseconds, Record, Whole

MOST_ROWS = 3_600
_ROOM = MOST_ROWS + 1
OPEN_SECONDS = 12
"""How long a second's histograms are kept: long enough for late snapshots, and for any window of ten seconds."""


@dataclass(frozen=True, slots=True)
class RowTimes(Record):
    """Three quantiles and the largest of the times within a row, in nanoseconds; None if there was none, or if it falls among
    reports that were not delivered."""

    p50: Nanoseconds | None = None
    p95: Nanoseconds | None = None
    p99: Nanoseconds | None = None
    largest: Annotated[Nanoseconds | None, Field(alias="max")] = None

    @classmethod
    def of(cls, histogram: Histogram, beyond: int = 0) -> RowTimes:
        """Those of a histogram and of reports `beyond`, which are longer than any time in it."""
        p50, p95, p99 = histogram.quantiles((0.5, 0.95, 0.99), beyond)
        return cls(p50, p95, p99, None if beyond or p50 is None else histogram.largest)

    def or_larger(self, other: RowTimes, reports: int = 0, other_reports: int = 0) -> RowTimes:
        """The larger of each: what two rows that become one are said to have, never too little. If a row has reports, of these or
        those, but not the figure, it is beyond any; if it has none, it says nothing."""

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
    """What happened from `second` (since the epoch), for the row's width: the counts within it, but `in_flight` at its end."""

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


IN_DOCUMENT = As(list[SeriesRow], lambda rows: [row.to_json() for row in rows], lambda rows: rows)
"""Rows in a document."""
_POINTS = tuple(each.name for each in fields(RowTimes))
_CLOCKS, _FIGURES = attrgetter("response", "service", "lag"), attrgetter(*_POINTS)
_NO_FIGURE = -1
"""In place of a time that a row does not have."""


class Rows(Sequence[SeriesRow]):
    """Rows as numbers, one row after the other in an array that is as long from the start as it will ever be; a row is an object
    only while it is read. As objects, those of an hour take three times as much, and a process grows with each second's row.

    A row is its second, its counts, a number for each failure class, and its figures. Failures stand in the order in which they
    occurred, as count * classes + class.
    """

    def __init__(self, room: int) -> None:
        self._counts = tuple(each.name for each in fields(Counts) if each.metadata)  # those that are one number
        self._values = attrgetter(*self._counts)
        self._classes = tuple(FailureClass)
        self._width = 1 + len(self._counts) + len(self._classes) + 3 * len(_POINTS)
        self._numbers = array("q", bytes(8 * self._width * room))
        self._count = 0

    def with_more(self, rows: Iterable[SeriesRow], width_seconds: int) -> Rows:
        """A copy with the same room, with rows that are not over yet."""
        copied = Rows(0)
        copied._numbers, copied._count = self._numbers[:], self._count
        for row in rows:
            copied.enter(row, width_seconds)
        return copied

    def enter(self, row: SeriesRow, width_seconds: int) -> None:
        """Put a row in its place: the last one, unless a worker's snapshot came very late."""
        start = row.second - row.second % width_seconds
        place = self._count
        if place and self._second(place - 1) >= start:
            place = bisect_left(range(place), start, key=self._second)
        at, end = place * self._width, self._count * self._width
        if place < self._count and self._second(place) == start:
            row = self[place].then(row)
        else:
            if end == len(self._numbers):
                self._numbers.frombytes(bytes(8 * self._width))
            self._numbers[at + self._width : end + self._width] = self._numbers[at:end]
            self._count += 1
        self._numbers[at : at + self._width] = array("q", (start, *self._written(row)))

    def _second(self, place: int) -> int:
        return self._numbers[place * self._width]

    def _written(self, row: SeriesRow) -> Iterator[int]:
        yield from self._values(row.counts)
        failures = [(failure, count) for failure, count in row.counts.failures.items() if count]
        yield from (count * len(self._classes) + self._classes.index(failure) for failure, count in failures)
        yield from [0] * (len(self._classes) - len(failures))
        for times in _CLOCKS(row):
            yield from (_NO_FIGURE if figure is None else figure for figure in _FIGURES(times))

    def _read(self, place: int) -> SeriesRow:
        numbers = iter(self._numbers[place * self._width : (place + 1) * self._width])
        second = next(numbers)
        counts: dict[str, Any] = {name: next(numbers) for name in self._counts}
        entries = [divmod(next(numbers), len(self._classes)) for _ in self._classes]
        clocks = zip(*[numbers] * len(_POINTS), strict=True)
        figures = [RowTimes(*(None if figure == _NO_FIGURE else figure for figure in clock)) for clock in clocks]
        failures = {self._classes[number]: count for count, number in entries if count}
        return SeriesRow(second, Counts(**counts, failures=failures), *figures)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> SeriesRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[SeriesRow]: ...
    def __getitem__(self, place: int | slice) -> SeriesRow | list[SeriesRow]:
        places = range(self._count)[place]
        return self._read(places) if isinstance(places, int) else [self._read(each) for each in places]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(slots=True)
class OpenRow:
    """A second that may still get more."""

    counts: Counts = field(default_factory=lambda: Counts())
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
    """Some whole seconds up to `last_second`: reports due in all and in the busiest of them, and the schedule lag of each."""

    last_second: int
    due: int
    peak_due: int
    lags: Sequence[Histogram]


class Series:
    """Gathers rows. Memory is bounded, and there from the start: room for MOST_ROWS closed rows, and histograms of the last
    OPEN_SECONDS only."""

    def __init__(self) -> None:
        self.width_seconds = 1
        self._closed = Rows(_ROOM)
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
        """The last `seconds` (fewer than OPEN_SECONDS) that are over; None if the run is not that old yet."""
        if self._first is None:
            return None
        last = max(self._open) - 1
        if last - seconds + 1 < self._first:
            return None
        rows = [row for second, row in self._open.items() if last - seconds < second <= last]
        due = [row.counts.due for row in rows]
        return Window(last, sum(due), max(due, default=0), [row.times.lag for row in rows])

    def recent(self, seconds: int) -> list[OpenRow]:
        """The last `seconds` (fewer than OPEN_SECONDS), the one that goes on included; to be read, not kept."""
        return [row for second, row in self._open.items() if second > self.last_second - seconds]

    @property
    def last_second(self) -> int:
        """The second that goes on (since the epoch); 0 before anything has happened."""
        return max(self._open, default=0)

    def rows(self) -> Rows:
        """All rows so far, in order; those still open as they are now."""
        return self._closed.with_more((self._open[second].close(second) for second in sorted(self._open)), self.width_seconds)

    def _close(self, second: int) -> None:
        self._closed.enter(self._open.pop(second).close(second), self.width_seconds)
        if len(self._closed) > MOST_ROWS:
            self.width_seconds *= 2
            rows, self._closed = self._closed, Rows(_ROOM)
            for row in rows:
                self._closed.enter(row, self.width_seconds)
