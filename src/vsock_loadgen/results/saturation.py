"""Whether the generator itself was the limit: then a run proves nothing about the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.record import UNWRITTEN, Derived, Nanoseconds, Record
from vsock_loadgen.units import SECOND, format_duration, format_seconds

WINDOW_SECONDS = 10
_LAG_SHARE = 0.99
_BUSY_SHARE = 0.8
_HERD_RATIO = 3.0


@dataclass(frozen=True, slots=True)
class Saturation(Record):
    """The first window in which the schedule lag passed the limit, and what the generator was doing in it.

    `second` is the window's last (since the epoch). `busiest_share` is the processor share of the busiest worker, `herd_ratio`
    the window's busiest second beside its mean one.
    """

    second: Annotated[int, Field(alias="t")]
    window_seconds: float
    lag_p99_ns: Annotated[Nanoseconds, Field(alias="lag_p99_seconds")]
    limit_ns: Annotated[Nanoseconds, Field(alias="limit_seconds")]
    busiest_share: Annotated[float, Field(alias="busiest_worker_cpu_share")]
    advised: ClassVar[Any] = Derived(lambda found: found.advice, "advice")
    herd_ratio: Annotated[float, UNWRITTEN]

    @property
    def advice(self) -> str:
        """What to change, by what was found."""
        if self.herd_ratio >= _HERD_RATIO:
            return "many reports fall due at once: raise workers, or spread the fleet over more nodes or more time"
        if self.busiest_share >= _BUSY_SHARE:
            return "a worker had no processor time left: raise workers, or give this node fewer VMs"
        return "the workers waited for a processor: stop other processes on this machine, or give the generator more of it"

    def __str__(self) -> str:
        return (
            f"the generator was late: the 99th percentile of its schedule lag was {format_seconds(self.lag_p99_ns)} over "
            f"{self.window_seconds:.0f} s, lagLimit is {format_duration(self.limit_ns)} (busiest worker: "
            f"{100 * self.busiest_share:.0f} % of a processor); {self.advice}"
        )


class SaturationWatch:
    """Looks at every window of ten whole seconds once, and at the end at the whole run."""

    def __init__(self, limit_ns: int) -> None:
        self._limit_ns = limit_ns
        self._judged = 0
        self._marks: list[tuple[int, list[int]]] = []
        self.found: Saturation | None = None

    def look(self, totals: RunTotals) -> Saturation | None:
        """Judge the window that has just become whole; returns a finding the first time there is one."""
        self._mark(totals)
        window = totals.series.whole_window(WINDOW_SECONDS)
        if self.found is not None or window is None or window.last_second == self._judged:
            return None
        self._judged = window.last_second
        lag_ns = _late(window.lags, self._limit_ns)
        if lag_ns is None:
            return None
        (since_ns, before_ns), (until_ns, after_ns) = self._marks[0], self._marks[-1]
        share = _busiest_share(before_ns, after_ns, (until_ns - since_ns) / SECOND)
        herd_ratio = window.peak_due * WINDOW_SECONDS / max(window.due, 1)
        self.found = Saturation(window.last_second, WINDOW_SECONDS, lag_ns, self._limit_ns, share, herd_ratio)
        return self.found

    def _mark(self, totals: RunTotals) -> None:
        """Note, once per second, the processor time that the workers have used, as far back as a window reaches."""
        if not self._marks or totals.elapsed_ns >= self._marks[-1][0] + SECOND:
            self._marks = [*self._marks[-WINDOW_SECONDS - 1 :], (totals.elapsed_ns, totals.worker_cpu_ns)]

    def so_far(self, totals: RunTotals) -> Saturation | None:
        """The first finding; if no window had one, that of the run as a whole, as if it ended now."""
        if self.found is not None:
            return self.found
        lag_ns = _late([totals.times.lag], self._limit_ns)
        if lag_ns is None:
            return None
        seconds = totals.elapsed_ns / SECOND
        rows = totals.series.rows()
        peak = max(row.counts.due for row in rows) / totals.series.width_seconds
        share = _busiest_share([0] * len(totals.worker_cpu_ns), totals.worker_cpu_ns, seconds)
        return Saturation(rows[-1].second, seconds, lag_ns, self._limit_ns, share, peak * seconds / max(totals.counts.due, 1))

    def conclude(self, totals: RunTotals) -> Saturation | None:
        """What is found in the end."""
        self.found = self.so_far(totals)
        return self.found


def _late(lags: Sequence[Histogram], limit_ns: int) -> int | None:
    """The 99th percentile of the schedule lag, if it is above the limit. Most often no report was that late, which the largest of
    each histogram says at once."""
    if all(lag.largest <= limit_ns for lag in lags):
        return None
    lag_ns = Histogram.merged(lags).quantile(_LAG_SHARE)
    return lag_ns if lag_ns is not None and lag_ns > limit_ns else None


def _busiest_share(before_ns: list[int], after_ns: list[int], seconds: float) -> float:
    return max(after - before for before, after in zip(before_ns, after_ns, strict=True)) / max(seconds, 1) / SECOND
