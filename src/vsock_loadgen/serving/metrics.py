"""The run as Prometheus sees it. The names are a contract: those of the older tool stay, with their meaning.

The rules it keeps:
- what is shown is a copy that `update` puts in place in one go, so that a scrape sees one moment of the run, never half of two;
- every label value is there from the start, with 0, so that a rate has a beginning;
- a histogram's bound counts a report only where all times of its (0.1 % wide) cell are within the bound: one that lies just
  below a bound may be counted above it, never the other way round;
- the response time counts undelivered reports as longer than any bound, so that a target that stalls cannot look better. A sum
  of such times does not exist, so that histogram has neither `_sum` nor `_count`: its `+Inf` bucket is the count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from fractions import Fraction

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from vsock_loadgen import __version__
from vsock_loadgen.cluster.watch import NodeChange
from vsock_loadgen.measures.histogram import Histogram, bucket_bounds
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.transport.web import Request, Response
from vsock_loadgen.units import SECOND, format_duration

PREFIX = "vsock_loadgen_"
TIME_BOUNDS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    *(10, 15, 20, 30, 60, 120, 300, 600, 3600),
)
"""Seconds: from a report on a fast machine to one that waited for hours; 10 is the default of the request timeout."""
PACKAGE_BOUNDS = (
    *(1, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000),
    *(7500, 10_000, 20_000, 50_000, 100_000),
)
INTERVAL_BOUNDS = (
    *(0.01, 0.1, 0.5, 1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300),
    *(600, 900, 1800, 3600, 86_400),
)
"""Seconds: the older tool's, and longer ones."""


@dataclass(frozen=True, slots=True)
class Published:
    """One moment of the run; nothing in it changes any more."""

    counts: Counts = field(default_factory=Counts)
    times: Times = field(default_factory=Times)
    packages: Mapping[int, int] = field(default_factory=dict)
    intervals: Mapping[int, int] = field(default_factory=dict)
    is_saturated: bool = False
    nodes_added: int = 0
    nodes_gone: int = 0


class Metrics(Collector):
    """Shows a run to Prometheus: an observer on one side, a collector and a page on the other."""

    def __init__(
        self, plan: Plan, mine: NodeSlice, watch: SaturationWatch, node_change: Callable[[], NodeChange] = NodeChange
    ) -> None:
        self._watch = watch
        self._node_change = node_change
        self._published = Published()
        self._fixed = tuple(fleet_metrics(plan, mine))
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def update(self, totals: RunTotals) -> None:
        """Show this moment of the run from now on."""
        nodes = self._node_change()
        self._published = Published(
            totals.counts,
            Times(*map(_copy, totals.times)),
            dict(totals.packages),
            dict(totals.intervals),
            self._watch.found is not None,
            len(nodes.added),
            len(nodes.gone),
        )

    def collect(self) -> Iterator[Metric]:
        """Every family, with every label value. May be called from any thread."""
        now = self._published
        yield from _count_metrics(now)
        yield from _time_metrics(now)
        yield from self._fixed

    def page(self, request: Request) -> Response:
        """The exposition: OpenMetrics to who asks for it, the text format to others."""
        encode, content_type = choose_encoder(request.accept)
        return Response(encode(self._registry), content_type)


def _copy(histogram: Histogram) -> Histogram:
    return Histogram(dict(histogram.counts), histogram.total, histogram.largest)


def _count_metrics(now: Published) -> Iterator[Metric]:
    due, *others = [each for each in fields(now.counts) if each.metadata.get("metric")]
    yield _own_metric(due, now.counts)
    yield from _fates(now.counts)
    for each in sorted(others, key=lambda each: bool(each.metadata["is_gauge"])):
        yield _own_metric(each, now.counts)
    yield _gauge(
        "saturated",
        "1 once the 99th percentile of the schedule lag passed lagLimit in some 10 s: the run proves nothing about the target.",
        int(now.is_saturated),
    )
    changes = _gauge(
        "node_changes",
        "Worker nodes that have come (added) or gone since the run began. Not 0: the slices are no longer those of the cluster.",
        labels=("change",),
    )
    changes.add_metric(("added",), now.nodes_added)
    changes.add_metric(("gone",), now.nodes_gone)
    yield changes


