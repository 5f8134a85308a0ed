"""The schedule's load on the target and on this machine, calculated before anything is sent."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat

from vsock_loadgen.plan.herds import Herds, herds_of, hyper_period_ns
from vsock_loadgen.plan.rates import Rates
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.sending import Herd
from vsock_loadgen.plan.statistics import Statistics, weighted_statistics
from vsock_loadgen.plan.streams import jittered_step
from vsock_loadgen.units import SECOND

MOST_EVENTS = 600_000
MOST_SECONDS = 100_000
ReportBytes = Callable[[int, int], int]
"""(global index of the VM, packages) -> bytes of its report."""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Reports in flight at a time: on average, and at the peak."""

    mean: float
    peak: float


@dataclass(frozen=True, slots=True)
class Stretches:
    """The forecast time in stretches of `width_seconds` (the last may be shorter): reports due, and those of the busiest second."""

    width_seconds: int
    reports: tuple[int, ...]
    peaks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Load of the whole fleet, time scale applied. Rates are per second.

    `per_second` are the reports due in each second of the run, or of twice its longest interval if it has no end. They are counted
    in the first `horizon_seconds`, which is how far the schedule was run, and estimated after them. `peak_at_seconds` is the start
    of the busiest one. `reported_packages` weighs every VM by how often it reports, `packages_per_vm` does not. `herd` is the
    largest number of reports that are due together.
    """

    reports_per_second: float
    bytes_per_second: float
    peak_reports_per_second: int
    peak_at_seconds: int
    horizon_seconds: int
    reports: int | None
    packages_per_vm: float
    reported_packages: Statistics
    largest_report_bytes: int
    shortest_interval_seconds: float
    per_second: array[int]
    herd: Herd | None

    @property
    def packages_per_report(self) -> float:
        """Mean number of packages of a report."""
        return self.reported_packages.mean

    @property
    def bytes_per_report(self) -> float:
        """Mean size of a report."""
        return self.bytes_per_second / self.reports_per_second if self.reports_per_second else 0.0

    def over_time(self, most: int) -> Stretches:
        """What is due over time, in at most so many stretches."""
        counts = self.per_second
        width = -(-len(counts) // most)
        parts = [counts[start : start + width] for start in range(0, len(counts), width)]
        return Stretches(width, tuple(map(sum, parts)), tuple(map(max, parts)))

    def concurrency(self, service_time_ns: int) -> Concurrency:
        """Reports in flight if each takes that long: by Little's law (L = lambda W), over the run and in its busiest stretch."""
        return Concurrency(self.reports_per_second * service_time_ns / SECOND, self.most_within(service_time_ns))

    def most_within(self, span_ns: int) -> float:
        """Reports due in the busiest stretch of that length: by whole seconds, and in proportion within one."""
        seconds, part_ns = divmod(span_ns, SECOND)
        counts = self.per_second
        most, within = 0.0, sum(counts[:seconds])
        for start in range(max(1, len(counts) - seconds)):
            following = counts[start + seconds] if start + seconds < len(counts) else 0
            most = max(most, within + following * part_ns / SECOND)
            within += following - counts[start]
        herd = self.herd.reports if self.herd and self.herd.spread_ns <= span_ns else 0
        return max(most, herd)


