"""The run as Prometheus sees it. The names are a contract: those of the predecessor stay, with their meaning.

The rules it keeps:
- what is shown is a copy that `update` puts in place in one go, so that a scrape sees one moment of the run, never half of two; the
  figures of groups of VMs may be of an earlier moment, but all of them of one (`group_metrics`);
- every label value is there from the start, with 0, so that a rate has a beginning;
- a histogram's bound counts a report only if all times of its (0.1 % wide) cell are within the bound: a time just below a bound may
count above it, never the reverse;
- the response time counts undelivered reports as longer than any bound, so that a target that stalls cannot look better. A sum
  of such times does not exist, so that histogram has neither `_sum` nor `_count`: its `+Inf` bucket is the count.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, fields
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from vsock_loadgen import __version__
from vsock_loadgen.cluster.watch import NodeChange
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.ending import Cause
from vsock_loadgen.measures.outcome import Mode, classes_of
from vsock_loadgen.measures.recent import Recent
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.results.clocks import ClockStep, in_all
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.serving.families import PREFIX, counter, counters, gauge, times
from vsock_loadgen.serving.group_metrics import Figures, GroupMetrics, vms_of_groups
from vsock_loadgen.serving.watched_metrics import phase_metric, recent_metrics, standing_metrics
from vsock_loadgen.transport.web import Request, Response
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Published:
    """One moment of the run; nothing in it changes any more."""

    counts: Counts
    times: Times
    groups: Figures
    is_saturated: bool
    recent: Recent
    standing: Standing
    phase: str
    nodes: NodeChange
    clock_steps: tuple[ClockStep, ...] = ()
    known_vms: int = 0
    result: Result | None = None
    """The final one, once there is one."""


class Metrics(Collector):
    """Shows a run to Prometheus: an observer on one side, a collector and a page on the other."""

    def __init__(
        self,
        plan: Plan,
        mine: NodeSlice,
        watch: SaturationWatch,
        node_change: Callable[[], NodeChange] = NodeChange,
        clock_steps: Callable[[], tuple[ClockStep, ...]] = tuple,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        mode: Mode = "push",
        standing: Callable[[], Standing] = Standing,
        recent: Callable[[], Recent] = Recent,
    ) -> None:
        self._watch = watch
        self._mode = mode
        self._node_change = node_change
        self._clock_steps = clock_steps
        self._standing = standing
        self._shape = plan.shape
        self._recent = recent
        self._groups = GroupMetrics(plan, clock_ns)
        self._published = Published(
            Counts(), Times(), self._groups.figures, False, Recent(), standing(), phase="", nodes=NodeChange()
        )
        self._fixed = tuple(fleet_metrics(plan, mine))
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def update(self, totals: RunTotals, result: Result | None = None) -> None:
        """Show this moment of the run; with the final `result`, its end. For groups, it is the latest moment that was taken, and at
        the end this one."""
        self._groups.update(totals, is_final=result is not None)
        self._published = Published(
            totals.counts,
            totals.times,
            self._groups.figures,
            self._watch.found is not None,
            self._recent() if result is None else Recent(),
            self._standing() if result is None else Standing(result.thresholds, result.verdict),
            self._phase(totals),
            self._node_change(),
            self._clock_steps(),
            totals.knowledge.known_vms if totals.knowledge else 0,
            result,
        )

    def _phase(self, totals: RunTotals) -> str:
        """The current phase of load; none before the run or once nothing falls due any more."""
        if self._shape is None or totals.is_ending or totals.schedule_ns <= 0:
            return ""
        return self._shape.names[self._shape.phase_at(totals.schedule_ns)]

    def collect(self) -> Iterator[Metric]:
        """Every family, with every label value. May be called from any thread."""
        now = self._published
        yield from _count_metrics(now, self._mode)
        yield from _end_metrics(now.result)
        yield from _time_metrics(now)
        yield from recent_metrics(now.recent)
        yield from standing_metrics(now.standing)
        if self._shape is not None:
            yield phase_metric(self._shape.names, now.phase)
        if self._mode == "pull":
            yield gauge("known_vms", "VMs of which a report was taken in this run: the asker knows them.", now.known_vms)
        yield from self._groups.families(now.groups)
        yield from self._fixed

    def page(self, request: Request) -> Response:
        """The exposition: OpenMetrics if requested, else the text format."""
        encode, content_type = choose_encoder(request.accept)
        return Response(encode(self.registry), content_type)


def _count_metrics(now: Published, mode: Mode) -> Iterator[Metric]:
    due, *others = [each for each in fields(now.counts) if each.metadata.get("metric")]
    yield _own_metric(due, now.counts)
    yield from _fates(now.counts) if mode == "push" else _askings(now.counts)
    yield _failures(now.counts, mode)
    for each in sorted(others, key=lambda each: bool(each.metadata["is_gauge"])):
        yield _own_metric(each, now.counts)
    yield gauge(
        "saturated",
        "1 once the 99th percentile of the schedule lag exceeded lagLimit in some 10 s: the run proves nothing about the target.",
        int(now.is_saturated),
    )
    changes = gauge(
        "node_changes",
        "Worker nodes added or gone since the run began. If not 0, the slices are no longer those of the cluster.",
        labels=("change",),
    )
    changes.add_metric(("added",), len(now.nodes.added))
    changes.add_metric(("gone",), len(now.nodes.gone))
    yield changes
    yield _parted(now.clock_steps)


def _parted(steps: tuple[ClockStep, ...]) -> Metric:
    """How far the clocks have drifted apart."""
    parted = gauge(
        "clocks_parted_seconds",
        "How far the wall clock has moved against the schedule's: by a suspension, or a setting (back is negative).",
        labels=("by",),
        unit="seconds",
    )
    for cause, parted_ns in zip(("suspension", "setting"), in_all(steps), strict=True):
        parted.add_metric((cause,), parted_ns / SECOND)
    return parted


def _end_metrics(result: Result | None) -> Iterator[Metric]:
    """How the run ended, once it has."""
    ended = result.ended if result else None
    causes = gauge("ended", "1 for the reason why the run ended, once it is over.", labels=("by",))
    for cause in get_args(Cause):
        causes.add_metric((cause,), int(ended is not None and ended.by == cause))
    yield causes
    yield gauge(
        "complete",
        "1 once the run has reached the end of its schedule with every worker.",
        int(result is not None and result.complete),
    )
    left_ns = (ended.left_ns if ended else None) or 0
    yield gauge(
        "schedule_left_seconds", "What was left of the schedule when the run was stopped.", left_ns / SECOND, unit="seconds"
    )


def _own_metric(count: Field[int], counts: Counts) -> Metric:
    """The metric of one of the counts, as its field says it."""
    name, meaning, value = count.name, count.metadata["metric"], getattr(counts, count.name)
    if count.metadata["is_gauge"]:
        return gauge(name, meaning, value)
    return counter(name if name == "bytes" else f"reports_{name}", meaning, value, unit="bytes" if name == "bytes" else "")


def _fates(counts: Counts) -> Iterator[Metric]:
    """Finished reports, by the predecessor's classes and by this tool's."""
    by_result = Counter(dict.fromkeys(("success", *(failure.record.older_label for failure in classes_of("push")), "context"), 0))
    by_result.update({"success": counts.delivered, "context": counts.unfinished})
    for failure, count in counts.failures.items():
        by_result[failure.record.older_label] += count
    yield counters(
        "requests",
        "Finished reports: success is delivered, dial got no connection, write lost it, "
        "context was unfinished at the end of the run, send is any other failure.",
        "result",
        by_result,
    )


def _askings(counts: Counts) -> Iterator[Metric]:
    """Askings of a fleet that is asked, by outcome."""
    by_end = {str(way): counts.asked.get(way, 0) for way in Asked}
    yield counters("askings", "Finished askings, by outcome: whole took the report.", "end", by_end)
    yield gauge("askings_under_way", "Askings that have not ended.", counts.asking)
    yield counter("reports_taken_again", "Whole reports that were taken again.", counts.again)


def _failures(counts: Counts, mode: Mode) -> Metric:
    by_class = {str(failure): counts.failures.get(failure, 0) for failure in classes_of(mode)}
    return counters("failures", "Reports that were not delivered, by class of failure.", "class", by_class)


def _time_metrics(now: Published) -> Iterator[Metric]:
    yield times(
        "response_time_seconds",
        "From due to delivered, over all finished reports; one not delivered is above every bound. Has no _sum.",
        now.times.response,
        now.counts.unanswered,
    )
    yield times("request_latency_seconds", "Service time: from the first connect attempt to delivered.", now.times.service)
    yield times("schedule_lag_seconds", "From due to the first connect attempt: the generator's own lateness.", now.times.lag)


def fleet_metrics(plan: Plan, mine: NodeSlice) -> Iterator[Metric]:
    """What does not change during a run: the fleet as planned, and this process's slice of it."""
    yield gauge("vms", "VMs of this process's slice of the fleet.", mine.vms)
    yield gauge("nodes", "Nodes that share the fleet, as this process counts them: the same on every node.", len(plan.nodes))
    yield gauge("fleet_vms", "VMs of the whole fleet: the sum of all nodes' slices.", plan.fleet.vm_count)
    yield from vms_of_groups(plan, mine)
    yield from _statistics("packages", "packages per VM", plan.packages, 1, "")
    yield from _statistics("interval", "the report interval", plan.report_interval, SECOND, "seconds")
    yield gauge("time_scale", "Divisor of report intervals; the interval gauges are before the division.", float(plan.time_scale))
    identity = {"seed": str(plan.seed), "digest": plan.fleet.digest()}
    yield InfoMetricFamily(
        f"{PREFIX}plan", "Seed and fingerprint of the fleet: the same on every node, or they do not share one.", identity
    )
    yield InfoMetricFamily(f"{PREFIX}build", "Version of the tool.", {"version": __version__})


def _statistics(name: str, what: str, attribute: Attribute, unit_size: int, unit: str) -> Iterator[Metric]:
    statistics = attribute.statistics
    values = {"mean": statistics.mean, "p50": statistics.p50, "p95": statistics.p95, "p99": statistics.p99}
    for kind, value in values.items():
        shown = "Mean" if kind == "mean" else f"Percentile {kind[1:]}"
        full = f"{name}_{kind}_{unit}" if unit else f"{name}_{kind}"
        yield gauge(full, f"{shown} of {what} over the whole fleet.", value / unit_size, unit=unit)
