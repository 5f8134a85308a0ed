"""What a worker hands to its parent a few times a second, and the counts that must always balance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass


@dataclass(frozen=True, slots=True)
class Counts:
    """Reports by what became of them, since the start: due = delivered + failed + skipped + in_flight + unfinished.

    `started` of them had a first connect attempt. `bytes` are those of delivered reports.
    """

    due: int = 0
    started: int = 0
    delivered: int = 0
    skipped: int = 0
    in_flight: int = 0
    unfinished: int = 0
    bytes: int = 0
    failures: Mapping[FailureClass, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Failed reports of all classes."""
        return sum(self.failures.values())

    @property
    def settled(self) -> int:
        """Due reports whose fate is known: all of them at the end of a run."""
        return self.due - self.in_flight

    @property
    def undelivered(self) -> int:
        """Those of the settled reports that were not delivered, whether or not they were started."""
        return self.settled - self.delivered

    @property
    def started_undelivered(self) -> int:
        """Reports that were started in vain: failed, or abandoned at the end."""
        return self.started - self.delivered - self.in_flight

    @property
    def balanced(self) -> bool:
        """Whether every due report is in exactly one place."""
        return self.due == self.delivered + self.failed + self.skipped + self.in_flight + self.unfinished

    def __add__(self, other: Counts) -> Counts:
        return self._combined(other, 1)

    def __sub__(self, other: Counts) -> Counts:
        return self._combined(other, -1)

    def _combined(self, other: Counts, sign: int) -> Counts:
        failures = dict(self.failures)
        for failure, count in other.failures.items():
            failures[failure] = failures.get(failure, 0) + sign * count
        return Counts(
            due=self.due + sign * other.due,
            started=self.started + sign * other.started,
            delivered=self.delivered + sign * other.delivered,
            skipped=self.skipped + sign * other.skipped,
            in_flight=self.in_flight + sign * other.in_flight,
            unfinished=self.unfinished + sign * other.unfinished,
            bytes=self.bytes + sign * other.bytes,
            failures=failures,
        )


@dataclass(frozen=True, slots=True)
class Times:
    """The three clocks of reports, in ns: finished - due and finished - started of delivered ones, started - due of all started."""

    response: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)

    def merge(self, other: Times) -> None:
        """Add what another record holds."""
        self.response.merge(other.response)
        self.service.merge(other.service)
        self.lag.merge(other.lag)

    def to_json(self) -> dict[str, object]:
        """The three histograms as plain documents."""
        return {"response_time": self.response.to_json(), "service_time": self.service.to_json(), "lag": self.lag.to_json()}


@dataclass(frozen=True, slots=True)
class PhaseShare:
    """What fell due in one phase of load: `counts` since the start, `times` since the snapshot before."""

    counts: Counts
    times: Times


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A worker's state at `at_ns` from the start: `counts` since the start, the rest since its previous snapshot.

    `packages` counts delivered reports by their number of packages, `intervals` by the report interval of their VM (ns, after any
    time scale, without jitter), `profiles` by the number of its profile; `errors` has the last message of each failure class that
    occurred. `cpu_ns` is the processor time the worker has used since it began. After the `final` one comes no other.
    """

    worker: int
    at_ns: int
    counts: Counts
    times: Times
    packages: Mapping[int, int]
    errors: Mapping[FailureClass, str]
    cpu_ns: int
    final: bool
    intervals: Mapping[int, int] = field(default_factory=dict)
    phases: tuple[PhaseShare, ...] = ()
    profiles: Mapping[int, int] = field(default_factory=dict)
