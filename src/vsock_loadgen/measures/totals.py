"""The workers' snapshots added up: the state of the whole run, and of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from vsock_loadgen.measures.cells import PHASE, Cells
from vsock_loadgen.measures.ending import Cause, Stop
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.knowledge import Ages, DenseAges, Knowledge
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import Series
from vsock_loadgen.measures.snapshot import Counts, DenseTimes, Times, WorkerSnapshot
from vsock_loadgen.measures.spread import Spread
from vsock_loadgen.units import SECOND


@dataclass(slots=True)
class _Worker:
    """What is known of a worker: its last snapshot, and all that it has counted by then, in sum, by number of `Cells`, and in the
    parts of each dimension."""

    last: WorkerSnapshot | None = None
    counts: Counts = field(default_factory=lambda: Counts())
    by_number: dict[int, Counts] = field(default_factory=dict)
    parts: dict[str, list[Counts]] = field(default_factory=dict)
    how_lost: str | None = None
    lost_by: Cause = "worker"

    def settled(self, counts: Counts) -> Counts:
        """Counts of it; what it had in flight when it was lost is unfinished."""
        if self.how_lost is None:
            return counts
        return replace(counts, in_flight=0, unfinished=counts.unfinished + counts.in_flight)


class RunTotals:
    """Merges snapshots as they come; `series` has a row for every second of the wall clock.

    A snapshot belongs to the second in which its stretch began. `zero_wall_ns` is the wall clock at the start of the schedule,
    read once, and `joined_ns` how far that had advanced when the run began; `elapsed_ns` counts from there. `cells` says into which
    parts the reports fall.
    """

    def __init__(self, workers: int, zero_wall_ns: int, cells: Cells | None = None, joined_ns: int = 0) -> None:
        self.cells = cells or Cells()
        self.zero_wall_ns = zero_wall_ns
        self.joined_ns = joined_ns
        self.elapsed_ns = 0
        self._whole = DenseTimes()
        self.errors: dict[FailureClass, str] = {}
        self.series = Series()
        self.spread = Spread()
        self.knowledge: Knowledge | None = None
        """What the asker knows, if the fleet is asked."""
        dimensions = (*self.cells.groups, PHASE)
        self._times = {dimension: self._times_of(self.cells.parts(dimension)) for dimension in dimensions}
        self._ages = {dimension: [DenseAges() for _ in self.cells.parts(dimension)] for dimension in dimensions}
        self._whole_ages = DenseAges()
        self._workers = [
            _Worker(parts={name: [Counts()] * len(parts) for name, parts in self._times.items()}) for _ in range(workers)
        ]
        self.stopped: Stop | None = None
        """What ended the schedule early; None if nothing has."""
        self.is_ending = False
        """Whether nothing falls due any more."""
        self.abandoned = False
        """Whether reports in flight were not waited for."""
        self.lost_receiver: str | None = None
        """How the embedded receiver was lost before it could report its counts; None if it was not."""

    def _times_of(self, parts: Sequence[str]) -> list[DenseTimes]:
        """For each part of a dimension its times; those of the only one are those of the whole, which are added up once."""
        return [DenseTimes() if len(parts) > 1 else self._whole for _ in parts]

    @property
    def times(self) -> Times:
        """The times of all reports as they are now: a copy."""
        return self._whole.times()

    @property
    def schedule_ns(self) -> int:
        """How far the schedule has advanced."""
        return self.joined_ns + self.elapsed_ns

    @property
    def began_wall_ns(self) -> int:
        """The wall clock at the moment from which reports were due."""
        return self.zero_wall_ns + self.joined_ns

    @property
    def counts(self) -> Counts:
        """The counts of all workers; what a lost worker had in flight is unfinished."""
        return sum((worker.settled(worker.counts) for worker in self._workers), Counts())

    def counts_of(self, dimension: str) -> list[Counts]:
        """The counts of each part of a dimension, in order."""
        of_workers = ([worker.settled(counts) for counts in worker.parts[dimension]] for worker in self._workers)
        return [sum(counts, Counts()) for counts in zip(*of_workers, strict=True)]

    def parts(self, dimension: str) -> Iterator[PartFigures]:
        """What fell due in each part of a dimension, in order."""
        for counts, times in zip(self.counts_of(dimension), self._times[dimension], strict=True):
            yield PartFigures(counts, times.times(), self.elapsed_ns)

    def part(self, dimension: str, name: str) -> PartFigures | None:
        """What fell due in the part of that name so far; None if there is none, or this process sends none of its VMs."""
        if (number := self.cells.found(dimension, name)) is None:
            return None
        return PartFigures(self.counts_of(dimension)[number], self._times[dimension][number].times(), self.elapsed_ns)

    @property
    def ages(self) -> Ages:
        """The ages of reports that the asker has taken, or not."""
        return self._whole_ages.ages()

    def ages_of(self, dimension: str) -> list[Ages]:
        """Those of each part of a dimension, in order."""
        return [ages.ages() for ages in self._ages[dimension]]

    @property
    def worker_cpu_ns(self) -> list[int]:
        """Processor time that each worker has used."""
        return [0 if worker.last is None else worker.last.cpu_ns for worker in self._workers]

    @property
    def lost(self) -> tuple[int, ...]:
        """Numbers of the workers that are gone without a final snapshot."""
        return tuple(number for number, worker in enumerate(self._workers) if worker.how_lost is not None)

    @property
    def lost_by(self) -> Cause | None:
        """What the first lost worker was lost by; None if none is."""
        return next((worker.lost_by for worker in self._workers if worker.how_lost is not None), None)

    def how_lost(self, worker: int) -> str:
        """How a lost worker ended, empty if that is unknown."""
        return self._workers[worker].how_lost or ""

    def add(self, snapshot: WorkerSnapshot) -> None:
        """Take one snapshot in; each worker's come in order."""
        worker = self._workers[snapshot.worker]
        began_ns = worker.last.at_ns if worker.last else self.joined_ns
        worker.last = snapshot
        self.elapsed_ns = max(self.elapsed_ns, snapshot.at_ns - self.joined_ns)
        self.errors.update(snapshot.errors)
        self.knowledge = snapshot.knowledge or self.knowledge
        change, times = Counts(), Times()
        for number, share in snapshot.shares.items():
            entered = share.counts - worker.by_number.get(number, Counts())
            worker.by_number[number] = share.counts
            change += entered
            times.merge(share.times)
            if share.ages:
                self._whole_ages.merge(share.ages)
            for dimension, part in self.cells.parts_of(number).items():
                worker.parts[dimension][part] += entered
                if (of_part := self._times[dimension][part]) is not self._whole:
                    of_part.merge(share.times)
                if share.ages:
                    self._ages[dimension][part].merge(share.ages)
        worker.counts += change
        self._whole.merge(times)
        second = (self.zero_wall_ns + began_ns) // SECOND
        self.series.add(second, change, self.counts.in_flight, times)
        self.spread.add(second, times.response, change.asked)

    def lose(self, worker: int, how: str = "", by: Cause = "worker") -> None:
        """Note that a worker is gone without a final snapshot, how it ended, and by what."""
        self._workers[worker].how_lost = how
        self._workers[worker].lost_by = by
