"""How response times spread over a run: a column per second, twice as wide each time there would be more than MOST_COLUMNS of them.

A column has counts by bucket, each the sum of 256 neighbouring buckets of `histogram`: every power of two is cut into four. The
quantiles of a second hide that there are two kinds of reports; such a column shows both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from vsock_loadgen.measures.askings import Asked, Kind
from vsock_loadgen.measures.histogram import Histogram, bucket_of
from vsock_loadgen.record import FLAT, MOST, As, Record, Whole, object_of

MOST_COLUMNS = 120
SPREAD_BITS = 2
"""Of a binary order; in JSON the buckets are numbered as those of a histogram with so many `subbucket_bits`."""

_LONGEST = Histogram({bucket_of(MOST): 1})
_Bucket = Annotated[int, Field(strict=True, ge=0, le=max(_LONGEST.coarser(SPREAD_BITS)))]
_PAIRS = As(list[tuple[_Bucket, Whole]], lambda counts: sorted(map(list, counts.items())), dict)
_KINDS = As(
    object_of(askings=(dict[Kind, Whole], {})),
    lambda askings: {"askings": dict(askings)} if askings else {},
    lambda read: read.askings,
)


@dataclass(frozen=True, slots=True)
class SpreadColumn(Record):
    """What happened from `second` (since the epoch), for the column's width: response times by bucket, and how askings ended, if
    there were any."""

    second: Annotated[Whole, Field(alias="t")]
    response: Annotated[Mapping[int, int], _PAIRS, Field(alias="response_time")]
    askings: Annotated[Mapping[Kind, int], _KINDS, FLAT]


IN_DOCUMENT: Any = As(list[SpreadColumn], lambda columns: [column.to_json() for column in columns], tuple)
"""Columns in a document."""


class Spread:
    """Gathers columns; bounded in size, since there are so many of them at most and so many buckets of each."""

    def __init__(self, width_seconds: int = 1) -> None:
        self.width_seconds = width_seconds
        self._columns: dict[int, tuple[Counter[int], Counter[Kind]]] = {}

    def add(self, second: int, response: Histogram, asked: Mapping[Asked, int]) -> None:
        """Add what changed within a second."""
        counts = response.coarser(SPREAD_BITS)
        askings: Counter[Kind] = Counter()
        for way, count in asked.items():
            if count:
                askings[way.kind] += count
        if counts or askings:
            self._enter(second, counts, askings)

    def columns(self) -> tuple[SpreadColumn, ...]:
        """All columns so far, in order."""
        return tuple(SpreadColumn(second, dict(counts), dict(kinds)) for second, (counts, kinds) in sorted(self._columns.items()))

    def _enter(self, second: int, response: Mapping[int, int], askings: Mapping[Kind, int]) -> None:
        start = second - second % self.width_seconds
        counts, kinds = self._columns.setdefault(start, (Counter(), Counter()))
        counts.update(response)
        kinds.update(askings)
        if len(self._columns) > MOST_COLUMNS:
            self.width_seconds *= 2
            columns, self._columns = self._columns, {}
            for second, column in columns.items():
                self._enter(second, *column)


def merged_spread(parts: Iterable[tuple[int, Sequence[SpreadColumn]]]) -> tuple[int, tuple[SpreadColumn, ...]]:
    """The columns of several spreads as one, each part (width in seconds, columns): the common width, and the columns."""
    parts = list(parts)
    whole = Spread(max(width for width, _ in parts))
    for _, columns in parts:
        for column in columns:
            whole._enter(column.second, column.response, column.askings)
    return whole.width_seconds, whole.columns()
