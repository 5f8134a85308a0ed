"""From measured values to a distribution of the config: the simplest block that is close enough, and how close it is.

A block of buckets cuts the values, in ascending order, into runs of like ones. The best cut into k runs is that with the least sum
of squared distances of the values' logarithms to their run's mean, so that it is relative distance that counts; it is found by
dynamic programming over the place of the last cut (Wang and Song 2011, Ckmeans.1d.dp). A bucket's value is the mean of its run, so
that the mean of all stays what it was; only runs whose mean is also close to p50, p95 or p99, if they contain it, are admitted as
long as that is possible. A block of quantiles starts with the median and gets, one by one, the quantile at which it is furthest
off.

Of both, the smallest block is taken that has the mean, p50, p95 and p99 within `TOLERANCE`, and single values, on average, within
`VALUE_TOLERANCE`.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.buckets import Buckets
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket, Distribution
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.quantity import Grain
from vsock_loadgen.plan.statistics import Statistics, statistics_of

TOLERANCE = 0.02
VALUE_TOLERANCE = 0.10
MOST_CELLS = 300
"""The number of distinct values that are told apart; if there are more, neighbours are joined first."""
MOST_COMPARED = 20_000
"""A fit is compared with at most this many values."""
_ANCHORED = 0.75 * TOLERANCE
_JUDGED = (Fraction(50), Fraction(95), Fraction(99))
_FEWEST_DECIMALS, _MOST_DECIMALS = 2, 6
_SHARE_TOLERANCE = Fraction(1, 100)
_CANDIDATES = (Fraction(1, 10), Fraction(1, 2), *map(Fraction, range(1, 100)), Fraction(199, 2), Fraction(999, 10))

Form = Literal["percentile", "quantiles"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A block and how it compares with the data, `count` values of which `distinct` are different.

    `values` and `fitted` are the data and what the block makes of it, in ascending order and equally many: of more than
    MOST_COMPARED values, that many at even ranks. `pieces` is the number of buckets, or of quantiles between the ends. `distance`
    is that of Kolmogorov and Smirnov: the largest difference between the shares of values up to a point, 0..1. `deviation` is how
    far a value is, on average, from the one of its rank in the fit, relative to it.
    """

    distribution: Distribution
    pieces: int
    count: int
    distinct: int
    values: Sequence[int]
    fitted: Sequence[int]
    data: Statistics
    fit: Statistics
    distance: float
    deviation: float

    @property
    def errors(self) -> dict[str, float]:
        """The relative error of each figure that the fit is judged by."""
        names = ("mean", "p50", "p95", "p99")
        return {name: getattr(self.fit, name) / getattr(self.data, name) - 1 for name in names}

    @property
    def excess(self) -> float:
        """The largest error as a multiple of what is tolerated: 1 is just close enough."""
        return max(*(abs(error) / TOLERANCE for error in self.errors.values()), self.deviation / VALUE_TOLERANCE)

    @property
    def is_close(self) -> bool:
        """Whether every error is tolerated."""
        return self.excess <= 1


def fit_block(values: Sequence[int], form: Form, most_pieces: int, grain: Grain) -> Fit:
    """The smallest block within the tolerance; if none with at most `most_pieces` is, the closest one.

    `values` are positive (packages or nanoseconds), at least one. If no more than `most_pieces` distinct ones occur, each becomes a
    bucket.
    """
    ascending = sorted(grain.fit(value) for value in values)
    data = _Data(ascending, _thinned(ascending), len(set(ascending)), statistics_of(Counter(ascending)))
    blocks = _percentiles(ascending, most_pieces, grain) if form == "percentile" else _quantiles(data, most_pieces, grain)
    best: Fit | None = None
    for distribution, pieces in blocks:
        made = _fit(distribution, pieces, data, grain)
        if made.is_close:
            return made
        if best is None or made.excess < best.excess:
            best = made
    assert best is not None  # noqa: S101 (for the type checker: there is always a first block)
    return best


@dataclass(frozen=True, slots=True)
class _Data:
    """All values in ascending order, those of them that a fit is compared with, and figures about all."""

    ascending: Sequence[int]
    compared: Sequence[int]
    distinct: int
    statistics: Statistics