def forecast(
    packages: Sequence[int], schedule: Schedule, rates: Rates, sizes: Mapping[int, int], *, duration_ns: int, zero_wall_ns: int = 0
) -> Forecast:
    """The forecast for a schedule that holds the whole fleet: the packages of every VM, its rates, and the bytes of a report by its
    packages. `duration_ns` 0 means no end.

    `zero_wall_ns` is the wall clock at the start; if it is not known yet, 0: a start on every grid at once.

    Mean rates are sums over the VMs; the peak comes from running the schedule for at most MOST_EVENTS reports, and
    beyond them from the rates and the herds. `reports` is their exact number over the whole run if that many suffice, else None.
    """
    by_packages = dict.fromkeys(sizes, 0.0)
    for (_, count), each in rates.reports.items():
        by_packages[count] += each
    rate = math.fsum(by_packages.values())
    span_ns = _span_ns(schedule, duration_ns)
    horizon_ns = _horizon_ns(schedule, rates, span_ns)
    counted = count_per_second(schedule, horizon_ns, zero_wall_ns) if horizon_ns else array("q", [round(rate)])
    herds = herds_of(schedule, span_ns, zero_wall_ns)
    per_second = counted + array("q", _expected_per_second(schedule, rates.own, herds, len(counted), -(-span_ns // SECOND)))
    peak = max(per_second)
    return Forecast(
        reports_per_second=rate,
        bytes_per_second=math.fsum(each * sizes[count] for count, each in by_packages.items()),
        peak_reports_per_second=peak,
        peak_at_seconds=per_second.index(peak),
        horizon_seconds=len(counted),
        reports=sum(counted) if horizon_ns and horizon_ns == duration_ns else None,
        packages_per_vm=sum(packages) / len(packages),
        reported_packages=weighted_statistics(by_packages if rate else dict.fromkeys(sizes, 1.0)),
        largest_report_bytes=max(sizes.values()),
        shortest_interval_seconds=min(schedule.interval_ns) / SECOND,
        per_second=per_second,
        herd=herds.largest,
    )


def sizes_by_packages(packages: Sequence[int], report_bytes: ReportBytes) -> dict[int, int]:
    """The size of a report by its number of packages: that of the first VM with that number."""
    first_with = dict(zip(reversed(packages), range(len(packages) - 1, -1, -1), strict=True))
    return {count: report_bytes(index, count) for count, index in first_with.items()}


def count_per_second(schedule: Schedule, end_ns: int, zero_wall_ns: int) -> array[int]:
    """Reports due in each second from the start up to `end_ns`; at least one second. `zero_wall_ns` is the wall clock's start."""
    counts = array("q", bytes(8 * max(1, -(-end_ns // SECOND))))
    _count_own_time(schedule, end_ns, counts)
    if schedule.is_synchronized:
        advance, in_step = schedule.advance(zero_wall_ns), [cohort.synchronized for cohort in schedule.cohorts]
        for position in compress(range(len(schedule.indices)), map(in_step.__getitem__, schedule.cohort)):
            for due_ns in schedule.instants(position, end_ns, advance):
                counts[due_ns // SECOND] += 1
    return counts


def _count_own_time(schedule: Schedule, end_ns: int, counts: array[int]) -> None:
    """Of the VMs that keep their own time, at least twice as fast as a walk: a big fleet's plan has to appear at once."""
    shape, own_end_ns = schedule.shape, schedule.own_ns(end_ns)
    steps = [None if cohort.synchronized else jittered_step(schedule.seed, cohort.jitter) for cohort in schedule.cohorts]
    ranks: Iterable[int] = schedule.rank if shape else repeat(0, len(schedule.indices))
    columns = zip(schedule.indices, schedule.interval_ns, schedule.offset_ns, schedule.cohort, ranks, strict=True)
    for index, interval_ns, own_ns, cohort, rank in columns:
        if own_ns > own_end_ns or (step := steps[cohort]) is None:
            continue
        number = 0
        while own_ns <= own_end_ns:
            due_ns = own_ns if shape is None else shape.instant(own_ns)
            if due_ns >= end_ns:
                break
            if shape is None or rank < shape.switched_on(due_ns):
                counts[due_ns // SECOND] += 1
            own_ns += step(index, number, interval_ns)
            number += 1


def _expected_per_second(schedule: Schedule, own_rate: float, herds: Herds, first: int, end: int) -> Iterator[int]:
    """Reports expected in each second from `first` up to `end`: the rate of the VMs that keep their own time, and herds."""
    if first >= end:
        return
    together = Counter[int]()
    for at_ns, reports in herds.reports.items():
        together[at_ns // SECOND] += reports
    shape, vm_count = schedule.shape, len(schedule.indices)
    for second in range(first, end):
        middle_ns = second * SECOND + SECOND // 2
        factor = 1.0 if shape is None else shape.rate_at(middle_ns) * shape.switched_on(middle_ns) / vm_count
        yield round(own_rate * factor) + together[second]


def _span_ns(schedule: Schedule, duration_ns: int) -> int:
    """How long to forecast: the whole run; if it has no end, twice the longest interval, or one cycle of the phases or of the
    synchronised VMs, whichever is longest. At least a second, at most MOST_SECONDS."""
    cycle_ns = schedule.shape.cycle_ns if schedule.shape else 0
    wanted_ns = duration_ns or max(SECOND, 2 * max(schedule.interval_ns), cycle_ns, hyper_period_ns(schedule))
    return min(wanted_ns, MOST_SECONDS * SECOND)


def _horizon_ns(schedule: Schedule, rates: Rates, span_ns: int) -> int:
    """How far to run the schedule: over the whole forecast, bounded by the instants to walk through, due or not. Each of both kinds
    of VMs may have MOST_EVENTS. 0 if not even one second is possible: that many reports per second hardly vary."""
    own_ns = int(MOST_EVENTS / rates.own * SECOND) if rates.own else span_ns
    if rates.own and schedule.shape is not None:
        own_ns = schedule.shape.instant(own_ns)
    in_step_ns = int(MOST_EVENTS / rates.in_step * SECOND) if rates.in_step else span_ns
    affordable_ns = min(own_ns, in_step_ns)
    return span_ns if span_ns <= affordable_ns else affordable_ns // SECOND * SECOND
