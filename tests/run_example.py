"""Results, receipts and totals of runs that never took place, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import Series
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.spread import Spread
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.results.ended import Ended
from vsock_loadgen.results.groups import GroupResult, GroupResults
from vsock_loadgen.results.result import Result, Verdict
from vsock_loadgen.units import MILLISECOND, SECOND

DONE = Ended("duration", None, "2023-11-14T22:13:40+00:00", "2023-11-14T22:13:40+00:00", 0, abandoned=False)
"""The end of a run that was as long as it was to be."""


def histogram_of(*nanoseconds: int) -> Histogram:
    """A histogram that holds these times."""
    made = Histogram()
    for value in nanoseconds:
        made.record(value)
    return made


def times_of(response: int, service: int, lag: int, count: int) -> Times:
    """The clocks of `count` delivered reports that all took the same, in nanoseconds."""
    times = Times()
    times.response.record(response, count)
    times.service.record(service, count)
    times.lag.record(lag, count)
    return times


def snapshot(
    worker: int, at_ns: int, counts: Counts, *, times: Times | None = None, errors: Mapping[FailureClass, str] | None = None
) -> WorkerSnapshot:
    """A worker's snapshot, all in one book, of which only the counts matter unless more is said."""
    return WorkerSnapshot(worker, at_ns, {0: Share(counts, times or Times())}, errors or {}, 0, final=False)


def result_of(counts: Counts, times: Times, errors: Mapping[FailureClass, str] | None = None) -> Result:
    """The result of a complete run of the example fleet with these counts and times."""
    series = Series()
    series.add(1_700_000_000, counts, 0, times)
    spread = Spread()
    spread.add(1_700_000_000, times.response, counts.asked)
    return Result(
        config={"vmCount": EXAMPLE.vm_count},
        plan=plan_document(plan_of(EXAMPLE)),
        slice={"node_index": 0, "node_count": 1, "first_vm": 0, "vms": 200, "first_cid": 3},
        started_at="2023-11-14T22:13:20+00:00",
        elapsed_ns=20 * SECOND,
        counts=counts,
        times=times,
        series=series.rows(),
        series_width_seconds=series.width_seconds,
        spread=spread.columns(),
        spread_width_seconds=spread.width_seconds,
        errors=errors or {},
        confirmation="strong",
        complete=True,
        ended=DONE,
        verdict=Verdict("passed", (), 0),
        receiver=None,
        generator={"workers": 1},
        environment={"python": "3.11.7"},
    )


def group_of(name: str, low: float | None, high: float | None, counts: Counts, times: Times, **changes: object) -> GroupResult:
    """A group of 10 VMs, of which the fleet has 20."""
    return replace(GroupResult(name, name, low, high, 10.0, 10, 20, counts, times), **changes)  # type: ignore[arg-type]


def by_packages(*groups: GroupResult) -> GroupResults:
    """Groups of a fleet that has one interval and no profiles."""
    whole = sum((group.counts for group in groups), Counts()), sum((group.times for group in groups), Times())
    return GroupResults(groups, (group_of("30s", 30, 30, *whole),), ())


FAILED = Counts(
    due=1_234_567,
    started=1_234_000,
    delivered=1_230_000,
    skipped=500,
    unfinished=67,
    bytes=530_000_000_000,
    failures={FailureClass.TIMEOUT: 3_000, FailureClass.RESET: 1_000},
)


def failed_result() -> Result:
    """A long run with failures of two classes, skipped and unfinished reports."""
    times = times_of(1_234 * MILLISECOND, 987 * MILLISECOND, 1_234_000, FAILED.delivered)
    errors = {
        FailureClass.TIMEOUT: "not delivered within 10s: 262,144 of 414,000 bytes were taken by unix:///run/" + "x" * 80,
        FailureClass.RESET: "[Errno 104] Connection reset by peer [bold]not markup[/] [/red] :100: \\",
    }
    made = result_of(FAILED, times, errors)
    return replace(made, verdict=Verdict("invalid", ("worker 1 was lost: [red]its part[/] of the load was not sent [/]",), 1))
