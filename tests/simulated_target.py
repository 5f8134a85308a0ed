"""A target that exists in numbers only: servers that take one report after the other, on a clock that nobody waits for."""

from __future__ import annotations

import heapq
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from vsock_loadgen.capacity.cells import TrialCells, phases_of
from vsock_loadgen.capacity.goals import Goal, goals_of
from vsock_loadgen.capacity.search import Search, Step, Terms
from vsock_loadgen.capacity.timing import lengths_of
from vsock_loadgen.capacity.trial import Level, Trial
from vsock_loadgen.capacity.watch import TrialWatch
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.engine.ledger import Book, Ledger, new_books
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.arrivals import Arrivals
from vsock_loadgen.plan.fleet import Cohort
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.units import MILLISECOND, SECOND

SNAPSHOT_NS = 250 * MILLISECOND
Due = Iterator[tuple[int, int]]
"""(nanoseconds since the start, VM), in order."""
Enter = Callable[[int], None]
"""Enters what happens in the books; it is told how late the generator is."""


def goals(*expressions: str) -> tuple[Goal, ...]:
    """The goals of these thresholds, and the guard."""
    overrides = [Override("--goal", f"thresholds[{number}]", text) for number, text in enumerate(expressions)]
    return goals_of(load(None, environment={}, overrides=overrides, strict=True).config)


@dataclass
class Simulated:
    """A fleet of equal VMs before a target with so many servers; in each trial its own moments.

    `service_ns` is how long a server takes for a report in a trial of that number, `arrivals` the moments at which VMs report
    (those of the fleet where it is None), `lag_ns` how late the generator is at a load.
    """

    terms: Terms
    per_second: float
    service_ns: Callable[[int], int]
    servers: int = 1
    vms: int = 2_000
    jitter: Fraction = Fraction(1, 20)
    arrivals: Callable[[int, float, int], Due] | None = None
    lag_ns: Callable[[float], int] = lambda load: 0
    recovers: Callable[[int], bool] = lambda number: True
    trials: list[Trial] = field(default_factory=list)

    def search(self, most: int = 100) -> Search:
        """The whole search, of at most so many trials."""
        while (step := Search(self.terms, self.trials).next) and len(self.trials) < most:
            self.trials.append(self.trial(step, len(self.trials) + 1))
        return Search(self.terms, self.trials)

    def trial(self, step: Step, number: int) -> Trial:
        """What one trial shows."""
        rate = self.per_second * step.load
        lengths = lengths_of(self.terms.goals, {PHASE: rate}, long=step.long)
        end_ns = lengths.settle_ns + lengths.window_ns
        phases = phases_of(lengths.settle_ns, lengths.window_ns)
        cells = TrialCells.of(TrialCells(tuple(phase.name for phase in phases)), self.terms.goals)
        totals, ledger = RunTotals(1, 0, cells), Ledger(new_books(cells.books))
        self._ends: list[int] = []
        watch = TrialWatch(self.terms, step, Level(step.load, self.vms, rate), lengths, rate, lambda: self._ends.append(1))
        batch_ns = phases[1].duration_ns
        cut_ns = SNAPSHOT_NS
        for at_ns, enter in self._events(
            number, rate, end_ns, lambda due_ns: self._book(ledger, lengths.settle_ns, batch_ns, due_ns)
        ):
            while at_ns >= cut_ns:
                totals.is_ending = cut_ns >= end_ns
                totals.add(ledger.snapshot(0, cut_ns, 0))
                watch.update(totals)
                cut_ns += SNAPSHOT_NS
            enter(self.lag_ns(step.load))
        totals.add(ledger.snapshot(0, cut_ns, 0, final=True))
        return watch.trial(
            number, totals, lag_limit_ns=50 * MILLISECOND, thrown_away=0, recovered_after=1.0 if self.recovers(number) else None
        )

    @staticmethod
    def _book(ledger: Ledger[Book], settle_ns: int, batch_ns: int, due_ns: int) -> Book:
        phase = 0 if due_ns < settle_ns else min(len(ledger.books) - 1, 1 + (due_ns - settle_ns) // batch_ns)
        return ledger.books[phase]

    def _events(self, number: int, rate: float, end_ns: int, book_of: Callable[[int], Book]) -> Iterator[tuple[int, Enter]]:
        """What happens, in order: (instant, what enters it)."""
        free = [0] * self.servers
        landing: list[tuple[int, int, int, Book]] = []
        busy = bytearray(self.vms)
        service_ns = self.service_ns(number)
        for due_ns, vm in self._due(number, rate, end_ns):
            if self._ends:
                break  # as the generator ends a trial
            while landing and landing[0][0] <= due_ns:
                yield self._landing(heapq.heappop(landing), busy)
            book = book_of(due_ns)
            if busy[vm]:
                yield due_ns, partial(_skip, book)
                continue
            busy[vm] = 1
            done_ns = max(due_ns, free[0]) + service_ns
            heapq.heapreplace(free, done_ns)
            yield due_ns, book.start
            heapq.heappush(landing, (done_ns, vm, due_ns, book))
        while landing:
            yield self._landing(heapq.heappop(landing), busy)

    @staticmethod
    def _landing(landed: tuple[int, int, int, Book], busy: bytearray) -> tuple[int, Enter]:
        done_ns, vm, due_ns, book = landed
        busy[vm] = 0
        return done_ns, lambda lag_ns: book.deliver(done_ns - due_ns, done_ns - due_ns, 1_000)

    def _due(self, number: int, rate: float, end_ns: int) -> Due:
        if self.arrivals:
            return self.arrivals(number, rate, end_ns)
        interval_ns = int(self.vms * SECOND / rate)
        schedule = Schedule(
            7,
            range(self.vms),
            array("q", [interval_ns] * self.vms),
            array("q", [0] * self.vms),
            array("H", [0] * self.vms),
            (Cohort(self.jitter),),
        )
        return in_order(Arrivals(number, self.vms).of(schedule), end_ns)


def _skip(book: Book, lag_ns: int) -> None:
    book.skip()


def in_order(schedule: Schedule, end_ns: int) -> Due:
    """Everything that a schedule has due before `end_ns`."""
    advance = schedule.advance(0)
    heap = [(advance(position), position) for position in range(len(schedule.indices))]
    heapq.heapify(heap)
    while heap and heap[0][0] < end_ns:
        due_ns, position = heap[0]
        yield due_ns, position
        heapq.heapreplace(heap, (advance(position), position))


def poisson(seed: int) -> Callable[[int, float, int], Due]:
    """Arrivals of which none knows of another (each of a VM of its own), other ones for every trial."""

    def arrivals(number: int, rate: float, end_ns: int) -> Due:
        draw = random.Random(f"{seed}/{number}")
        at_ns, vm = 0.0, 0
        while (at_ns := at_ns + draw.expovariate(rate) * SECOND) < end_ns:
            yield int(at_ns), vm
            vm += 1

    return arrivals


def terms(*expressions: str, start: float = 1.0, lowest: float = 1 / 32, highest: float = float("inf"), confirm: int = 2) -> Terms:
    """Terms of a search over rates that begins at the fleet's own."""
    return Terms("rate", goals(*expressions), start, lowest, highest, "bounds", confirm=confirm)
