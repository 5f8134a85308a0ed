"""The families of metrics that a run shows: their prefix, their kinds, and the bounds of their histograms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from vsock_loadgen.measures.histogram import Histogram, bucket_of
from vsock_loadgen.units import SECOND

PREFIX = "vsock_loadgen_"
_IN_A_DECADE = (100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900)
_SHORT = tuple(microseconds / 10**6 for microseconds in (10, 14, 20, 28, 40, 50, 70))
_LONG = (
    *(10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 150, 180, 240, 300),
    *(400, 500, 600, 750, 900, 1200, 1500, 1800, 2400, 3000, 3600),
)
TIME_BOUNDS = (*_SHORT, *(step * 10**decade / 10**6 for decade in range(5) for step in _IN_A_DECADE), *_LONG)
"""Seconds: from the lag of a healthy generator to a report that waited for hours; 10 is the default request timeout. From 0.1 ms to
10 s each bound is at most a seventh above the one before, and so is the error of a quantile that is read from them. Above, it is a
third; below, two fifths."""
_IN_A_GROUPS_DECADE = (100, 140, 200, 280, 355, 500, 710)
GROUP_TIME_BOUNDS = (
    *(step * 10**decade / 10**6 for decade in range(5) for step in _IN_A_GROUPS_DECADE),
    *(10, 15, 20, 30, 40, 60, 90, 120, 180, 300, 400, 600, 900, 1800, 3600),
)
"""Those of groups of VMs, which may be dozens: fewer series, and less exact quantiles, by two fifths up to 10 s. They are a subset
of the others."""
Rows = Sequence[tuple[str, float]]
"""A histogram as it is shown: the text of each bound, and how many values are at most that; +Inf is the last."""


class Bounds:
    """The bounds of a histogram, ascending. `limit_of` gives the largest of the values to be counted that is within a bound."""

    def __init__(self, bounds: Iterable[float], limit_of: Callable[[float], int]) -> None:
        ascending = list(bounds)
        self._limits = [limit_of(bound) for bound in ascending]
        self._texts = [*(repr(float(bound)) for bound in ascending), "+Inf"]

    def rows(self, ascending: Sequence[int], counts: Iterable[int], beyond: int = 0) -> Rows:
        """How many of the values are within each bound; there are so many of each, and `beyond` are above all of them."""
        reached = list(accumulate(counts, initial=0))
        within = [reached[bisect_right(ascending, limit)] for limit in self._limits]
        return tuple(zip(self._texts, (*within, reached[-1] + beyond), strict=True))


def _cell(seconds: float) -> int:
    """Of the cells of a histogram of times: the last one that ends at a bound or below it."""
    return bucket_of(round(seconds * SECOND) + 1) - 1


_TIMES, _GROUP_TIMES = Bounds(TIME_BOUNDS, _cell), Bounds(GROUP_TIME_BOUNDS, _cell)


def group_time_rows(histogram: Histogram, beyond: int = 0) -> Rows:
    """Times by GROUP_TIME_BOUNDS; `beyond` counts those longer than any."""
    return _GROUP_TIMES.rows(*histogram.in_order(), beyond)


def times(name: str, meaning: str, histogram: Histogram, beyond: int | None = None) -> Metric:
    """A histogram of times. `beyond` counts those longer than any bound; given (also as 0), there is no sum."""
    rows = _TIMES.rows(*histogram.in_order(), beyond or 0)
    return HistogramMetricFamily(
        PREFIX + name, meaning, rows, None if beyond is not None else histogram.total / SECOND, unit="seconds"
    )


def counter(name: str, meaning: str, value: int, *, unit: str = "") -> Metric:
    """A counter without labels."""
    return CounterMetricFamily(PREFIX + name, meaning, value=value, unit=unit)


def counters(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Metric:
    """A counter for each value of a label."""
    family = CounterMetricFamily(PREFIX + name, meaning, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family


def gauge(
    name: str, meaning: str, value: float | None = None, *, labels: Sequence[str] | None = None, unit: str = ""
) -> GaugeMetricFamily:
    """A gauge with a value, or with labels whose values are to be added."""
    return GaugeMetricFamily(PREFIX + name, meaning, value=value, labels=labels, unit=unit)
