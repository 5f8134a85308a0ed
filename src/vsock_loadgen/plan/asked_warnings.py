"""Warnings before a fleet is asked: reports that are never asked for, cannot be taken, or wait.

Each warning says what was found, which setting causes it, and how to change that.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsock_loadgen.plan.asked import AskedForecast, Central
from vsock_loadgen.plan.warnings import Warned
from vsock_loadgen.units import format_age, format_bytes, format_duration, format_number

MOST_NEVER_ASKED_PERCENT = 50
"""Percentage of reports replaced before they are asked for that is normal for polling."""
_SETTING = "ROX_VIRTUAL_MACHINES_SCRAPER_"


def asked_warnings(asked: AskedForecast) -> tuple[Warned, ...]:
    """Every warning about the asker of a fleet."""
    found = [*_sizes(asked), *_slow(asked), *_late(asked), *_never_asked(asked)]
    return (*found, *(_refused(asked, asked.central) if asked.central else ()))


def _sizes(asked: AskedForecast) -> Iterator[Warned]:
    if asked.oversized and asked.most_answer_bytes is not None:
        vms = sum(group.vms for group in asked.oversized)
        groups = ", ".join(f"{group.vms:,} with {group.name} packages" for group in asked.oversized)
        yield Warned(
            "answer_size",
            f"{vms:,} VMs ({groups}) answer with more than the {format_bytes(asked.most_answer_bytes)} that Sensor takes "
            f"(ROX_VIRTUAL_MACHINES_PULL_MAX_RESPONSE_SIZE_KB), up to {format_bytes(asked.largest_answer_bytes)}: their reports "
            "never arrive. Use fewer packages, raise it there, or set limits.maxReportBytes",
            "limits.maxReportBytes",
        )


def _slow(asked: AskedForecast) -> Iterator[Warned]:
    timeout = f"{_SETTING}PER_VM_TIMEOUT ({format_duration(asked.asker.timeout_ns)}, --vm-timeout)"
    if asked.timed_out_percent:
        yield Warned(
            "timed_out",
            f"{format_number(asked.timed_out_percent)} % of the askings take longer than {timeout}, and are made again: lower "
            "serve.answerDelay or serve.faults.stalled, or raise it there, which makes ticks longer",
        )
    if asked.is_slow and asked.asker.is_spread:
        yield Warned(
            "slow_tick",
            f"a tick of {asked.starts:,} askings lasts {format_age(asked.tick_ns)}, as it waits for the slowest of them: lower "
            f"serve.answerDelay, or {timeout}, which bounds it",
        )


def _late(asked: AskedForecast) -> Iterator[Warned]:
    if not asked.is_late or asked.most_askings is None:
        return
    raising = f"Raise {_SETTING}CONCURRENCY ({asked.asker.concurrency}, --concurrency)"
    yield Warned(
        "late_askings",
        f"ticks start at most {format_number(asked.most_askings)} askings per second: a VM is asked every "
        f"{format_age(asked.interval_ns)}, not every {format_age(asked.wanted_ns)} as set. {raising}"
        + (", or make guests answer sooner" if asked.is_slow else ""),
    )


def _never_asked(asked: AskedForecast) -> Iterator[Warned]:
    groups = [group for group in asked.never_asked if group.percent > MOST_NEVER_ASKED_PERCENT]
    if groups:
        of_groups = ", ".join(f"{format_number(group.percent)} % of interval {group.name}" for group in groups)
        yield Warned(
            "never_asked",
            f"of the new reports, {format_number(asked.never_asked_percent)} % are replaced by a newer one before they are "
            f"asked for ({of_groups}): a VM is asked every {format_age(asked.interval_ns)} on average. Shorten "
            f"{_SETTING}POLL_INTERVAL "
            f"({format_duration(asked.asker.poll_ns)}, --poll-interval), or lengthen reportInterval",
        )


def _refused(asked: AskedForecast, central: Central) -> Iterator[Warned]:
    rate, limit = f"{central.rate:g}", "limits.clusterReportsPerSecond"
    setting = "(ROX_VM_INDEX_REPORT_RATE_LIMIT)"
    if central.refused_percent:
        yield Warned(
            "cluster_rate",
            f"{format_number(asked.whole_rate)} reports per second are taken; Central accepts {rate} per second from a whole "
            "cluster "
            f"{setting} and refuses the rest, {format_number(central.refused_percent)} %, which Sensor asks for again. Raise it "
            f"there, use fewer VMs or a longer poll interval, or set {limit}",
            limit,
        )
    elif central.first_reports_ns > asked.asked_once_ns:
        yield Warned(
            "first_reports",
            f"every VM has been asked once after {format_age(asked.asked_once_ns)}; Central accepts {central.bucket:,} reports and "
            f"then {rate} per second {setting}: the last first report is through after "
            f"{format_age(central.first_reports_ns)} at the earliest. Raise it there, or set {limit}",
            limit,
        )
