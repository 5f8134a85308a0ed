"""Which report of which VM is due now: one queue of (due time, VM) over the schedule of some VMs, walked through in order.

The fate of a due report is not its concern: it is sent, or waits until it is taken.
"""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from vsock_loadgen.engine.calendar import Calendar
from vsock_loadgen.engine.joining import STEPS_BETWEEN_LOOKS
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.units import SECOND

_NEVER_NS = 1 << 62
_REPORTS_PER_DAY = 256
_FAR_NS = 60 * SECOND  # this far back, a walk begins at the present instead, if it can

B = TypeVar("B")


class Agenda(Generic[B]):
    """The reports of some VMs, in the order in which they fall due, each with the one of `books` that it is entered in. Its driver
    calls `begin`, then `due` repeatedly, and `rest` at the end."""

    def __init__(self, load: Load, books: Sequence[B]) -> None:
        self._schedule = load.schedule
        self._bits = load.position_bits  # of an entry: due time and position in one integer compare faster than a tuple
        self._mask = (1 << self._bits) - 1
        self._books = books
        first_books = [load.cells.number(cell) for cell in range(load.cells.count)]
        self._first_book = array("l", map(first_books.__getitem__, load.places))
        self._zero_ns = 0
        self._last_ns = _NEVER_NS
        self._grid_wall_ns: int | None = None
        self._day_bits = _day_bits(load.schedule.interval_ns)
        self._queue = Calendar((), 0)
        self._joined_ns = 0
        if not load.schedule.is_synchronized:
            self.approach(0, 0)  # before the start is known, so that no worker is late for it

    def walk(self, zero_wall_ns: int, join_ns: int) -> Iterator[int]:
        """Leave out what was due before `join_ns` from the start, which is at `zero_wall_ns` of the wall clock.

        If that is long ago, it takes a while; yields how many reports are behind, every STEPS_BETWEEN_LOOKS of them. The rest is
        left to `begin`.
        """
        grid_wall_ns = zero_wall_ns if self._schedule.is_synchronized else 0
        if grid_wall_ns != self._grid_wall_ns or join_ns - self._joined_ns > _FAR_NS:
            self._grid_wall_ns = grid_wall_ns
            self._advance = self._schedule.advance(grid_wall_ns, join_ns)
            entries = [self._next(position) for position in range(len(self._schedule.indices))]
        else:
            entries = list(self._queue)
        self._joined_ns = join_ns
        steps, limit = 0, join_ns << self._bits
        for place, entry in enumerate(entries):
            while entry < limit:
                entry = self._next(entry & self._mask)
                steps += 1
                if not steps % STEPS_BETWEEN_LOOKS:
                    yield steps
            entries[place] = entry
        self._queue = Calendar(entries, self._bits + self._day_bits)
        yield steps

    def approach(self, zero_wall_ns: int, join_ns: int) -> None:
        """Walk in one go."""
        deque(self.walk(zero_wall_ns, join_ns), maxlen=0)

    def begin(self, zero_ns: int, zero_wall_ns: int, join_ns: int, end_ns: int | None = None) -> None:
        """Start the schedule: `zero_ns` is the clock's reading at its start, `zero_wall_ns` the wall clock's.

        What was due before `join_ns` from the start is left out: a run that joins late does not make up for it. Nothing is due at
        `end_ns` (of the clock; None: no end is known yet) or later.
        """
        self._zero_ns = zero_ns
        self._last_ns = _NEVER_NS if end_ns is None else end_ns - 1
        if self._schedule.is_synchronized or join_ns > 0:
            self.approach(zero_wall_ns, join_ns)

    def due(self, now_ns: int, most: int) -> list[tuple[int, int, B]]:
        """Take what is due off the agenda, among the next `most` entries: (position of the VM, due time by the clock, book)."""
        queue, limit = self._queue, self._limit(now_ns)
        taken: list[tuple[int, int, B]] = []
        zero_ns, shape, phase, bits, mask = self._zero_ns, self._schedule.shape, 0, self._bits, self._mask
        for _ in range(most):
            entry = queue.first
            if entry >= limit:
                break
            due_ns, position = entry >> bits, entry & mask
            queue.replace_first(self._next(position))
            if shape is not None:
                if not self._schedule.is_on(position, due_ns):
                    continue
                phase = shape.phase_at(due_ns)
            taken.append((position, zero_ns + due_ns, self._books[self._first_book[position] + phase]))
        return taken

    def book(self, position: int, now_ns: int) -> B:
        """The book of a VM at this moment of the clock."""
        shape = self._schedule.shape
        return self._books[self._first_book[position] + (0 if shape is None else shape.phase_at(max(0, now_ns - self._zero_ns)))]

    def firsts(self) -> list[int]:
        """For each VM the clock's reading when the next of its reports is due, whether or not it is switched on then."""
        found = [_NEVER_NS] * len(self._schedule.indices)
        for entry in self._queue:
            found[entry & self._mask] = self._zero_ns + (entry >> self._bits)
        return found

    def is_due(self, now_ns: int) -> bool:
        """Whether the next one is due."""
        return self._queue.first < self._limit(now_ns)

    @property
    def next_ns(self) -> int:
        """When the next one is due, by the clock."""
        return self._zero_ns + (self._queue.first >> self._bits)

    def rest(
        self, end_ns: int, enter: Callable[[int, B, int], None], each: Callable[[int, int, B], None] | None = None
    ) -> Iterator[None]:
        """Take what is due before `end_ns` off the agenda: `enter` is called with the position of a VM, a book and how many reports
        belong there, and `each` for every report, with its due time by the clock. If there are many it takes a while, and yields
        every STEPS_BETWEEN_LOOKS reports."""
        limit, shape, steps = (end_ns - self._zero_ns) << self._bits, self._schedule.shape, 0
        for first in self._queue:
            entry, position = first, first & self._mask
            reports: dict[int, int] = {}
            while entry < limit:
                due_ns = entry >> self._bits
                phase = 0 if shape is None else shape.phase_at(due_ns)
                if shape is None or self._schedule.is_on(position, due_ns):
                    reports[phase] = reports.get(phase, 0) + 1
                    if each is not None:
                        each(position, self._zero_ns + due_ns, self._books[self._first_book[position] + phase])
                entry = self._next(position)
                steps += 1
                if not steps % STEPS_BETWEEN_LOOKS:
                    self._enter_rest(position, reports, enter)
                    yield
            self._enter_rest(position, reports, enter)

    def _enter_rest(self, position: int, reports: dict[int, int], enter: Callable[[int, B, int], None]) -> None:
        """Enter reports of a VM by their phase, and clear the counts."""
        for phase, count in reports.items():
            enter(position, self._books[self._first_book[position] + phase], count)
        reports.clear()

    def _next(self, position: int) -> int:
        """The entry of a VM's next report."""
        return self._advance(position) << self._bits | position

    def _limit(self, now_ns: int) -> int:
        """The entry that no due report reaches."""
        return (min(now_ns, self._last_ns) - self._zero_ns + 1) << self._bits


def _day_bits(intervals_ns: Sequence[int]) -> int:
    """Bits of the nanoseconds in which some _REPORTS_PER_DAY reports of VMs with these intervals are due."""
    per_ns = sum(count / interval_ns for interval_ns, count in Counter(intervals_ns).items())
    return int(_REPORTS_PER_DAY / per_ns).bit_length() if per_ns else 0
