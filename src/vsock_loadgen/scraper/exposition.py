"""The asker's counts under the names of Sensor's own counters."""

from __future__ import annotations

from collections import Counter

from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.results.reconciliation import PROCESS_START
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.results.sensor_reconciliation import NOTHING, PULL_PREFIX, SENSOR_PREFIX, THEIRS, WHOLE

_NAMES = {"internal": "internal_error", "broken_off": "read_error"}
"""Sensor's words for ends that this asker names differently. It does not break off itself."""


def exposition(scraped: Scraped, settings: Settings, process_start: float) -> str:
    """The counters in Prometheus' text format, as of the month that the settings are of; `process_start` is seconds since the
    epoch."""
    ends = Counter({"success": scraped.reports, "unchanged": scraped.unchanged})
    for name, count in (*scraped.errors.items(), *scraped.failures.items()):
        ends[_NAMES.get(name, name)] += count
    lines = [f"# TYPE {PROCESS_START} gauge", f"{PROCESS_START} {process_start:.3f}"]
    lines += [f"# TYPE {PULL_PREFIX}tracked_vms gauge", f"{PULL_PREFIX}tracked_vms {scraped.vms}"]
    for status, count in ends.items():
        kind = f"# TYPE {PULL_PREFIX}{_counter_of(status, settings)}_total counter"
        lines += [kind] * (kind not in lines)
        lines.append(f'{PULL_PREFIX}{_counter_of(status, settings)}_total{{status="{status}"}} {count}')
    sent = f"{SENSOR_PREFIX}virtual_machine_index_reports_sent_total"
    return "\n".join([*lines, f"# TYPE {sent} counter", f"{sent} {scraped.reports}"]) + "\n"


def _counter_of(status: str, settings: Settings) -> str:
    if not settings.is_spread:
        return "requests"
    return "transport" if status in THEIRS[NOTHING] else "scrape" if status in THEIRS[WHOLE] else "get_report"
