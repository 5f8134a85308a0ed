"""Lines about what happens to a run once: it is asked to stop, or the generator falls behind its own schedule."""

from __future__ import annotations

from collections.abc import Callable

from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.units import format_duration


class Notices:
    """Logs each of them when it happens. `stop_asked` says whether a stop was; a drain takes up to `request_timeout_ns`."""

    def __init__(self, log: Log, watch: SaturationWatch, stop_asked: Callable[[], bool], request_timeout_ns: int) -> None:
        self._log = log
        self._watch = watch
        self._stop_asked = stop_asked
        self._request_timeout_ns = request_timeout_ns
        self._said_stopping = False

    def update(self, totals: RunTotals) -> None:
        """Log what has happened since the last time."""
        if found := self._watch.look(totals):
            self._log.alert(str(found), "saturated", found.to_json())
        if self._stop_asked() and not self._said_stopping:
            self._said_stopping = True
            self._log.line(
                f"stopping: {totals.counts.in_flight:,} reports in flight have up to "
                f"{format_duration(self._request_timeout_ns)}; a second signal does not wait",
                "stopping",
                {"in_flight": totals.counts.in_flight},
            )
