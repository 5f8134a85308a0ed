"""A mergeable log-linear histogram of times, 0.1 % wide or finer from 1 us up.

Buckets: nanoseconds below 2,048 each have their own; above, every power of two is cut into 1,024 equal parts, so that a
bucket is at most 1/1,024 of its lower bound wide (the layout is that of HdrHistogram, with ten bits a binary order). Only buckets
that hold something are stored, so that the cost of merging and sending follows what was seen, not what is possible.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from typing import Annotated

from vsock_loadgen.record import MOST, As

SUBBUCKET_BITS = 10
_HALF = 1 << SUBBUCKET_BITS


def bucket_of(nanoseconds: int) -> int:
    """The bucket that a time falls into; negative times count as 0."""
    shift = nanoseconds.bit_length() - SUBBUCKET_BITS - 1
    if shift > 0 and nanoseconds > 0:
        return (shift << SUBBUCKET_BITS) + (nanoseconds >> shift)
    return nanoseconds if nanoseconds > 0 else 0


def bucket_bounds(bucket: int) -> tuple[int, int]:
    """The times that fall into a bucket, in nanoseconds: the lowest, and the one past the highest."""
    shift = max(0, (bucket >> SUBBUCKET_BITS) - 1)
    lowest = (bucket - (shift << SUBBUCKET_BITS)) << shift
    return lowest, lowest + (1 << shift)


_LAST_BUCKET = bucket_of(MOST)  # the bounds of a bucket far beyond would be numbers that fill the memory
_LARGEST_SUM = MOST**2


@dataclass(slots=True, eq=False)
class Histogram:
    """Counts by bucket, with the exact sum, largest and number of the times recorded, in nanoseconds."""

    counts: dict[int, int] = field(default_factory=dict)
    total: int = 0
    largest: int = 0

    def items(self) -> Iterable[tuple[int, int]]:
        """Buckets that hold something, in any order, and how many times each holds."""
        return self.counts.items()

    def in_order(self) -> tuple[list[int], list[int]]:
        """Buckets that hold something, ascending, and how many times each holds."""
        buckets = sorted(self.counts)
        return buckets, [self.counts[bucket] for bucket in buckets]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return (self.total, self.largest, self.in_order()) == (other.total, other.largest, other.in_order())

    def record(self, nanoseconds: int, count: int = 1) -> None:
        """Count one time, or several equal ones."""
        bucket = bucket_of(nanoseconds)
        self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.total += nanoseconds * count
        self.largest = max(self.largest, nanoseconds)

    @property
    def count(self) -> int:
        """How many times were recorded."""
        return sum(count for _, count in self.items())

    @property
    def mean(self) -> float | None:
        """The mean in nanoseconds, as exact as a double, None if nothing was recorded."""
        count = self.count
        return self.total / count if count else None

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts: the same as if every time had been recorded here."""
        counts = self.counts
        if other.counts and not counts:
            counts.update(other.counts)  # a tenth of the time
        else:
            for bucket, count in other.items():
                counts[bucket] = counts.get(bucket, 0) + count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def copy(self) -> Histogram:
        """What it holds now."""
        return Histogram(self.counts.copy(), self.total, self.largest)

    def quantile(self, share: float, beyond: int = 0) -> int | None:
        """The nearest-rank quantile in nanoseconds, `share` in 0..1, within 0.1 %; None if there is none.

        `beyond` counts events that never ended and are longer than any recorded time: a quantile that falls among them
        is None.
        """
        return self.quantiles((share,), beyond)[0]

    def quantiles(self, shares: Sequence[float], beyond: int = 0) -> list[int | None]:
        """Several quantiles, as of `quantile`, for the price of one."""
        buckets, counts = self.in_order()
        reached = list(accumulate(counts))
        count = reached[-1] if reached else 0
        found: list[int | None] = []
        for share in shares:
            rank = max(1, math.ceil(round(share * (count + beyond), 6)))
            if rank >= count:
                found.append(self.largest if rank == count else None)
            else:
                lowest, past = bucket_bounds(buckets[bisect_left(reached, rank)])
                found.append(min((lowest + past) // 2, self.largest))
        return found

    def above(self, nanoseconds: int) -> int:
        """How many of the times are longer, within 0.1 %."""
        limit = bucket_of(nanoseconds)
        return sum(count for bucket, count in self.items() if bucket > limit)

    def coarser(self, subbucket_bits: int) -> dict[int, int]:
        """The counts by bucket of a layout with fewer bits: each bucket of it is the sum of neighbouring ones of this layout. Times
        below 2 ** SUBBUCKET_BITS ns are as one."""
        shift = SUBBUCKET_BITS - subbucket_bits
        first = shift << subbucket_bits
        counts: dict[int, int] = {}
        for bucket, count in self.items():
            wide = (max(bucket, _HALF) >> shift) + first
            counts[wide] = counts.get(wide, 0) + count
        return counts

    def to_json(self) -> dict[str, object]:
        """A plain document: bucket layout, exact sum and largest, and the counts as [bucket, count] pairs in order."""
        return {
            "unit": "ns",
            "subbucket_bits": SUBBUCKET_BITS,
            "sum": self.total,
            "max": self.largest,
            "counts": [list(pair) for pair in zip(*self.in_order(), strict=True)],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Histogram:
        """The histogram that `to_json` wrote. Raises ValueError if the document is not one."""
        pairs = document.get("counts")
        total, largest = document.get("sum"), document.get("max")
        if document.get("subbucket_bits") != SUBBUCKET_BITS or not isinstance(pairs, list):
            raise ValueError("not a histogram of this layout")
        if not isinstance(total, int) or not isinstance(largest, int):
            raise ValueError("a histogram without sum and max")
        if not all(isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, int) for each in pair) for pair in pairs):
            raise ValueError("counts of a histogram are not pairs of numbers")
        if not all(0 <= bucket <= _LAST_BUCKET and 0 <= count <= MOST for bucket, count in pairs):
            raise ValueError("found a negative number or a huge one, expected counts by bucket")
        if not 0 <= largest <= MOST or not -_LARGEST_SUM <= total <= _LARGEST_SUM:
            raise ValueError("found a huge sum or max, expected nanoseconds")
        return cls(dict(pairs), total, largest)

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """A new histogram that holds what all the parts hold."""
        whole = cls()
        for part in parts:
            whole.merge(part)
        return whole


class DenseHistogram(Histogram):
    """A histogram that is added to and read for as long as a run lasts: an array of counts by bucket, as long as the largest time
    needs. Unlike a dictionary, it is bounded: 4 bytes a bucket, 100 kB for times of up to 10 s. A copy takes microseconds."""

    __slots__ = ("_array",)

    def __init__(self, counts: array[int] | None = None, total: int = 0, largest: int = 0) -> None:
        super().__init__({}, total, largest)
        self._array = array("I") if counts is None else counts

    def items(self) -> Iterable[tuple[int, int]]:
        """As of any histogram; in order."""
        return zip(*self.in_order(), strict=True)

    def in_order(self) -> tuple[list[int], list[int]]:
        """As of any histogram."""
        counts = self._array
        return list(compress(range(len(counts)), counts)), list(compress(counts, counts))

    @property
    def count(self) -> int:
        """As of any histogram."""
        return sum(self._array)

    def record(self, nanoseconds: int, count: int = 1) -> None:
        """As of any histogram."""
        self.merge(Histogram({bucket_of(nanoseconds): count}, nanoseconds * count, nanoseconds))

    def merge(self, other: Histogram) -> None:
        """As of any histogram."""
        for bucket, count in other.items():
            if (missing := bucket + 1 - len(self._array)) > 0:
                self._array.frombytes(bytes(missing * self._array.itemsize))
            try:
                self._array[bucket] += count
            except OverflowError:  # four thousand million reports that took as long as each other
                self._array = array("Q", self._array)
                self._array[bucket] += count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def copy(self) -> DenseHistogram:
        """What it holds now."""
        return DenseHistogram(self._array[:], self.total, self.largest)


AsHistogram = Annotated[Histogram, As(dict[str, object], Histogram.to_json, Histogram.from_json)]
"""A histogram in a document."""
