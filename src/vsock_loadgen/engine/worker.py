"""The process that sends one slice of the fleet, and does nothing else, so that no scrape or redraw delays a report."""

from __future__ import annotations

import gc
import signal
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from vsock_loadgen.engine.capacity import raise_descriptor_limit
from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.flight import ReportSource
from vsock_loadgen.engine.joining import Join, walk_to
from vsock_loadgen.engine.ledger import Ledger
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import READABLE, EpollPoller
from vsock_loadgen.engine.sender import Sender
from vsock_loadgen.errors import exit_code_of
from vsock_loadgen.transport.endpoint import Endpoint
from vsock_loadgen.units import MILLISECOND

_OBJECTS_BETWEEN_COLLECTIONS = 50_000  # the send loop makes no cycles: what is collected is next to nothing
SNAPSHOT_NS = 250 * MILLISECOND


class Command(StrEnum):
    """What a parent tells a running worker."""

    STOP = "stop"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True)
class Start:
    """The word to begin: the monotonic clock's reading at the start of the schedule, and the wall clock's at that instant.

    `join_ns` is how long ago that was where the run joins a schedule that goes on already, else 0.
    """

    zero_ns: int
    zero_wall_ns: int
    join_ns: int = 0


READY = "ready"


@dataclass(frozen=True, slots=True)
class Orders:
    """How a worker is to send, the same for all. Times are nanoseconds; `duration_ns` 0 means until told to stop, and
    `start_at_ns` is the wall clock at the start of the schedule, None where that is whenever everybody is ready."""

    endpoint: Endpoint
    reports: ReportSource
    request_timeout_ns: int
    duration_ns: int
    confirmed: bool
    start_at_ns: int | None = None


class Worker:
    """One worker's run, from the word to begin to the final snapshot."""

    def __init__(self, number: int, load: Load, orders: Orders, channel: Channel, poller: EpollPoller) -> None:
        self._number = number
        self._duration_ns = orders.duration_ns
        self._channel = channel
        self._clock_ns = time.monotonic_ns
        self._stopping = False
        self._ledger = Ledger(load.cells.books)
        poller.register(channel.fileno(), READABLE)
        self._sender = Sender(
            load,
            orders.reports,
            orders.endpoint,
            poller,
            self._ledger,
            self._clock_ns,
            request_timeout_ns=orders.request_timeout_ns,
            confirmed=orders.confirmed,
        )

    def await_start(self, poller: EpollPoller) -> bool:
        """Wait for the word to begin, and take it; False where the parent has gone or wants no run any more."""
        while not self._channel.closed:
            poller.wait(SNAPSHOT_NS)
            for message in self._channel.receive():
                if isinstance(message, Join):
                    if walk_to(message, self._sender.walk, self._channel):
                        continue
                    return False
                if not isinstance(message, Start):
                    return False
                self._zero_ns = message.zero_ns
                self._end_ns = message.zero_ns + self._duration_ns if self._duration_ns else None
                # Cuts fall on quarter seconds of the wall clock, so that the rows of several nodes line up.
                self._next_cut_ns = message.zero_ns + SNAPSHOT_NS - message.zero_wall_ns % SNAPSHOT_NS
                self._sender.begin(message.zero_ns, message.zero_wall_ns, message.join_ns, self._end_ns)
                return True
        return False

    def run(self) -> None:
        """Send until the end of the duration or a command, then drain, and hand over the final snapshot."""
        while not (self._stopping and (self._sender.idle or self._channel.closed)):
            wake_ns = self._next_cut_ns
            if self._end_ns is not None and not self._stopping:
                wake_ns = min(wake_ns, self._end_ns)
            if self._sender.step(wake_ns):
                self._obey()
            now_ns = self._clock_ns()
            if self._end_ns is not None and now_ns >= self._end_ns and not self._stopping:
                self._stop(self._end_ns)
            if now_ns >= self._next_cut_ns:
                self._cut(now_ns)
        self._hand_over(self._clock_ns(), final=True)
        self._channel.flush(wait=True)

    def _obey(self) -> None:
        commands = self._channel.receive()
        if (Command.STOP in commands or Command.ABANDON in commands) and not self._stopping:
            self._stop(self._clock_ns())
        if Command.ABANDON in commands or self._channel.closed:
            self._stopping = True
            self._sender.abandon()

    def _stop(self, end_ns: int) -> None:
        self._stopping = True
        self._sender.stop(end_ns)

    def _cut(self, now_ns: int) -> None:
        self._next_cut_ns += (1 + (now_ns - self._next_cut_ns) // SNAPSHOT_NS) * SNAPSHOT_NS
        if self._channel.flush():
            self._hand_over(now_ns, final=False)

    def _hand_over(self, now_ns: int, *, final: bool) -> None:
        at_ns = now_ns - self._zero_ns
        self._channel.send(self._ledger.snapshot(self._number, at_ns, time.process_time_ns(), final=final))


def work(number: int, load: Load, orders: Orders, channel: Channel) -> None:
    """Body of a worker process: get ready, wait for the word to begin, run. A parent that goes away ends it.

    Where this machine refuses memory or descriptors, the process ends with the error's number, and what it handed over last stands.
    """
    for number_of_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_of_signal, signal.SIG_IGN)  # the parent takes them, and tells its workers
    raise_descriptor_limit()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        with closing(channel), closing(EpollPoller()) as poller:
            worker = Worker(number, load, orders, channel, poller)
            channel.send(READY)
            if worker.await_start(poller):
                worker.run()
    except (MemoryError, OSError) as error:
        sys.exit(exit_code_of(error))
