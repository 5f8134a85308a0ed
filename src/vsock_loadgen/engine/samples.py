"""A row for each report of some VMs, in one gzipped CSV file that all workers write to.

The rules it keeps:
- the send loop never waits for a disk: it makes rows, and hands each batch of them to a thread that compresses and writes;
- a batch is a gzip member, appended in one go: the file can be read at every moment, and nothing has to be joined at the end.
Batches of several workers take turns, so that rows are in order only within a batch;
- no more than MOST_BATCHES batches wait in memory. What does not fit, or cannot be written, is lost from the file and counted; a
  batch that a full disk has cut is taken back, so that the file stays readable.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import gzip
import io
import math
import mmap
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from vsock_loadgen.engine.ledger import Book
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.measures.cells import PHASE, Cells
from vsock_loadgen.units import SECOND

COLUMNS = ("vm", "due", "started", "ended", "outcome", "bytes", "packages")
"""The index of the VM, three moments in seconds since the epoch, what became of the report, its size, and its packages; then one
column for each way in which VMs are grouped, and the phase of load."""
ROWS_OF_A_BATCH = 1_000
MOST_BATCHES = 64
_LEVEL = 1
_LONGEST_CLOSE_SECONDS = 5.0
_SLOTS = _WRITTEN, _UNWRITTEN, _DROPPED, _ERRNO = range(4)
_SLOT_BYTES = 8


def is_sampled(index: int, share: Fraction) -> bool:
    """Whether the reports of the VM with this global index are sampled: of n VMs from 0, the share of n, rounded up."""
    return math.ceil((index + 1) * share) > math.ceil(index * share)


@dataclass(frozen=True, slots=True)
class Sampled:
    """How many rows the file has, how many are missing, and why."""

    rows: int
    lost: int
    reason: str

    def __str__(self) -> str:
        lost = f", {self.lost:,} more are lost: {self.reason}" if self.lost else ""
        return f"samples: {self.rows:,} reports are in the file{lost}"


class SampleFile:
    """The file, open for the workers that are forked while it is entered, and what each of them has written so far."""

    def __init__(self, descriptor: int, share: Fraction, cells: Cells, workers: int) -> None:
        """The file of a descriptor that appends."""
        self.descriptor = descriptor
        self.share = share
        self._memory = mmap.mmap(-1, workers * len(_SLOTS) * _SLOT_BYTES)  # the forks' as well
        self._slots = memoryview(self._memory).cast("q")
        append(descriptor, _csv_line((*COLUMNS, *(f"{name}_group" for name in cells.groups), PHASE)))

    def slots_of(self, worker: int) -> memoryview:
        """What a worker notes."""
        return self._slots[worker * len(_SLOTS) : (worker + 1) * len(_SLOTS)]

    def sampled(self) -> Sampled:
        """What is written by now."""
        written, unwritten, dropped, errnos = (list(self._slots[slot :: len(_SLOTS)]) for slot in _SLOTS)
        number = max(errnos)
        reason = os.strerror(number) if number else "the disk was too slow"
        return Sampled(sum(written), sum(unwritten) + sum(dropped), reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.descriptor)


class Samples:
    """The rows of one worker. Its driver calls `begin`, then `enter` for each report whose fate is known, and `close`."""

    def __init__(self, file: SampleFile, worker: int, load: Load, books: Sequence[Book]) -> None:
        self._descriptor = file.descriptor
        self._slots = file.slots_of(worker)
        self._indices, self._packages = load.schedule.indices, load.packages
        self._wanted = bytes(is_sampled(index, file.share) for index in self._indices)
        self._tails = {id(book): _tail(load.cells, number) for number, book in enumerate(books)}
        self._rows: list[str] = []
        self._offset_ns = 0
        self._batches: SimpleQueue[list[str] | None] = SimpleQueue()
        self._entered = 0
        self._writer = threading.Thread(target=self._write_all, name="samples", daemon=True)

    def begin(self, zero_ns: int, zero_wall_ns: int) -> None:
        """Start to write: what the clock and the wall clock say at the same moment."""
        self._offset_ns = zero_wall_ns - zero_ns
        self._writer.start()

    def enter(
        self, position: int, book: Book, outcome: str, due_ns: int, started_ns: int | None, ended_ns: int | None, size: int
    ) -> None:
        """A report of the VM at a position, unless that is not sampled; moments are the clock's, None if there was none."""
        if not self._wanted[position]:
            return
        offset_ns = self._offset_ns
        started = "" if started_ns is None else f"{(started_ns + offset_ns) / SECOND:.6f}"
        ended = "" if ended_ns is None else f"{(ended_ns + offset_ns) / SECOND:.6f}"
        self._rows.append(
            f"{self._indices[position]},{(due_ns + offset_ns) / SECOND:.6f},{started},{ended},{outcome},{size},"
            f"{self._packages[position]}{self._tails[id(book)]}"
        )
        if len(self._rows) == ROWS_OF_A_BATCH:
            self._hand_over()

    def close(self) -> None:
        """Write the rest; what a disk does not take within some seconds is lost."""
        self._hand_over()
        self._batches.put(None)
        self._writer.join(_LONGEST_CLOSE_SECONDS)
        if self._writer.is_alive():
            self._slots[_DROPPED] = self._entered - self._slots[_WRITTEN] - self._slots[_UNWRITTEN]

    def _hand_over(self) -> None:
        rows, self._rows = self._rows, []
        self._entered += len(rows)
        if self._batches.qsize() < MOST_BATCHES:
            self._batches.put(rows)
        else:
            self._slots[_DROPPED] += len(rows)

    def _write_all(self) -> None:
        while (rows := self._batches.get()) is not None:
            try:
                append(self._descriptor, "".join(rows))
                self._slots[_WRITTEN] += len(rows)
            except OSError as error:
                self._slots[_UNWRITTEN] += len(rows)
                self._slots[_ERRNO] = error.errno or errno.EIO


def append(descriptor: int, text: str) -> None:
    """Append a text to the file as a gzip member, or nothing of it. Raises OSError."""
    left = memoryview(gzip.compress(text.encode(), _LEVEL, mtime=0)) if text else memoryview(b"")
    fcntl.lockf(descriptor, fcntl.LOCK_EX)  # a lock of the process, shared by its threads
    size = os.fstat(descriptor).st_size
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        with suppress(OSError):  # of a device, which cannot be truncated
            os.ftruncate(descriptor, size)
        raise
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _tail(cells: Cells, number: int) -> str:
    """The end of a row that is entered under a number: the ids of its groups and its phase."""
    parts = cells.parts_of(number)
    names = (cells.parts(name)[parts[name]] if name in parts else "" for name in (*cells.groups, PHASE))
    return f",{_csv_line(list(names))}"


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
