"""What an asker makes of a fleet, calculated before anything is asked: how often each VM is asked, and how stale its knowledge is.

A tick starts a limited number of askings and waits for the slowest of them. If more VMs are due than ticks can start, all of them
wait their turn: the mean time between two askings of a VM is then the fleet over the askings started per second, and still varies
by the spread. Phases of load, restarts and answers with an error are left out.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.serve import Serve
from vsock_loadgen.distributions.quantity import DELAY
from vsock_loadgen.plan.groups import Groups
from vsock_loadgen.plan.limits import AppliedLimits
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.staleness import Recurrence
from vsock_loadgen.units import SECOND

CENTRAL_BUCKET = 200
"""Reports that Central takes at once before its rate counts."""
_DELAYS = 1_000


@dataclass(frozen=True, slots=True)
class Answering:
    """How long askings take: `delays_ns` of agents at even shares in ascending order, `stalled` the share of answers that never
    come. The asker waits for `timeout_ns` at most."""

    delays_ns: Sequence[int]
    stalled: float
    timeout_ns: int

    @classmethod
    def of(cls, serve: Serve, timeout_ns: int) -> Answering:
        """That of agents as configured."""
        return cls(serve.answer_delay.take(_DELAYS, DELAY.grain).values, float(serve.faults.stalled), timeout_ns)

    @property
    def timed_out(self) -> float:
        """The share of askings that are given up."""
        return self.stalled + (1 - self.stalled) * (1 - bisect_left(self.delays_ns, self.timeout_ns) / len(self.delays_ns))

    def slowest_ns(self, askings: int) -> float:
        """The expected time of the slowest of a number: that of one is the mean. Of independent times with the distribution F, the
        slowest of n has F^n."""
        count, reached, time_ns = len(self.delays_ns), 0.0, 0.0
        for number, delay_ns in enumerate(self.delays_ns, 1):
            share = ((1 - self.stalled) * number / count) ** askings
            time_ns += min(delay_ns, self.timeout_ns) * (share - reached)
            reached = share
        return time_ns + self.timeout_ns * (1 - reached)


@dataclass(frozen=True, slots=True)
class GroupShare:
    """The share of the reports of a group of VMs."""

    id: str
    name: str
    percent: float


@dataclass(frozen=True, slots=True)
class GroupVms:
    """VMs of a group."""

    id: str
    name: str
    vms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Central:
    """What Central takes: `rate` per second, after a bucket of them at once. The first reports of a fleet are through after
    `first_reports_ns`; it refuses a share of the later ones as long as the fleet is asked."""

    rate: float
    bucket: int = CENTRAL_BUCKET
    first_reports_ns: int
    refused_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedForecast:
    """What an asker makes of the whole fleet, time scale applied (to `asker` it is not). Rates are per second.

    A tick lasts `tick_ns` if it starts as many askings as allowed, which are `most_askings` per second; `is_slow` if it waits for
    VMs. A VM is asked every `interval_ns` on average, in place of every `wanted_ns` if that is more than ticks can start.
    `whole_rate` of the askings take a whole report. Of the new reports, those that are `never_asked` for are replaced by a newer
    one first; response times are from when a report is due until the asker has it or a newer one. `oversized` VMs have an answer
    that is over the limit.
    """

    asker: Settings
    starts: int
    tick_ns: int
    is_slow: bool
    askings_per_second: float
    most_askings: float | None
    interval_ns: int
    wanted_ns: int
    asked_once_ns: int
    whole_rate: float
    bytes_per_second: float
    never_asked_percent: float
    never_asked: tuple[GroupShare, ...]
    recurrence: Recurrence
    timed_out_percent: float
    central: Central | None
    largest_answer_bytes: int
    most_answer_bytes: int | None
    oversized: tuple[GroupVms, ...]

    def response_ns(self, percent: int) -> int:
        """The response time within which that share of the reports is known, or a newer one."""
        return round(self.recurrence.quantile(percent / 100))

    @property
    def is_late(self) -> bool:
        """Whether more VMs are due than ticks can start."""
        return self.interval_ns > self.wanted_ns


@dataclass(frozen=True, slots=True)
class AskedFleet:
    """A fleet that is asked: packages of each VM, when its reports are due, groups, how its agents answer, and the bytes of a
    report by its packages."""

    packages: Sequence[int]
    schedule: Schedule
    groups: Groups
    serve: Serve
    time_scale: Fraction
    sizes: Mapping[int, int]


def foresee(fleet: AskedFleet, asker: Settings, limits: AppliedLimits) -> AskedForecast:
    """What an asker makes of a fleet; `asker` has the settings without any time scale."""
    settings, vms = asker.scaled(fleet.time_scale), len(fleet.packages)
    answering = Answering.of(fleet.serve, settings.timeout_ns)
    pace = _pace(settings, vms, answering)
    intervals = fleet.schedule.interval_ns
    alike = Counter(zip(fleet.packages, intervals, strict=True))
    rates = {each: count * _whole_rate(each[1], pace.recurrence, settings) for each, count in alike.items()}
    whole_rate = math.fsum(rates.values())
    never, by_group = _never_asked(fleet, pace.recurrence)
    return AskedForecast(
        asker=asker,
        starts=settings.most_starts(vms),
        tick_ns=round(pace.tick_ns),
        is_slow=pace.tick_ns > settings.tick_ns,
        askings_per_second=vms * SECOND / pace.recurrence.mean,
        most_askings=pace.most * SECOND if math.isfinite(pace.most) else None,
        interval_ns=round(pace.recurrence.mean),
        wanted_ns=round(pace.wanted_ns),
        asked_once_ns=round(pace.once_ns),
        whole_rate=whole_rate,
        bytes_per_second=math.fsum(rate * fleet.sizes[packages] for (packages, _), rate in rates.items()),
        never_asked_percent=never,
        never_asked=by_group,
        recurrence=pace.recurrence,
        timed_out_percent=100 * answering.timed_out,
        central=_central(limits.cluster_reports_per_second, vms, pace.once_ns, whole_rate),
        largest_answer_bytes=max(fleet.sizes.values()),
        most_answer_bytes=limits.report_bytes,
        oversized=_oversized(fleet, limits.report_bytes),
    )


@dataclass(frozen=True, slots=True)
class _Pace:
    """How often a VM is asked: `most` askings that ticks can start in a nanosecond; the time between two of a VM without that
    limit; the time after which every VM was asked once."""

    recurrence: Recurrence
    tick_ns: float
    most: float
    wanted_ns: float
    once_ns: float


def _pace(settings: Settings, vms: int, answering: Answering) -> _Pace:
    mean_ns = answering.slowest_ns(1)
    if settings.is_spread:
        starts = settings.most_starts(vms)
        tick_ns = max(float(settings.tick_ns), answering.slowest_ns(starts))
        most = starts / tick_ns
        least_ns = settings.poll_ns + mean_ns + settings.tick_ns / 2  # the average wait for a tick
        once_ns = max(float(settings.window_ns), vms / most)
    else:
        most = settings.concurrency / mean_ns if mean_ns else math.inf
        least_ns = ((settings.poll_ns + mean_ns) // settings.tick_ns + 1) * settings.tick_ns
        once_ns = vms / most
        tick_ns = max(float(settings.tick_ns), once_ns)
    wanted_ns = least_ns + settings.spread_ns / 2
    late_ns = max(0.0, vms / most - wanted_ns)
    return _Pace(Recurrence(least_ns + late_ns, settings.spread_ns), tick_ns, most, wanted_ns, once_ns)


def _whole_rate(interval_ns: int, asked: Recurrence, settings: Settings) -> float:
    """Whole reports per second that are taken of a VM: its new ones, as far as they are asked for, and those that the asker
    refreshes."""
    askings = SECOND / asked.mean
    if asked.least >= settings.refresh_ns:
        return askings
    refresh_ns = math.ceil(settings.refresh_ns / asked.mean) * asked.mean
    again = math.floor(interval_ns / refresh_ns) if interval_ns > refresh_ns else 0
    return min(askings, (asked.reached(interval_ns) + again) * SECOND / interval_ns)


def _never_asked(fleet: AskedFleet, asked: Recurrence) -> tuple[float, tuple[GroupShare, ...]]:
    """How many of the new reports are replaced before they are asked for, in percent: of the fleet, and by report interval."""
    dimension = fleet.groups.dimensions["report_interval"]
    made, missed = defaultdict[int, float](float), defaultdict[int, float](float)
    for (group, interval_ns), vms in Counter(zip(dimension.of_vm, fleet.schedule.interval_ns, strict=True)).items():
        made[group] += vms / interval_ns
        missed[group] += vms / interval_ns * (1 - asked.reached(interval_ns))
    shares = (
        GroupShare(group.id, group.name, 100 * missed[number] / made[number])
        for number, group in enumerate(dimension.groups)
        if made[number]
    )
    return 100 * math.fsum(missed.values()) / math.fsum(made.values()), tuple(shares)


def _central(rate: Fraction | None, vms: int, once_ns: float, whole_rate: float) -> Central | None:
    if rate is None:
        return None
    through_ns = max(once_ns, (vms - CENTRAL_BUCKET) * SECOND / float(rate))
    refused = max(0.0, 1 - float(rate) / whole_rate)
    return Central(rate=float(rate), first_reports_ns=round(through_ns), refused_percent=100 * refused)


def _oversized(fleet: AskedFleet, limit: int | None) -> tuple[GroupVms, ...]:
    dimension = fleet.groups.dimensions["packages"]
    most = math.inf if limit is None else limit
    over = Counter(group for group, packages in zip(dimension.of_vm, fleet.packages, strict=True) if fleet.sizes[packages] > most)
    return tuple(GroupVms(group.id, group.name, over[number]) for number, group in enumerate(dimension.groups) if over[number])