def _own_metric(count: Field[int], counts: Counts) -> Metric:
    """The metric of one of the counts, as its field says it."""
    name, meaning, value = count.name, count.metadata["metric"], getattr(counts, count.name)
    if count.metadata["is_gauge"]:
        return _gauge(name, meaning, value)
    return _counter(name if name == "bytes" else f"reports_{name}", meaning, value, unit="bytes" if name == "bytes" else "")


def _fates(counts: Counts) -> Iterator[Metric]:
    """Reports that came to an end, by the older tool's classes and by this one's."""
    by_result = Counter(dict.fromkeys(("success", *(failure.record.older_label for failure in FailureClass), "context"), 0))
    by_result.update({"success": counts.delivered, "context": counts.unfinished})
    for failure, count in counts.failures.items():
        by_result[failure.record.older_label] += count
    yield _counters(
        "requests",
        "Reports that came to an end: success is delivered, dial got no connection, write lost it, "
        "context was unfinished when the run ended, send is every other failure.",
        "result",
        by_result,
    )
    by_class = {str(failure): counts.failures.get(failure, 0) for failure in FailureClass}
    yield _counters("failures", "Reports that were not delivered, by class of failure.", "class", by_class)


def _time_metrics(now: Published) -> Iterator[Metric]:
    yield _times(
        "response_time_seconds",
        "From due to delivered, over all reports that came to an end; one not delivered is above every bound. Has no _sum.",
        now.times.response,
        now.counts.undelivered,
    )
    yield _times("request_latency_seconds", "Service time: from the first connect attempt to delivered.", now.times.service)
    yield _times("schedule_lag_seconds", "From due to the first connect attempt: the generator's own lateness.", now.times.lag)
    yield _values("packages_reported", "Packages of delivered reports.", now.packages, PACKAGE_BOUNDS)
    yield _values(
        "report_interval_seconds",
        "Report interval of the VM of each delivered report, after timeScale and without jitter.",
        now.intervals,
        INTERVAL_BOUNDS,
        unit_size=SECOND,
        unit="seconds",
    )


def fleet_metrics(plan: Plan, mine: NodeSlice) -> Iterator[Metric]:
    """What does not change while a run goes on: the fleet as planned, and this process's slice of it."""
    yield _gauge("vms", "VMs of this process's slice of the fleet.", mine.vms)
    yield _gauge("nodes", "Nodes that share the fleet, as this process counts them: the same on every node.", len(plan.nodes))
    yield _gauge("fleet_vms", "VMs of the whole fleet, which the slices of all nodes add up to.", plan.fleet.vm_count)
    sliced = _gauge(
        "bucket_vms", "VMs of this process's slice in each bucket or profile of the config.", labels=("dimension", "bucket")
    )
    fleet = _gauge(
        "fleet_bucket_vms",
        "VMs of the whole fleet in each bucket or profile: its exact share as configured, and the whole VMs that it was assigned.",
        labels=("dimension", "bucket", "share"),
    )
    for division in _divisions(plan):
        _add_division(sliced, fleet, division, mine)
    yield sliced
    yield fleet
    yield from _statistics("packages", "packages per VM", plan.packages, 1, "")
    yield from _statistics("interval", "the report interval", plan.report_interval, SECOND, "seconds")
    yield _gauge("time_scale", "What report intervals are divided by; the interval gauges are before that.", float(plan.time_scale))
    identity = {"seed": str(plan.seed), "digest": plan.fleet.digest()}
    yield InfoMetricFamily(
        f"{PREFIX}plan", "Seed and fingerprint of the fleet: the same on every node, or they do not share one.", identity
    )
    yield InfoMetricFamily(f"{PREFIX}build", "Version of the tool.", {"version": __version__})


@dataclass(frozen=True, slots=True)
class Division:
    """One way in which the config divides the fleet. `parts` are (name, exact share in percent, VMs); `part_of` has the number of
    every VM's part."""

    dimension: str
    parts: Sequence[tuple[str, Fraction, int]]
    part_of: Sequence[int]


