"""One worker's books: every due report is entered once when it falls due and once when its fate is known."""

from __future__ import annotations

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times, WorkerSnapshot


class Ledger:
    """Counts since the start, and times since the last snapshot. All times are nanoseconds."""

    def __init__(self) -> None:
        self.due = self.started = self.delivered = self.skipped = self.unfinished = self.in_flight = self.bytes = 0
        self.failures: dict[FailureClass, int] = {}
        self._times = Times()
        self._packages: dict[int, int] = {}
        self._intervals: dict[int, int] = {}
        self._errors: dict[FailureClass, str] = {}

    def skip(self) -> None:
        """A report fell due while the VM's last one was still under way."""
        self.due += 1
        self.skipped += 1

    def start(self, lag_ns: int) -> None:
        """A report fell due and is being sent, `lag_ns` after it should have been."""
        self.due += 1
        self.started += 1
        self.in_flight += 1
        self._times.lag.record(lag_ns)

    def deliver(self, response_ns: int, service_ns: int, size: int, packages: int, interval_ns: int) -> None:
        """A report in flight was delivered; `interval_ns` is its VM's."""
        self.in_flight -= 1
        self.delivered += 1
        self.bytes += size
        self._times.response.record(response_ns)
        self._times.service.record(service_ns)
        self._packages[packages] = self._packages.get(packages, 0) + 1
        self._intervals[interval_ns] = self._intervals.get(interval_ns, 0) + 1

    def fail(self, failure: FailureClass, message: str) -> None:
        """A report in flight was not delivered."""
        self.in_flight -= 1
        self.failures[failure] = self.failures.get(failure, 0) + 1
        self._errors[failure] = message

    def leave_unstarted(self) -> None:
        """A report was due before the end but had not been started by then."""
        self.due += 1
        self.unfinished += 1

    def give_up(self) -> None:
        """A report in flight was abandoned when the run ended."""
        self.in_flight -= 1
        self.unfinished += 1

    def snapshot(self, worker: int, at_ns: int, cpu_ns: int, *, final: bool = False) -> WorkerSnapshot:
        """The state now; the times and errors begin anew."""
        counts = Counts(
            self.due,
            self.started,
            self.delivered,
            self.skipped,
            self.in_flight,
            self.unfinished,
            self.bytes,
            dict(self.failures),
        )
        snapshot = WorkerSnapshot(worker, at_ns, counts, self._times, self._packages, self._errors, cpu_ns, final, self._intervals)
        self._times = Times(Histogram(), Histogram(), Histogram())
        self._packages = {}
        self._intervals = {}
        self._errors = {}
        return snapshot
