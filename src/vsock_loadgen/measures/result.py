"""The outcome of a run as one record, and as one JSON document: a contract (`vsock-loadgen/result/v1`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.reconciliation import Reconciliation
from vsock_loadgen.measures.series import SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.thresholds import Abortion, JudgedThreshold, PhaseFigures
from vsock_loadgen.units import SECOND

RESULT_SCHEMA = "vsock-loadgen/result/v1"
_LONG_PARTS = frozenset({"schema", "config", "plan", "series_width_seconds", "series", "histograms", "receiver"})

Confirmation = Literal["reconciled", "strong", "weak", "none"]
"""What proves delivery: `reconciled`, the target's own counters account for every delivered report; `strong`, the kernel would have
shown a peer that closed without reading; `weak`, it might have hidden one; `none`, nobody looked."""

Status = Literal["passed", "failed", "invalid"]
"""What a run shows: `invalid` where it proves nothing about the target."""


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
class Measured:
    """What became of some due reports, and how long they took."""

    counts: Counts
    times: Times

    @property
    def response(self) -> TimeSummary:
        """Finished - due, over every due report whose fate is known: all of them at the end of a run."""
        return TimeSummary.of(self.times.response, self.counts.undelivered)

    @property
    def service(self) -> TimeSummary:
        """Finished - started, over every started report whose fate is known."""
        return TimeSummary.of(self.times.service, self.counts.started_undelivered)

    @property
    def lag(self) -> TimeSummary:
        """Started - due, over started reports."""
        return TimeSummary.of(self.times.lag)

    def to_json(self) -> dict[str, object]:
        """The accounts and the times as a plain document."""
        counts = self.counts
        return {
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
            "response_time_seconds": self.response.to_json(),
            "service_time_seconds": self.service.to_json(),
            "lag_seconds": self.lag.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """The reports that fell due in one phase of load, over all its repetitions."""

    name: str
    measured: Measured

    def to_json(self) -> dict[str, object]:
        """The phase as a plain document."""
        return {"name": self.name, **self.measured.to_json(), "histograms": self.measured.times.to_json()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement: `passed`, `failed`, or `invalid` where the run proves nothing about the target; each reason a sentence.

    `exit_code` is what the process should end with.
    """

    status: Status
    reasons: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that is known at the end of a run (or so far, where `complete` is False).

    `plan` is the plan document of the whole fleet, `slice` what of it this process had; `receiver` is the receiving side's
    document where the run had a receiver of its own, `reconciliation` what the target's counters say where they were asked.
    `warnings` are sentences about what happened around the run.
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
    thresholds: Sequence[JudgedThreshold] = ()
    abortion: Abortion | None = None
    phases: Sequence[PhaseResult] = ()
    warnings: Sequence[str] = ()
    reconciliation: Reconciliation | None = None
    receiver: Mapping[str, object] | None
    generator: Mapping[str, object]
    environment: Mapping[str, object]

    def of_phase(self, name: str) -> PhaseFigures | None:
        """What fell due in the phase of that name; None where there is none."""
        for phase in self.phases:
            if phase.name == name:
                return PhaseFigures(phase.measured.counts, phase.measured.times, self.elapsed_ns)
        return None

    @property
    def measured(self) -> Measured:
        """The accounts and times of the whole run."""
        return Measured(self.counts, self.times)

    @property
    def response(self) -> TimeSummary:
        """Finished - due, over every due report whose fate is known: all of them at the end of a run."""
        return self.measured.response

    @property
    def service(self) -> TimeSummary:
        """Finished - started, over every started report whose fate is known."""
        return self.measured.service

    @property
    def lag(self) -> TimeSummary:
        """Started - due, over started reports."""
        return self.measured.lag

    @property
    def is_judged(self) -> bool:
        """Whether `passed` says anything about the target: not where nothing was asked of it and reports were not delivered."""
        return self.verdict.status != "passed" or bool(self.thresholds) or self.counts.delivered == self.counts.due

    def summary(self) -> dict[str, object]:
        """The document without its long parts: what a log has room for."""
        return {key: value for key, value in self.head_json().items() if key not in _LONG_PARTS}

    def to_json(self) -> dict[str, object]:
        """The document."""
        return {**self.head_json(), "series": [row.to_json() for row in self.series]}

    def head_json(self) -> dict[str, object]:
        """The document without its `series`, which is the longest part of it."""
        return {
            "schema": RESULT_SCHEMA,
            "complete": self.complete,
            "verdict": {"status": self.verdict.status, "reasons": list(self.verdict.reasons), "exit_code": self.verdict.exit_code},
            "confirmation": self.confirmation,
            "warnings": list(self.warnings),
            "started_at": self.started_at,
            "elapsed_seconds": self.elapsed_ns / SECOND,
            "seed": self.plan["seed"],
            "time_scale": self.plan["time_scale"],
            **self.measured.to_json(),
            "last_errors": {str(failure): message for failure, message in self.errors.items()},
            "phases": [phase.to_json() for phase in self.phases],
            "thresholds": [threshold.to_json() for threshold in self.thresholds],
            "aborted": None if self.abortion is None else self.abortion.to_json(),
            "receiver": self.receiver,
            "reconciliation": None if self.reconciliation is None else self.reconciliation.to_json(),
            "slice": self.slice,
            "config": self.config,
            "plan_digest": self.plan["digest"],
            "plan": self.plan,
            "generator": self.generator,
            "environment": self.environment,
            "series_width_seconds": self.series_width_seconds,
            "histograms": self.times.to_json(),
        }
