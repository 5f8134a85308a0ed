"""Failures in the log: per class at most a line every ten seconds, with the count that it stands for."""

from __future__ import annotations

from vsock_loadgen.log import Log
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND, format_seconds

INTERVAL_NS = 10 * SECOND


class ErrorLines:
    """Logs the first failure of each class at once, with what to do about it, then what has come since the class's last line."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._logged: dict[FailureClass, tuple[int, int]] = {}
        """By class: failed reports that its lines stand for so far, and when the last one was written (ns of the run)."""

    def update(self, totals: RunTotals) -> None:
        """Log the classes with new failures whose turn it is."""
        now_ns = totals.elapsed_ns
        for failure, count in totals.counts.failures.items():
            said, last_ns = self._logged.get(failure, (0, -INTERVAL_NS))
            if count == said or now_ns - last_ns < INTERVAL_NS:
                continue
            self._logged[failure] = (count, now_ns)
            self._write(failure, count, count - said, now_ns - last_ns if said else None, totals.errors.get(failure, ""))

    def _write(self, failure: FailureClass, count: int, new: int, since_ns: int | None, last: str) -> None:
        reports = f"{new:,} {'more ' if since_ns is not None else ''}report{'' if new == 1 else 's'} failed"
        if since_ns is not None:
            reports += f" in {format_seconds(since_ns)}"
        text = f"{failure}: {reports}" + (f", last message: {last}" if last else "")
        if since_ns is None:
            text += f" ({failure.record.remedy})"
        fields = {"class": str(failure), "new": new, "total": count, "last_message": last}
        self._log.alert(text, "failures", fields)
