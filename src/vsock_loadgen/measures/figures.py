"""The figures of a run that limits may be set on, and results compared by: those of METRICS, which a result shows, and any other
percentile of a clock.

A figure is of the due reports whose fate is known, so that it means the same while
the run goes on as at its end, when all fates are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import add, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vsock_loadgen.percentiles import percentile_name, percentile_of
from vsock_loadgen.units import SECOND

if TYPE_CHECKING:
    from vsock_loadgen.measures.histogram import Histogram
    from vsock_loadgen.measures.snapshot import Counts, Times

Operator = Literal["<", "<=", ">", ">="]
Unit = Literal["seconds", "percent", "per_second"]
"""What a figure is counted in."""

COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Measurable(Protocol):
    """What figures are taken from: the totals of a run, or its result."""

    @property
    def counts(self) -> Counts:
        """Reports by outcome."""

    @property
    def times(self) -> Times:
        """The three clocks."""

    @property
    def elapsed_ns(self) -> int:
        """Nanoseconds from the start of the schedule."""


@dataclass(frozen=True, slots=True)
class PartFigures:
    """What fell due in one part of a run, a phase of load or a group of VMs: figures are taken from it as from the run."""

    counts: Counts
    times: Times
    elapsed_ns: int

    @classmethod
    def together(cls, parts: Sequence[Measurable]) -> PartFigures:
        """Several parts of the same run as one; at least one."""
        counts, times = (reduce(add, (getattr(part, name) for part in parts)) for name in ("counts", "times"))
        return cls(counts, times, parts[0].elapsed_ns)


class MeasuredRun(Measurable, Protocol):
    """A run, as a whole and by its parts."""

    def part(self, dimension: str, name: str) -> Measurable | None:
        """What fell due in the part of that name in a dimension of `Cells`; None if there is none, or it has no VMs here."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that a threshold may be about. `value` is in `unit`, exact; None if there is none, or it is beyond any number:
    a time that falls among reports that were not delivered."""

    name: str
    unit: Unit
    meaning: str
    value: Callable[[Measurable], Fraction | None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Clock:
    """What times are taken of. `beyond` counts the reports that are longer than any time recorded."""

    name: str
    meaning: str
    histogram_of: Callable[[Times], Histogram]
    beyond: Callable[[Counts], int]

    def figure(self, point: str) -> Metric | None:
        """The figure of a point: `max`, `mean` or a percentile; None if it is none of these."""
        if point == "mean":
            return self._metric(point, self._mean)
        at = Fraction(100) if point == "max" else percentile_of(point)
        if at is None:
            return None
        share = float(at / 100)
        return self._metric(_point_of(at), lambda measured: _seconds(self._quantile(measured, share)))

    def _metric(self, point: str, value: Callable[[Measurable], Fraction | None]) -> Metric:
        return Metric(f"{self.name}.{point}", "seconds", self.meaning, value)

    def _quantile(self, measured: Measurable, share: float) -> int | None:
        return self.histogram_of(measured.times).quantile(share, self.beyond(measured.counts))

    def _mean(self, measured: Measurable) -> Fraction | None:
        histogram = self.histogram_of(measured.times)
        return None if self.beyond(measured.counts) or not histogram.count else Fraction(histogram.total, histogram.count * SECOND)


SHOWN_POINTS = ("p50", "p95", "p99", "p999", "max", "mean")
"""Of a clock's figures, those that a result shows."""
_NAMES = {percentile_of(point): point for point in SHOWN_POINTS} | {Fraction(100): "max"}
_CLOCKS = {
    clock.name: clock
    for clock in (
        _Clock("response_time", "from due to delivered, every due report", lambda t: t.response, lambda c: c.unanswered),
        _Clock(
            "service_time", "from start to delivered, every started report", lambda t: t.service, lambda c: c.started_undelivered
        ),
        _Clock("lag", "from due to start, every started report", lambda t: t.lag, lambda _: 0),
    )
}
CLOCKS = tuple(_CLOCKS)


def _point_of(at: Fraction) -> str:
    """A percentile under its name in the result, if the result has it."""
    return _NAMES.get(at) or percentile_name(at)


def _seconds(nanoseconds: int | None) -> Fraction | None:
    return None if nanoseconds is None else Fraction(nanoseconds, SECOND)


def _percent_metric(name: str, meaning: str, count_of: Callable[[Counts], int]) -> Metric:
    def percent(measured: Measurable) -> Fraction | None:
        settled = measured.counts.settled
        return Fraction(100 * count_of(measured.counts), settled) if settled else None

    return Metric(name, "percent", meaning, percent)


def _reports_per_second(measured: Measurable) -> Fraction | None:
    return Fraction(measured.counts.delivered * SECOND, measured.elapsed_ns) if measured.elapsed_ns else None


METRICS = {
    metric.name: metric
    for metric in (
        *(figure for clock in _CLOCKS.values() for figure in map(clock.figure, SHOWN_POINTS) if figure),
        _percent_metric("delivered_percent", "delivered reports in percent of due ones", lambda c: c.delivered),
        _percent_metric("failed_percent", "failed reports in percent of due ones", lambda c: c.failed),
        _percent_metric("skipped_percent", "skipped reports in percent of due ones", lambda c: c.skipped),
        _percent_metric("unfinished_percent", "reports unfinished at the end in percent of due ones", lambda c: c.unfinished),
        Metric("reports_per_second", "per_second", "delivered reports per second, over the whole run", _reports_per_second),
    )
}
"""Every figure that is shown, by its name."""


def metric_named(name: str) -> Metric | None:
    """The figure of a name, including any percentile of a clock; None if there is none."""
    clock, _, point = name.partition(".")
    return METRICS.get(name) or (_CLOCKS[clock].figure(point) if clock in _CLOCKS else None)
