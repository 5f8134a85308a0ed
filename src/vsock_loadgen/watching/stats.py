"""Periodic lines about a run, for a log without a terminal."""

from __future__ import annotations

from vsock_loadgen.log import Log
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.measured import TimeSummary
from vsock_loadgen.units import SECOND, format_bytes, format_number, format_seconds


class StatsLines:
    """Logs a line every `interval_ns` of the run: counts since the start, rates since the last line, times since the start."""

    def __init__(self, log: Log, interval_ns: int) -> None:
        self._log = log
        self._interval_ns = interval_ns
        self._next_ns = interval_ns
        self._then = Counts()
        self._then_ns = 0

    def update(self, totals: RunTotals) -> None:
        """Log a line if one is due."""
        now_ns = totals.elapsed_ns
        if now_ns < self._next_ns:
            return
        self._next_ns = (now_ns // self._interval_ns + 1) * self._interval_ns
        counts = totals.counts
        change, change_ns = counts - self._then, now_ns - self._then_ns
        fields = stats_fields(now_ns, counts, totals, change, change_ns)
        self._log.line(stats_line(now_ns, counts, totals, change, change_ns), "stats", fields)
        self._then, self._then_ns = counts, now_ns


def stats_line(now_ns: int, counts: Counts, totals: RunTotals, change: Counts, change_ns: int) -> str:
    """The line: accounts, rates, then the median and the 99th percentile of the response time, and the 99th of the lag."""
    seconds = max(change_ns, 1) / SECOND
    times = totals.times
    response = [_shown(times.response, share, counts.unanswered) for share in (0.5, 0.99)]
    return (
        f"{now_ns / SECOND:6.0f} s  due {counts.due:,}  delivered {counts.delivered:,}  failed {counts.failed:,}  "
        f"skipped {counts.skipped:,}  in flight {counts.in_flight:,}  "
        f"{format_number(change.delivered / seconds)}/s {format_bytes(change.bytes / seconds)}/s  "
        f"response p50 {response[0]} p99 {response[1]}  "
        f"lag p99 {_shown(times.lag, 0.99)}"
    )


def stats_fields(now_ns: int, counts: Counts, totals: RunTotals, change: Counts, change_ns: int) -> dict[str, object]:
    """The line's figures for machines; times in seconds, None if there is none."""
    seconds = max(change_ns, 1) / SECOND
    times = totals.times
    return {
        "elapsed_seconds": now_ns / SECOND,
        "due": counts.due,
        "delivered": counts.delivered,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "in_flight": counts.in_flight,
        "unfinished": counts.unfinished,
        "bytes": counts.bytes,
        "failures": {str(failure): count for failure, count in counts.failures.items()},
        "due_per_second": change.due / seconds,
        "delivered_per_second": change.delivered / seconds,
        "bytes_per_second": change.bytes / seconds,
        "response_time_seconds": TimeSummary.of(times.response, counts.unanswered).to_json(),
        "service_time_seconds": TimeSummary.of(times.service, counts.started_undelivered).to_json(),
        "lag_seconds": TimeSummary.of(times.lag).to_json(),
    }


def _shown(histogram: Histogram, share: float, undelivered: int = 0) -> str:
    value = histogram.quantile(share, undelivered)
    if value is None:
        return "not delivered" if histogram.count or undelivered else "-"
    return format_seconds(value)
