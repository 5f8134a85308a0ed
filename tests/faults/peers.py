"""Targets in processes of their own: the stand-in relay, and hostile ones whose faults it has no option for.

Every peer says in the end what it saw, as a receipt: the stand-in hands its own over, a hostile one counts in memory that it shares
with the test, so that its count outlives it. Peers are forked; start them before any thread exists.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from typing import Protocol

from command import TIMEOUT_SECONDS
from vsock_loadgen.config.address import Address, TcpAddress
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.exposition import exposition
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.receiver.tally import Decoded
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.exposing import exposing
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import SECOND
from watched import Watched, state_of

_CHUNK_BYTES = 64 * 1024
_FORK = multiprocessing.get_context("fork")
_DRAIN_NS = SECOND // 4  # what is on its way needs no longer; what is stuck stays for as long as this


class Peer(Protocol):
    """Somebody who listens until the test ends it."""

    @property
    def pid(self) -> int:
        """The process."""

    def end(self) -> Receipt:
        """End the process, where it has not ended by itself, and return what it counted."""


class StandIn:
    """The stand-in relay on an address, with its counters on `metrics_port` where that is not 0."""

    def __init__(
        self, address: Address, behaviour: Behaviour, decode: Callable[[bytes], Decoded], *, metrics_port: int = 0
    ) -> None:
        listener = listen(address)
        self.address = _bound(address, listener)
        self._behaviour = behaviour
        self._decode = decode
        self._metrics_port = metrics_port
        self._pipe, theirs = _FORK.Pipe()
        self._process = _FORK.Process(target=self._serve, args=(listener, theirs))
        self._process.start()
        theirs.close()
        listener.close()
        self._pipe.recv()

    def _serve(self, listener: socket.socket, pipe: multiprocessing.connection.Connection) -> None:
        self._pipe.close()  # else the child would not see the end of its parent
        _ignore_signals()
        receiver = Receiver(listener, decode=self._decode, behaviour=self._behaviour)
        with (
            exposing(self._metrics_port, lambda started: exposition(receiver.counters(), started))
            if self._metrics_port
            else nullcontext()
        ):
            pipe.send(None)
            pipe.send(receiver.run(pipe.fileno(), drain_ns=_DRAIN_NS))

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid is not None
        return self._process.pid

    def end(self) -> Receipt:
        """Stop it as a signal would; what is on its way is taken."""
        self._pipe.send(None)
        receipt = self._pipe.recv()
        self._pipe.close()
        self._process.join(TIMEOUT_SECONDS)
        self._process.close()
        assert isinstance(receipt, Receipt)
        return receipt


class Tally:
    """Counts of connections in shared memory; what was not counted as something is unfinished."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")

    def accepted(self) -> None:
        """A connection was accepted."""
        self._counts[0] += 1

    def ended(self, size_bytes: int) -> None:
        """A connection was read to its end and carried so many bytes."""
        self._counts[1 if size_bytes else 2] += 1
        self._counts[3] += size_bytes

    @property
    def reports(self) -> int:
        """Reports that were read to their end."""
        return self._counts[1]

    def receipt(self) -> Receipt:
        """The count so far."""
        connections, reports, empty, size_bytes = self._counts[:4]
        return Receipt(
            connections=connections, reports=reports, empty=empty, bytes=size_bytes, unfinished=connections - reports - empty
        )


class Hostile(Protocol):
    """What a hostile peer does with its listener until it is killed or kills itself."""

    def __call__(self, listener: socket.socket, tally: Tally) -> None:
        """Take connections, and count them."""


class HostilePeer:
    """A hostile target on an address."""

    def __init__(self, address: Address, hostile: Hostile, *, backlog: int = 4096) -> None:
        listener = listen(address, backlog=backlog)
        listener.setblocking(True)
        self.address = _bound(address, listener)
        self._tally = Tally()
        self._process: ForkProcess = _FORK.Process(target=self._serve, args=(hostile, listener))
        self._process.start()
        listener.close()

    def _serve(self, hostile: Hostile, listener: socket.socket) -> None:
        _ignore_signals()
        hostile(listener, self._tally)

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid is not None
        return self._process.pid

    def end(self) -> Receipt:
        """Kill it, unless it has done so itself."""
        self._process.kill()
        self._process.join(TIMEOUT_SECONDS)
        self._process.close()
        return self._tally.receipt()


def let_rest(peer: Peer) -> None:
    """Wait until a peer has done all that there is to do for it: it waits for something, or has ended."""
    Watched.until(lambda: state_of(peer.pid) in ("S", "Z", ""))


@dataclass(frozen=True, slots=True)
class DiesWithinAReport:
    """Takes some reports one after the other, reads a part of the next, and is killed."""

    reports: int
    part_bytes: int

    def __call__(self, listener: socket.socket, tally: Tally) -> None:
        """Be this peer."""
        while tally.reports < self.reports:
            _take_one(listener, tally)
        connection, _ = listener.accept()
        tally.accepted()
        if not _read(connection, self.part_bytes):  # somebody who only looked
            tally.ended(0)
            connection, _ = listener.accept()
            tally.accepted()
            _read(connection, self.part_bytes)
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class StopsReading:
    """Accepts everybody, reads so many bytes of each at most, and then neither reads nor says anything, nor closes."""

    part_bytes: int

    def __call__(self, listener: socket.socket, tally: Tally) -> None:
        """Be this peer."""
        kept = []
        while True:
            connection, _ = listener.accept()
            kept.append(connection)
            tally.accepted()
            if not _read(connection, self.part_bytes) and self.part_bytes:
                tally.ended(0)  # somebody who only looked


@dataclass(frozen=True, slots=True)
class AcceptsSlowly:
    """Takes one report after the other, with a pause before each."""

    pause_seconds: float

    def __call__(self, listener: socket.socket, tally: Tally) -> None:
        """Be this peer."""
        while True:
            time.sleep(self.pause_seconds)
            _take_one(listener, tally)


@dataclass(frozen=True, slots=True)
class AcceptsOnlyTheLook:
    """Takes the connection that looks whether somebody listens, and then leaves everybody in the backlog."""

    def __call__(self, listener: socket.socket, tally: Tally) -> None:
        """Be this peer."""
        _take_one(listener, tally)
        signal.pause()


def _take_one(listener: socket.socket, tally: Tally) -> None:
    connection, _ = listener.accept()
    tally.accepted()
    with connection:
        size_bytes = 0
        while chunk := connection.recv(_CHUNK_BYTES):
            size_bytes += len(chunk)
        tally.ended(size_bytes)


def _read(connection: socket.socket, most_bytes: int) -> int:
    """Read up to so many bytes, fewer only where the connection ends; returns their number."""
    size_bytes = 0
    while size_bytes < most_bytes and (chunk := connection.recv(min(_CHUNK_BYTES, most_bytes - size_bytes))):
        size_bytes += len(chunk)
    return size_bytes


def _ignore_signals() -> None:
    """Leave the terminal's signals to the test, which ends its peers itself."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _bound(address: Address, listener: socket.socket) -> Address:
    """The address that others connect to, where the kernel chose the port."""
    return TcpAddress(address.host, listener.getsockname()[1]) if isinstance(address, TcpAddress) else address


LONG_NS = 3_600 * SECOND
"""Longer than any trial."""
