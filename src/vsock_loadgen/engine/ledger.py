"""One worker's books: every due report is entered once when it falls due and once when its fate is known."""

from __future__ import annotations

from dataclasses import fields

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, PhaseShare, Times, WorkerSnapshot


class Ledger:
    """Counts since the start, and times since the last snapshot. All times are nanoseconds.

    With several phases of load, books are kept for each as well: a report belongs to the phase in which it fell due, whose number
    every entry names.
    """

    def __init__(self, phases: int = 0) -> None:
        self.due = self.started = self.delivered = self.skipped = self.unfinished = self.in_flight = self.bytes = 0
        self.failures: dict[FailureClass, int] = {}
        self._times = Times()
        self._packages: dict[int, int] = {}
        self._intervals: dict[int, int] = {}
        self._profiles: dict[int, int] = {}
        self._errors: dict[FailureClass, str] = {}
        self._phases = [Ledger() for _ in range(phases)]

    def skip(self, phase: int) -> None:
        """A report fell due while the VM's last one was still under way."""
        self.due += 1
        self.skipped += 1
        if self._phases:
            self._phases[phase].skip(0)

    def start(self, lag_ns: int, phase: int) -> None:
        """A report fell due and is being sent, `lag_ns` after it should have been."""
        self.due += 1
        self.started += 1
        self.in_flight += 1
        self._times.lag.record(lag_ns)
        if self._phases:
            self._phases[phase].start(lag_ns, 0)

    def deliver(
        self, response_ns: int, service_ns: int, size: int, packages: int, interval_ns: int, profile: int, phase: int
    ) -> None:
        """A report in flight was delivered; `interval_ns` and `profile` are its VM's."""
        self.in_flight -= 1
        self.delivered += 1
        self.bytes += size
        self._times.response.record(response_ns)
        self._times.service.record(service_ns)
        self._packages[packages] = self._packages.get(packages, 0) + 1
        self._intervals[interval_ns] = self._intervals.get(interval_ns, 0) + 1
        self._profiles[profile] = self._profiles.get(profile, 0) + 1
        if self._phases:
            self._phases[phase].deliver(response_ns, service_ns, size, packages, interval_ns, profile, 0)

    def fail(self, failure: FailureClass, message: str, phase: int) -> None:
        """A report in flight was not delivered."""
        self.in_flight -= 1
        self.failures[failure] = self.failures.get(failure, 0) + 1
        self._errors[failure] = message
        if self._phases:
            self._phases[phase].fail(failure, message, 0)

    def leave_unstarted(self, phase: int) -> None:
        """A report was due before the end but had not been started by then."""
        self.due += 1
        self.unfinished += 1
        if self._phases:
            self._phases[phase].leave_unstarted(0)

    def give_up(self, phase: int) -> None:
        """A report in flight was abandoned when the run ended."""
        self.in_flight -= 1
        self.unfinished += 1
        if self._phases:
            self._phases[phase].give_up(0)

    @property
    def counts(self) -> Counts:
        """The counts now."""
        return Counts(**{count.name: getattr(self, count.name) for count in fields(Counts)} | {"failures": dict(self.failures)})

    def snapshot(self, worker: int, at_ns: int, cpu_ns: int, *, final: bool = False) -> WorkerSnapshot:
        """The state now; the times and errors begin anew."""
        snapshot = WorkerSnapshot(
            worker,
            at_ns,
            self.counts,
            self._times,
            self._packages,
            self._errors,
            cpu_ns,
            final,
            self._intervals,
            tuple(phase._share() for phase in self._phases),
            self._profiles,
        )
        self._begin_anew()
        return snapshot

    def _share(self) -> PhaseShare:
        share = PhaseShare(self.counts, self._times)
        self._begin_anew()
        return share

    def _begin_anew(self) -> None:
        self._times = Times(Histogram(), Histogram(), Histogram())
        self._packages = {}
        self._intervals = {}
        self._profiles = {}
        self._errors = {}
