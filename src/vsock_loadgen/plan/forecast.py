"""What the schedule will ask of the target and of this machine, worked out before anything is sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from vsock_loadgen.plan.fleet import Fleet
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import SECOND

MOST_EVENTS = 400_000
ReportBytes = Callable[[int, int], int]
"""(global index of the VM, packages) -> bytes of its report."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Load of the whole fleet, time scale applied. Rates are per second.

    `peak_at_seconds` is the start of the busiest whole second of the first `horizon_seconds`, which is how far the schedule was
    run. `packages_per_report` weighs every VM by how often it reports, `packages_per_vm` does not.
    """

    reports_per_second: float
    bytes_per_second: float
    peak_reports_per_second: int
    peak_at_seconds: int
    horizon_seconds: int
    reports: int | None
    packages_per_vm: float
    packages_per_report: float
    largest_report_bytes: int
    shortest_interval_seconds: float


def forecast(fleet: Fleet, schedule: Schedule, *, duration_ns: int, report_bytes: ReportBytes, zero_wall_ns: int = 0) -> Forecast:
    """The forecast for a schedule that holds the whole fleet. `duration_ns` 0 means no end.

    `zero_wall_ns` is the wall clock at the start; where it is not known yet, 0: a start on every grid at once.

    Mean rates are sums over the VMs; the peak comes from running the schedule for at most MOST_EVENTS reports. `reports` is their
    exact number over the whole run where that many suffice, else None.
    """
    packages = fleet.packages.values
    first_with = {count: index for index, count in reversed(list(enumerate(packages)))}
    sizes = {count: report_bytes(index, count) for count, index in first_with.items()}
    rate = bytes_rate = packages_rate = 0.0
    factors = _factors(schedule, duration_ns)
    for interval_ns, count, cohort in zip(schedule.interval_ns, packages, schedule.cohort, strict=True):
        share = SECOND / interval_ns * factors[cohort]
        rate += share
        bytes_rate += share * sizes[count]
        packages_rate += share * count
    horizon_ns = _horizon_ns(schedule, rate, duration_ns)
    per_second = count_per_second(schedule, horizon_ns, zero_wall_ns) if horizon_ns else array("q", [round(rate)])
    peak = max(per_second)
    return Forecast(
        reports_per_second=rate,
        bytes_per_second=bytes_rate,
        peak_reports_per_second=peak,
        peak_at_seconds=per_second.index(peak),
        horizon_seconds=len(per_second),
        reports=sum(per_second) if horizon_ns and horizon_ns == duration_ns else None,
        packages_per_vm=sum(packages) / len(packages),
        packages_per_report=packages_rate / rate if rate else 0.0,
        largest_report_bytes=max(sizes.values()),
        shortest_interval_seconds=min(schedule.interval_ns) / SECOND,
    )


def _factors(schedule: Schedule, duration_ns: int) -> list[float]:
    """For each cohort, its mean rate over the run (or over one cycle of phases) beside the one that its intervals give.

    Phases change the rate of VMs that keep their own time; synchronised ones they can only switch off.
    """
    shape = schedule.shape
    if shape is None:
        return [1.0] * len(schedule.cohorts)
    return [shape.mean(duration_ns or shape.cycle_ns, with_rate=not cohort.synchronized) for cohort in schedule.cohorts]


def count_per_second(schedule: Schedule, end_ns: int, zero_wall_ns: int) -> array[int]:
    """Reports due in each second from the start up to `end_ns`; at least one second. `zero_wall_ns` is the wall clock's start."""
    counts = array("q", bytes(8 * max(1, -(-end_ns // SECOND))))
    advance = schedule.advance(zero_wall_ns)
    for position in range(len(schedule.indices)):
        for due_ns in schedule.instants(position, end_ns, advance):
            counts[due_ns // SECOND] += 1
    return counts


def _horizon_ns(schedule: Schedule, rate: float, duration_ns: int) -> int:
    """How far to run the schedule: the whole run, or twice the longest interval where the run has no end; bounded by events.

    0 where not even one second can be afforded: so many reports a second hardly vary.
    """
    cycle_ns = schedule.shape.cycle_ns if schedule.shape else 0
    wanted_ns = duration_ns or max(2 * max(schedule.interval_ns), cycle_ns)
    affordable_ns = int(MOST_EVENTS / rate * SECOND) if rate else wanted_ns
    if wanted_ns <= affordable_ns:
        return wanted_ns
    return affordable_ns // SECOND * SECOND