def _divisions(plan: Plan) -> Iterator[Division]:
    """Those by value, where it is given by buckets, and by profile."""
    fleet = plan.fleet
    yield Division("packages", _buckets(plan.packages, str), fleet.packages.buckets)
    yield Division("report_interval", _buckets(plan.report_interval, format_duration), fleet.report_interval.buckets)
    yield Division("profile", [(row.name, row.percent, row.vms) for row in plan.profiles], fleet.profile)


def _buckets(attribute: Attribute, show: Callable[[int], str]) -> list[tuple[str, Fraction, int]]:
    return [
        (f"distribution {number}" if row.value is None else show(row.value), row.percent, row.vms)
        for number, row in enumerate(attribute.buckets, 1)
    ]


def _add_division(sliced: GaugeMetricFamily, fleet: GaugeMetricFamily, division: Division, mine: NodeSlice) -> None:
    here = Counter(division.part_of[index] for index in mine.indices())
    vm_count = len(division.part_of)
    ours: Counter[str] = Counter()
    configured: dict[str, float] = {}
    assigned: Counter[str] = Counter()
    for number, (name, percent, vms) in enumerate(division.parts):
        # Buckets of one value are one to Prometheus, since a set of labels may come only once.
        ours[name] += here[number]
        configured[name] = configured.get(name, 0) + float(percent * vm_count / 100)
        assigned[name] += vms
    for name in configured:
        sliced.add_metric((division.dimension, name), ours[name])
        fleet.add_metric((division.dimension, name, "configured"), configured[name])
        fleet.add_metric((division.dimension, name, "assigned"), assigned[name])


def _statistics(name: str, what: str, attribute: Attribute, unit_size: int, unit: str) -> Iterator[Metric]:
    statistics = attribute.statistics
    values = {"mean": statistics.mean, "p50": statistics.p50, "p95": statistics.p95, "p99": statistics.p99}
    for kind, value in values.items():
        shown = "Mean" if kind == "mean" else f"Percentile {kind[1:]}"
        full = f"{name}_{kind}_{unit}" if unit else f"{name}_{kind}"
        yield _gauge(full, f"{shown} of {what} over the whole fleet.", value / unit_size, unit=unit)


def _counter(name: str, meaning: str, value: int, *, unit: str = "") -> Metric:
    return CounterMetricFamily(PREFIX + name, meaning, value=value, unit=unit)


def _counters(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, meaning, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family


def _gauge(
    name: str, meaning: str, value: float | None = None, *, labels: Sequence[str] | None = None, unit: str = ""
) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, meaning, value=value, labels=labels, unit=unit)


def _times(name: str, meaning: str, histogram: Histogram, beyond: int | None = None) -> Metric:
    """A histogram of times. `beyond` counts those longer than any bound; given (also as 0), there is no sum."""
    cells = ((bucket_bounds(bucket)[1] - 1, count) for bucket, count in histogram.counts.items())
    rows = cumulative(cells, TIME_BOUNDS, SECOND, beyond or 0)
    return HistogramMetricFamily(
        PREFIX + name, meaning, rows, None if beyond is not None else histogram.total / SECOND, unit="seconds"
    )


def _values(
    name: str, meaning: str, counts: Mapping[int, int], bounds: Sequence[float], *, unit_size: int = 1, unit: str = ""
) -> Metric:
    """A histogram of values that are known exactly."""
    total = sum(value * count for value, count in counts.items())
    return HistogramMetricFamily(
        PREFIX + name, meaning, cumulative(counts.items(), bounds, unit_size, 0), total / unit_size, unit=unit
    )


def cumulative(values: Iterable[tuple[int, int]], bounds: Sequence[float], unit_size: int, beyond: int) -> list[tuple[str, float]]:
    """How many of (value, count) pairs are at most each bound, as pairs of the bound's text and the count; +Inf is the last.

    Bounds ascend, in units of `unit_size`; `beyond` are above all of them.
    """
    ascending = sorted(values)
    rows: list[tuple[str, float]] = []
    reached = position = 0
    for bound in bounds:
        limit = round(bound * unit_size)
        while position < len(ascending) and ascending[position][0] <= limit:
            reached += ascending[position][1]
            position += 1
        rows.append((repr(float(bound)), reached))
    rest = sum(count for _, count in ascending[position:])
    return [*rows, ("+Inf", reached + rest + beyond)]
