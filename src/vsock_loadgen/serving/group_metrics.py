"""The groups of VMs as Prometheus sees them: by packages and by report interval as buckets of a dimension, and by profile.

Nodes of one fleet have the same groups, so that their figures can be added up. The groups' figures are of one moment of the run,
like all that is shown, but not always the newest: they are taken at most every 2 s, and in at most 5 % of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric

from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.serving.families import PREFIX, Rows, gauge, group_time_rows
from vsock_loadgen.serving.value_metrics import value_histograms
from vsock_loadgen.units import SECOND

LEAST_PAUSE_NS = 2 * SECOND
_PAUSES = 19
"""The least pause after figures were taken, in units of the time that it took."""
_BY_VALUE = ("packages", "report_interval")
_PROFILE = "profile"
_NO_TIMES = group_time_rows(Histogram())


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The fates of a group's reports, and the response times of those that ended."""

    due: int = 0
    delivered: int = 0
    failed: int = 0
    response: Rows = _NO_TIMES


Figures = Mapping[str, Sequence[GroupFigures]]
"""The figures of the groups of each dimension, in the order of the plan."""


class GroupMetrics:
    """Takes the figures of the groups of a plan from a run, and makes metrics of them."""

    def __init__(self, plan: Plan, clock_ns: Callable[[], int]) -> None:
        self._ids = {name: [group.id for group in dimension.groups] for name, dimension in plan.groups.dimensions.items()}
        self._values = value_histograms(plan)
        self._clock_ns = clock_ns
        self._next_ns = clock_ns()
        self.figures: Figures = {name: [GroupFigures()] * len(ids) for name, ids in self._ids.items()}
        """The latest figures; at the beginning 0."""

    def update(self, totals: RunTotals, *, is_final: bool) -> None:
        """Take new figures, if it is time to, or if they are the last."""
        began_ns = self._clock_ns()
        if began_ns < self._next_ns and not is_final:
            return
        self.figures = {**self.figures, **{name: [_figures(part) for part in totals.parts(name)] for name in totals.cells.groups}}
        ended_ns = self._clock_ns()
        self._next_ns = ended_ns + max(LEAST_PAUSE_NS, _PAUSES * (ended_ns - began_ns))

    def families(self, figures: Figures) -> Iterator[Metric]:
        """The metrics of the figures taken. May be called from any thread."""
        for values in self._values:
            yield values.metric([each.delivered for each in figures[values.dimension]])
        buckets = [((name, bucket), each) for name in _BY_VALUE for bucket, each in self._by_id(figures, name)]
        yield from _families("bucket", "group of their VM (packages, report interval)", ("dimension", "bucket"), buckets)
        if self._ids[_PROFILE]:
            profiles = [((profile,), each) for profile, each in self._by_id(figures, _PROFILE)]
            yield from _families("profile", "profile of their VM", ("profile",), profiles)

    def _by_id(self, figures: Figures, name: str) -> Iterator[tuple[str, GroupFigures]]:
        return zip(self._ids[name], figures[name], strict=True)


def _figures(part: PartFigures) -> GroupFigures:
    counts = part.counts
    return GroupFigures(counts.due, counts.delivered, counts.failed, group_time_rows(part.times.response, counts.unanswered))


def _families(scope: str, part: str, labels: Sequence[str], rows: Sequence[tuple[Sequence[str], GroupFigures]]) -> Iterator[Metric]:
    meanings = {
        "due": f"Reports that were due, by {part}.",
        "delivered": f"Delivered reports, by {part}.",
        "failed": f"Failed reports of all classes, by {part}.",
    }
    for name, meaning in meanings.items():
        family = CounterMetricFamily(f"{PREFIX}{scope}_reports_{name}", meaning, labels=labels)
        for values, figures in rows:
            family.add_metric(values, getattr(figures, name))
        yield family
    meaning = f"As response_time_seconds, by {part}. Has no _sum."
    histogram = HistogramMetricFamily(f"{PREFIX}{scope}_response_time_seconds", meaning, labels=labels, unit="seconds")
    for values, figures in rows:
        histogram.add_metric(values, figures.response, None)
    yield histogram


def vms_of_groups(plan: Plan, mine: NodeSlice) -> Iterator[Metric]:
    """The VMs of every group, in a slice of the fleet and in the whole."""
    sliced = gauge("bucket_vms", "VMs of this process's slice in each group of the fleet.", labels=("dimension", "bucket"))
    fleet = gauge(
        "fleet_bucket_vms",
        "VMs of the whole fleet in each group: its exact share as configured, and the whole VMs that it was assigned.",
        labels=("dimension", "bucket", "share"),
    )
    for name, dimension in plan.groups.dimensions.items():
        for group, vms in zip(dimension.groups, dimension.vms(mine.indices()), strict=True):
            sliced.add_metric((name, group.id), vms)
            fleet.add_metric((name, group.id, "configured"), float(group.percent * plan.fleet.vm_count / 100))
            fleet.add_metric((name, group.id, "assigned"), group.fleet_vms)
    yield sliced
    yield fleet
