"""The outcome of a run as one record, and as one JSON document: a contract (`vsock-loadgen/result/v1`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.units import SECOND

RESULT_SCHEMA = "vsock-loadgen/result/v1"

Confirmation = Literal["strong", "weak", "none"]
"""What proves delivery: `strong`, the kernel would have shown a peer that closed without reading; `weak`, it might have hidden
one; `none`, nobody looked."""


@dataclass(frozen=True, slots=True)
class TimeSummary:
    """Quantiles of one of the three clocks, in nanoseconds; None where the quantile falls among reports that were never delivered,
    or where there was nothing. `count` includes those."""

    count: int
    p50: int | None
    p95: int | None
    p99: int | None
    p999: int | None
    largest: int | None
    mean: float | None

    @classmethod
    def of(cls, histogram: Histogram, undelivered: int = 0) -> TimeSummary:
        """The summary of recorded times and of `undelivered` reports that count as longer than any of them."""
        p50, p95, p99, p999 = (histogram.quantile(share, undelivered) for share in (0.5, 0.95, 0.99, 0.999))
        count = histogram.count
        ended = count > 0 and undelivered == 0
        mean = histogram.mean if ended else None
        return cls(count + undelivered, p50, p95, p99, p999, histogram.largest if ended else None, mean)

    def to_json(self) -> dict[str, object]:
        """In seconds."""
        values = {
            "p50": self.p50,
            "p95": self.p95,
            "p99": self.p99,
            "p999": self.p999,
            "max": self.largest,
            "mean": self.mean,
        }
        return {"count": self.count} | {name: None if value is None else value / SECOND for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement: `passed`, or `invalid` where the run proves nothing about the target; each reason a sentence.

    `exit_code` is what the process should end with.
    """

    status: Literal["passed", "invalid"]
    reasons: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that is known at the end of a run (or so far, where `complete` is False).

    `plan` is the plan document of the whole fleet, `slice` what of it this process had; `receiver` is the receiving side's
    document where the run had a receiver of its own.
    """

    config: Mapping[str, object]
    plan: Mapping[str, object]
    slice: Mapping[str, object]
    started_at: str
    elapsed_ns: int
    counts: Counts
    times: Times
    series: Sequence[SeriesRow]
    series_width_seconds: int
    errors: Mapping[FailureClass, str]
    confirmation: Confirmation
    complete: bool
    verdict: Verdict
    receiver: Mapping[str, object] | None
    generator: Mapping[str, object]
    environment: Mapping[str, object]

    @property
    def response(self) -> TimeSummary:
        """Finished - due, over every due report whose fate is known: all of them at the end of a run."""
        return TimeSummary.of(self.times.response, self.counts.due - self.counts.delivered - self.counts.in_flight)

    @property
    def service(self) -> TimeSummary:
        """Finished - started, over delivered reports."""
        return TimeSummary.of(self.times.service)

    @property
    def lag(self) -> TimeSummary:
        """Started - due, over started reports."""
        return TimeSummary.of(self.times.lag)

    def to_json(self) -> dict[str, object]:
        """The document."""
        counts = self.counts
        return {
            "schema": RESULT_SCHEMA,
            "complete": self.complete,
            "verdict": {"status": self.verdict.status, "reasons": list(self.verdict.reasons)},
            "confirmation": self.confirmation,
            "started_at": self.started_at,
            "elapsed_seconds": self.elapsed_ns / SECOND,
            "seed": self.plan["seed"],
            "time_scale": self.plan["time_scale"],
            "totals": {
                "due": counts.due,
                "delivered": counts.delivered,
                "failed": counts.failed,
                "skipped": counts.skipped,
                "unfinished": counts.unfinished,
                "in_flight": counts.in_flight,
                "bytes": counts.bytes,
            },
            "failures": {str(failure): count for failure, count in counts.failures.items()},
            "last_errors": {str(failure): message for failure, message in self.errors.items()},
            "response_time_seconds": self.response.to_json(),
            "service_time_seconds": self.service.to_json(),
            "lag_seconds": self.lag.to_json(),
            "thresholds": [],
            "receiver": self.receiver,
            "slice": self.slice,
            "config": self.config,
            "plan_digest": self.plan["digest"],
            "plan": self.plan,
            "generator": self.generator,
            "environment": self.environment,
            "series_width_seconds": self.series_width_seconds,
            "series": [row.to_json() for row in self.series],
            "histograms": {
                "response_time": self.times.response.to_json(),
                "service_time": self.times.service.to_json(),
                "lag": self.times.lag.to_json(),
            },
        }
