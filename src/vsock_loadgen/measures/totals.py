"""The workers' snapshots added up: the state of the whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from vsock_loadgen.measures.figures import PhaseFigures
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import Series
from vsock_loadgen.measures.snapshot import Counts, PhaseShare, Times, WorkerSnapshot
from vsock_loadgen.units import SECOND


class RunTotals:
    """Merges snapshots as they come; `series` has a row for every second of the wall clock.

    A snapshot belongs to the second in which its stretch began. `zero_wall_ns` is the wall clock at the start of the schedule,
    read once, and `joined_ns` how far that had gone on when the run began; `elapsed_ns` counts from there.
    """

    def __init__(self, workers: int, zero_wall_ns: int, phase_names: Sequence[str] = (), joined_ns: int = 0) -> None:
        self.phase_names = phase_names
        self.zero_wall_ns = zero_wall_ns
        self.joined_ns = joined_ns
        self.elapsed_ns = 0
        self.times = Times()
        self.packages: Counter[int] = Counter()
        self.intervals: Counter[int] = Counter()
        self.profiles: Counter[int] = Counter()
        self.errors: dict[FailureClass, str] = {}
        self.series = Series()
        self._phase_times = [Times() for _ in phase_names]
        self._last: list[WorkerSnapshot | None] = [None] * workers
        self._lost: dict[int, str] = {}
        self.lost_receiver: str | None = None
        """How the run's own receiver came to an end before it could say what it had counted; None where it has not."""

    @property
    def schedule_ns(self) -> int:
        """How far the schedule has gone on."""
        return self.joined_ns + self.elapsed_ns

    @property
    def began_wall_ns(self) -> int:
        """The wall clock at the moment from which on reports were due."""
        return self.zero_wall_ns + self.joined_ns

    @property
    def counts(self) -> Counts:
        """The counts of all workers; what a lost worker had in flight is unfinished."""
        total = Counts()
        for worker, snapshot in enumerate(self._last):
            if snapshot is not None:
                total += _written_off(snapshot.counts) if worker in self._lost else snapshot.counts
        return total

    @property
    def phases(self) -> list[PhaseShare]:
        """What fell due in each phase of load, with all its times; empty where the run has no phases."""
        counts = [Counts()] * len(self._phase_times)
        for worker, snapshot in enumerate(self._last):
            for number, share in enumerate(snapshot.phases if snapshot else ()):
                counts[number] += _written_off(share.counts) if worker in self._lost else share.counts
        return [PhaseShare(each, times) for each, times in zip(counts, self._phase_times, strict=True)]

    def of_phase(self, name: str) -> PhaseFigures | None:
        """What fell due in the phase of that name so far; None where there is none."""
        for known, share in zip(self.phase_names, self.phases, strict=True):
            if known == name:
                return PhaseFigures(share.counts, share.times, self.elapsed_ns)
        return None

    @property
    def worker_cpu_ns(self) -> list[int]:
        """Processor time that each worker has used."""
        return [0 if snapshot is None else snapshot.cpu_ns for snapshot in self._last]

    @property
    def lost(self) -> tuple[int, ...]:
        """Numbers of the workers that are gone without a final snapshot."""
        return tuple(sorted(self._lost))

    def how_lost(self, worker: int) -> str:
        """How a lost worker ended, empty where that is not known."""
        return self._lost[worker]

    def add(self, snapshot: WorkerSnapshot) -> None:
        """Take one snapshot in; each worker's come in order."""
        before = self._last[snapshot.worker]
        self._last[snapshot.worker] = snapshot
        self.elapsed_ns = max(self.elapsed_ns, snapshot.at_ns - self.joined_ns)
        self.times.merge(snapshot.times)
        self.packages.update(snapshot.packages)
        self.intervals.update(snapshot.intervals)
        self.profiles.update(snapshot.profiles)
        self.errors.update(snapshot.errors)
        for times, share in zip(self._phase_times, snapshot.phases, strict=True):
            times.merge(share.times)
        began_ns = before.at_ns if before else self.joined_ns
        self.series.add(
            (self.zero_wall_ns + began_ns) // SECOND,
            snapshot.counts - (before.counts if before else Counts()),
            self.counts.in_flight,
            snapshot.times,
        )

    def lose(self, worker: int, how: str = "") -> None:
        """Note that a worker is gone without a final snapshot, and how it ended."""
        self._lost[worker] = how


def _written_off(counts: Counts) -> Counts:
    return replace(counts, in_flight=0, unfinished=counts.unfinished + counts.in_flight)