def _thinned(ascending: Sequence[int]) -> Sequence[int]:
    """At most MOST_COMPARED values at even ranks."""
    count = len(ascending)
    if count <= MOST_COMPARED:
        return ascending
    return [ascending[(2 * rank + 1) * count // (2 * MOST_COMPARED)] for rank in range(MOST_COMPARED)]


def _fit(distribution: Distribution, pieces: int, data: _Data, grain: Grain) -> Fit:
    compared = data.compared
    fitted = distribution.take(len(compared), grain).values
    return Fit(
        distribution=distribution,
        pieces=pieces,
        count=len(data.ascending),
        distinct=data.distinct,
        values=compared,
        fitted=fitted,
        data=data.statistics,
        fit=statistics_of(Counter(fitted)),
        distance=_distance(compared, fitted),
        deviation=sum(abs(ours / theirs - 1) for ours, theirs in zip(fitted, compared, strict=True)) / len(compared),
    )


def _distance(first: Sequence[int], second: Sequence[int]) -> float:
    """The largest difference between the empirical distributions of two ascending sequences."""
    at_first = at_second = 0
    largest = 0.0
    for value in sorted({*first, *second}):
        while at_first < len(first) and first[at_first] <= value:
            at_first += 1
        while at_second < len(second) and second[at_second] <= value:
            at_second += 1
        largest = max(largest, abs(at_first / len(first) - at_second / len(second)))
    return largest


@dataclass(frozen=True, slots=True)
class _Cell:
    """Values next to each other: how many, and their sum."""

    count: int
    total: int

    @property
    def mean(self) -> float:
        return self.total / self.count


def _percentiles(ascending: Sequence[int], most: int, grain: Grain) -> Iterator[tuple[Buckets, int]]:
    """The best blocks of 1, 2, ... buckets, first those that hold to the anchors; just the exact one if there is one."""
    counted = Counter(ascending)
    if len(counted) <= most:
        cells = [_Cell(count, count * value) for value, count in sorted(counted.items())]
        yield _block([[cell] for cell in cells], grain), len(cells)
        return
    cells = _cells(counted)
    for anchors in (_anchors(ascending, cells), ()):
        for runs in _cuts(cells, anchors, most):
            block = _block(runs, grain)
            yield block, len(block.buckets)


def _anchors(ascending: Sequence[int], cells: Sequence[_Cell]) -> list[tuple[int, int]]:
    """For each percentile that a fit is judged by, the cell that it lies in, and its value."""
    ends = list(itertools.accumulate(cell.count for cell in cells))
    positions = [_position(at, len(ascending)) for at in _JUDGED]
    return [(bisect_right(ends, position), ascending[position]) for position in positions]


def _cells(counted: Counter[int]) -> list[_Cell]:
    """The distinct values, joined on a logarithmic scale if they are too many."""
    lowest = min(counted)
    width = math.log(max(counted) / lowest) / MOST_CELLS if len(counted) > MOST_CELLS else 0.0
    joined: dict[int, tuple[int, int]] = {}
    for number, (value, count) in enumerate(sorted(counted.items())):
        place = int(math.log(value / lowest) / width) if width else number
        before = joined.get(place, (0, 0))
        joined[place] = (before[0] + count, before[1] + count * value)
    return [_Cell(count, total) for count, total in joined.values()]


def _block(runs: Sequence[Sequence[_Cell]], grain: Grain) -> Buckets:
    """Buckets of these runs; runs whose means are rounded to one value are one bucket."""
    counts: dict[int, int] = {}
    for run in runs:
        count = sum(cell.count for cell in run)
        value = grain.fit(sum(cell.total for cell in run) / count)
        counts[value] = counts.get(value, 0) + count
    percents = _percents(list(counts.values()))
    return Buckets(tuple(Bucket(percent, Constant(value)) for percent, value in zip(percents, counts, strict=True) if percent))


def _percents(counts: Sequence[int]) -> list[Fraction]:
    """Percents that add up to exactly 100, with as few decimals, at least two, as keep every share within 1 % of its value."""
    exact = [Fraction(100 * count, sum(counts)) for count in counts]
    for decimals in range(_FEWEST_DECIMALS, _MOST_DECIMALS + 1):
        unit = 10**decimals
        rounded = [Fraction(share, unit) for share in apportion(100 * unit, exact)]
        if all(abs(share - wanted) <= _SHARE_TOLERANCE * wanted for share, wanted in zip(rounded, exact, strict=True)):
            break
    return rounded


def _cuts(cells: Sequence[_Cell], anchors: Sequence[tuple[int, int]], most: int) -> Iterator[list[Sequence[_Cell]]]:
    """The best cuts of the cells into 1, 2, ..., `most` runs; only the numbers for which one exists."""
    spread = _Spread(cells, anchors)
    size = len(cells)
    costs = [spread.cost(0, end) for end in range(size + 1)]
    starts = [[0] * (size + 1)]  # of the last run, by number of runs and by end
    while True:
        if costs[size] < math.inf:
            bounds = [size]
            for layer in reversed(starts):
                bounds.append(layer[bounds[-1]])
            yield [cells[low:high] for low, high in itertools.pairwise(reversed(bounds))]
        if len(starts) >= most:
            return
        costs, last = _next_layer(spread, costs, len(starts))
        starts.append(last)


class _Spread:
    """Sums of squared distances of a run's logarithms to their mean, in constant time each.

    A run whose mean is not close to an anchor that lies in it may not be, and costs infinitely much.
    """

    def __init__(self, cells: Sequence[_Cell], anchors: Sequence[tuple[int, int]]) -> None:
        shift = math.log(cells[0].mean)
        places = [math.log(cell.mean) - shift for cell in cells]
        self._anchors = anchors
        self._counts = _sums(cell.count for cell in cells)
        self._totals = _sums(cell.total for cell in cells)
        self._places = _sums(cell.count * place for cell, place in zip(cells, places, strict=True))
        self._squares = _sums(cell.count * place * place for cell, place in zip(cells, places, strict=True))

    def cost(self, low: int, high: int) -> float:
        """That of the cells low..high-1."""
        if high - low < 2:
            return 0.0
        count = self._counts[high] - self._counts[low]
        for cell, value in self._anchors:
            if low <= cell < high and abs((self._totals[high] - self._totals[low]) / count - value) > _ANCHORED * value:
                return math.inf
        place = self._places[high] - self._places[low]
        return max(0.0, self._squares[high] - self._squares[low] - place * place / count)


def _sums(values: Iterable[float]) -> list[float]:
    return [0.0, *itertools.accumulate(values)]


def _next_layer(spread: _Spread, costs: Sequence[float], runs: int) -> tuple[list[float], list[int]]:
    """The least cost of one more run than `runs`, which have `costs`, up to each end; and where the last run starts."""
    least, starts = [math.inf] * len(costs), [0] * len(costs)
    for end in range(runs + 1, len(costs)):
        for start in range(runs, end):
            if costs[start] < least[end]:
                cost = costs[start] + spread.cost(start, end)
                if cost < least[end]:
                    least[end], starts[end] = cost, start
    return least, starts


def _quantiles(data: _Data, most: int, grain: Grain) -> Iterator[tuple[Quantiles, int]]:
    """The ends and the median, then one quantile more each time: that at which the last block was furthest off.

    If several stand for the same value, it is the one in the middle of that value's share.
    """
    ascending, compared = data.ascending, data.compared
    known = {at: Fraction(ascending[_position(at, len(ascending))]) for at in (Fraction(0), Fraction(50), Fraction(100))}
    while True:
        block = Quantiles(tuple(sorted(known.items())))
        yield block, len(known) - 2
        left = [at for at in _CANDIDATES if at not in known]
        if len(known) - 2 >= most or not left:
            return
        fitted = block.take(len(compared), grain).values
        furthest = max(left, key=lambda at: (_off(compared, fitted, at), -_from_the_middle(at, len(compared))))
        if _off(compared, fitted, furthest) == 0:
            return
        known[furthest] = Fraction(ascending[_position(furthest, len(ascending))])


def _position(at: Fraction, count: int) -> int:
    """Where the quantile is among `count` ascending values: nearest rank."""
    return max(1, -(-at.numerator * count // (100 * at.denominator))) - 1


def _from_the_middle(at: Fraction, count: int) -> Fraction:
    return abs(at - Fraction(100 * (2 * _position(at, count) + 1), 2 * count))


def _off(compared: Sequence[int], fitted: Sequence[int], at: Fraction) -> float:
    position = _position(at, len(compared))
    return abs(math.log(fitted[position] / compared[position]))
