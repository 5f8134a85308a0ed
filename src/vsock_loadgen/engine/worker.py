"""The process that has one slice of the fleet, and does nothing else, so that no scrape or redraw delays a report."""

from __future__ import annotations

import gc
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.joining import Join, walk_to
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.machine import raise_descriptor_limit
from vsock_loadgen.engine.poller import READABLE, EpollPoller, Poller
from vsock_loadgen.engine.samples import SampleFile
from vsock_loadgen.errors import exit_code_of
from vsock_loadgen.measures.snapshot import WorkerSnapshot
from vsock_loadgen.units import MILLISECOND

_OBJECTS_BETWEEN_COLLECTIONS = 50_000  # the send loop makes no cycles: there is next to nothing to collect
SNAPSHOT_NS = 250 * MILLISECOND


class Command(StrEnum):
    """What a parent tells a running worker."""

    STOP = "stop"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True)
class Start:
    """The word to begin: the monotonic clock's reading at the start of the schedule, and the wall clock's at that instant.

    `join_ns` is how long ago that was if the run joins a running schedule, else 0.
    """

    zero_ns: int
    zero_wall_ns: int
    join_ns: int = 0


READY = "ready"


class Worker(Protocol):
    """What a worker process does with its slice."""

    def walk(self, zero_wall_ns: int, join_ns: int) -> Iterator[int]:
        """Leave out what was due before `join_ns` from the start; yields now and then how many reports are behind."""

    def run(self, start: Start) -> None:
        """Do it to the end, and hand over the final snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders(ABC):
    """What workers are to do, the same for all. Times are nanoseconds; `duration_ns` 0 means until told to stop. `start_at_ns` is
    the wall clock at the start of the schedule, None to start when all are ready. `samples` gets a row for each report, if that is
    wanted."""

    duration_ns: int
    start_at_ns: int | None = None
    samples: SampleFile | None = None

    @abstractmethod
    def worker(self, number: int, load: Load, channel: Channel, poller: EpollPoller) -> Worker:
        """What a worker process does with its part."""

    def end_ns(self, start: Start) -> int | None:
        """When nothing is due any more, by the clock; None: when it is told."""
        return start.zero_ns + self.duration_ns if self.duration_ns else None


class Snapshots(Protocol):
    """Where snapshots come from: a `Ledger`."""

    def snapshot(self, worker: int, at_ns: int, cpu_ns: int, *, final: bool = False) -> WorkerSnapshot:
        """What has changed since the one before."""


class Handover:
    """A worker's way of telling its parent what it has counted: a snapshot every SNAPSHOT_NS."""

    def __init__(self, number: int, ledger: Snapshots, channel: Channel, clock_ns: Callable[[], int]) -> None:
        self._number = number
        self._ledger = ledger
        self._channel = channel
        self._clock_ns = clock_ns
        self.zero_ns = self.next_ns = 0

    def begin(self, start: Start) -> None:
        """Cuts fall on quarter seconds of the wall clock, so that the rows of several nodes line up."""
        self.zero_ns = start.zero_ns
        self.next_ns = start.zero_ns + SNAPSHOT_NS - start.zero_wall_ns % SNAPSHOT_NS

    def cut(self, now_ns: int) -> None:
        """Hand a snapshot over, if it is time and the parent has taken the one before."""
        if now_ns < self.next_ns:
            return
        self.next_ns += (1 + (now_ns - self.next_ns) // SNAPSHOT_NS) * SNAPSHOT_NS
        if self._channel.flush():
            self._hand_over(now_ns, final=False)

    def close(self) -> None:
        """Hand the final snapshot over, and wait until it is gone."""
        self._hand_over(self._clock_ns(), final=True)
        self._channel.flush(wait=True)

    def _hand_over(self, now_ns: int, *, final: bool) -> None:
        at_ns = now_ns - self.zero_ns
        self._channel.send(self._ledger.snapshot(self._number, at_ns, time.process_time_ns(), final=final))


def await_start(channel: Channel, poller: Poller, worker: Worker) -> Start | None:
    """Wait for the word to begin, and take it; None if the parent has gone or wants no run any more."""
    while not channel.closed:
        poller.wait(SNAPSHOT_NS)
        while (message := channel.receive_one()) is not None:
            if isinstance(message, Join):
                if walk_to(message, worker.walk, channel):
                    continue
                return None
            return message if isinstance(message, Start) else None
    return None


def work(number: int, load: Load, orders: Orders, channel: Channel) -> None:
    """Body of a worker process: get ready, wait for the word to begin, run. A parent that goes away ends it.

    If this machine refuses memory or descriptors, the process exits with the error's number, and its last snapshot stands.
    """
    for number_of_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_of_signal, signal.SIG_IGN)  # the parent takes them, and tells its workers
    raise_descriptor_limit()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        with closing(channel), closing(EpollPoller()) as poller:
            poller.register(channel.fileno(), READABLE)
            worker = orders.worker(number, load, channel, poller)
            channel.send(READY)
            if start := await_start(channel, poller, worker):
                worker.run(start)
    except (MemoryError, OSError) as error:
        sys.exit(exit_code_of(error))
