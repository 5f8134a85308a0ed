"""The send loop of one worker: keeps the schedule, pushes bytes, counts.

The rules it keeps:
- open model: a report is started when it is due, whatever the fate of the one before; only a VM whose last report is still in
flight skips, and the skip is counted;
- one agenda of what is due, one readiness queue, one record per report in flight: no task, thread, timer or payload per VM;
- a report is one non-blocking socket: connect, sendmsg, half-close, wait for the peer's end of file, close. The contents of a large
one come from a file, which the kernel sends without copying it;
- what the kernel can do at once is done at once; a socket is registered only when it must be waited for;
- if many reports fall due one after the other, the loop wakes for them at most every START_PAUSE_NS: waking costs as much
  as a report, and the schedule may be a millisecond late for it;
- starting is done in batches between which sockets that are ready get their turn, so that a herd neither starves answers nor piles
up unattended connections. Retries after a full backlog go in smaller batches, so that a target that comes back to thousands of
waiting reports delays none that falls due meanwhile.
"""

from __future__ import annotations

import errno
import heapq
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.flight import Buffer, Destination, Flight, ReportSource, Span
from vsock_loadgen.engine.ledger import Book, Ledger
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import BROKEN, ENDED, READABLE, WRITABLE, Poller
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.units import MILLISECOND

START_BATCH = 64
RETRY_BATCH = 16
START_PAUSE_NS = MILLISECOND
LONGEST_RETRY_NS = 100 * MILLISECOND
LEAST_FROM_FILE = 32 * 1024
"""Bytes of a report from which on the second call costs less than the copying that it saves."""
_NEVER = 1 << 62
_CHATTER_BYTES = 65_536
_DONE = object()
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
_PEER_CLOSED = frozenset({errno.EPIPE, errno.ECONNRESET})


class Sender:
    """Sends the reports of one worker's VMs as they fall due.

    Its driver begins the `agenda`, calls `step` in a loop, `stop` at the end of the run, and then `step` until `idle` (or calls
    `abandon`).
    """

    def __init__(
        self,
        load: Load,
        agenda: Agenda[Book],
        reports: ReportSource,
        target: Destination,
        poller: Poller,
        ledger: Ledger[Book],
        clock_ns: Callable[[], int],
        *,
        request_timeout_ns: int,
        confirmed: bool,
    ) -> None:
        self._agenda = agenda
        self._indices = load.schedule.indices
        self._cids = load.cids
        self._packages = load.packages
        self._buffers = reports.buffers
        self._spans = reports.spans
        self._file = reports.file
        self._least_from_file = LEAST_FROM_FILE if reports.file >= 0 and target.takes_files else _NEVER
        self._target = target
        self._poller = poller
        self._ledger = ledger
        self._clock_ns = clock_ns
        self._timeout_ns = request_timeout_ns
        self._confirmed = confirmed
        self._under_way = bytearray(len(self._indices))
        self._by_fd: dict[int, Flight] = {}
        self._by_start: deque[Flight] = deque()
        self._retries: list[tuple[int, int, Flight]] = []
        self._stopped = False
        self._rest: Iterator[None] | None = None
        self._busy = b""
        self._each_of_rest: Callable[[int, int, Book], None] | None = None
        self._started_ns = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, and all is counted."""
        return self._rest is None and 1 not in self._under_way

    def step(self, wake_ns: int) -> list[tuple[int, int]]:
        """Start what is due, wait until `wake_ns` at the latest, and handle every socket that is ready.

        Returns the readiness events of descriptors that are not this sender's.
        """
        now_ns = self._clock_ns()
        overdue = self._start_due(now_ns) or self._count_rest()
        if self._retries and self._retries[0][0] <= now_ns:
            self._retry(now_ns)
        timeout_ns = 0 if overdue else self._next_event_ns(wake_ns) - self._clock_ns()
        foreign = []
        by_fd = self._by_fd
        for fd, events in self._poller.wait(timeout_ns):
            flight = by_fd.get(fd)
            if flight is None:
                foreign.append((fd, events))
            else:
                self._attend(flight, events)
        self._expire(self._clock_ns())
        return foreign

    def stop(self, end_ns: int) -> None:
        """End the schedule at `end_ns`: what was due before it and is not started is unfinished, or skipped if its VM is busy.

        A last batch is started first, since the pause between wake-ups may just have held it back.
        """
        self._start_due(end_ns - 1)
        self._stopped = True
        self._busy = bytes(self._under_way)
        self._rest = self._agenda.rest(end_ns, self._enter_rest, self._each_of_rest)
        self._count_rest()

    def _enter_rest(self, position: int, book: Book, reports: int) -> None:
        """Enter reports that were left behind: skipped if their VM is busy, else unfinished."""
        if self._busy[position]:
            book.skip(reports)
        else:
            book.leave_unstarted(reports)

    def _count_rest(self) -> bool:
        """Continue entering what was left behind; returns whether there is more."""
        if self._rest is not None and next(self._rest, _DONE) is _DONE:
            self._rest = None
        return self._rest is not None

    def abandon(self) -> None:
        """Give up everything in flight."""
        for flight in self._by_start:
            if not flight.landed:
                self._land(flight)
                flight.book.give_up()

    def _start_due(self, now_ns: int) -> bool:
        """Start up to a batch of what is due; returns whether more is."""
        if self._stopped:
            return False
        for position, due_ns, book in self._agenda.due(now_ns, START_BATCH):
            if self._under_way[position]:
                self._skip(position, due_ns, book)
                continue
            self._under_way[position] = 1
            self._started_ns = started_ns = self._clock_ns()
            flight = Flight(position, due_ns, started_ns, book)
            book.start(started_ns - due_ns)
            self._by_start.append(flight)
            self._connect(flight)
        return self._agenda.is_due(now_ns)

    def _skip(self, position: int, due_ns: int, book: Book) -> None:
        """A report fell due whose VM is busy."""
        book.skip()

    def _next_event_ns(self, wake_ns: int) -> int:
        """The instant of the next action, whatever the sockets do."""
        if not self._stopped:
            wake_ns = min(wake_ns, max(self._agenda.next_ns, self._started_ns + START_PAUSE_NS))
        if self._retries:
            wake_ns = min(wake_ns, self._retries[0][0])
        if self._by_start:
            wake_ns = min(wake_ns, self._by_start[0].started_ns + self._timeout_ns)
        return wake_ns

    def _connect(self, flight: Flight) -> None:
        target = self._target
        try:
            sock = target.socket()
        except OSError as error:
            failure = FailureClass.DESCRIPTORS if error.errno in _OUT_OF_DESCRIPTORS else FailureClass.CONNECT
            self._fail(flight, failure, error.errno)
            return
        flight.sock, flight.fd = sock, sock.fileno()
        code = sock.connect_ex(target.sockaddr)
        if code == 0:
            self._connected(flight)
        elif code == errno.EINPROGRESS:
            self._watch(flight, WRITABLE)
        else:
            self._refused(flight, code)

    def _refused(self, flight: Flight, code: int) -> None:
        """Try again later if the peer may only be busy; fail if it is absent."""
        if code not in self._target.busy_errnos:
            self._fail(flight, FailureClass.CONNECT, code)
            return
        self._drop_socket(flight)
        retry_at_ns = self._clock_ns() + flight.retry_ns
        flight.retry_ns = min(2 * flight.retry_ns, LONGEST_RETRY_NS)
        heapq.heappush(self._retries, (retry_at_ns, id(flight), flight))

    def _retry(self, now_ns: int) -> None:
        for _ in range(RETRY_BATCH):
            if not self._retries or self._retries[0][0] > now_ns:
                return
            flight = heapq.heappop(self._retries)[2]
            if not flight.landed:
                self._connect(flight)

    def _connected(self, flight: Flight) -> None:
        flight.connected = True
        position = flight.position
        flight.pending = self._buffers(self._indices[position], self._cids[position], self._packages[position])
        flight.size = sum(map(len, flight.pending))
        if flight.size >= self._least_from_file:
            del flight.pending[1:]
            flight.spans = self._spans(self._indices[position], self._packages[position])
        self._send(flight)

    def _attend(self, flight: Flight, events: int) -> None:
        """Continue a report whose socket is ready."""
        if flight.pending is not None:
            self._send(flight)
        elif flight.connected:
            self._hear(flight, events)
        elif flight.sock is not None:
            code = flight.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                self._connected(flight)
            else:
                self._refused(flight, code)

    def _send(self, flight: Flight) -> None:
        assert flight.sock is not None  # noqa: S101 (for the type checker: whoever calls has just looked)
        assert flight.pending is not None  # noqa: S101
        try:
            if flight.pending:
                sent = flight.sock.sendmsg(flight.pending, (), socket.MSG_MORE if flight.spans else 0)
                flight.pending = _rest(flight.pending, sent) or []
            if not flight.pending and (not flight.spans or self._send_spans(flight.sock, flight.spans)):
                flight.pending = None
        except BlockingIOError:
            pass
        except OSError as error:
            failure = FailureClass.CLOSED_EARLY if error.errno in _PEER_CLOSED else FailureClass.WRITE
            self._fail(flight, failure, error.errno)
            return
        if flight.pending is not None:
            self._watch(flight, WRITABLE)
        elif not self._confirmed:
            self._deliver(flight)
        else:
            try:
                flight.sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                self._fail(flight, FailureClass.RESET, error.errno)
                return
            self._watch(flight, READABLE | ENDED)

    def _send_spans(self, sock: socket.SocketType, spans: list[Span]) -> bool:
        """Send parts of the file; returns whether there was room for all of them."""
        while spans:
            start, end = spans[0]
            start += self._target.send_file(sock, self._file, start, end - start)
            if start < end:
                spans[0] = (start, end)
                return False
            del spans[0]
        return True

    def _hear(self, flight: Flight, events: int) -> None:
        """The peer's EOF after ours means that it took everything; what it sends before that is ignored."""
        assert flight.sock is not None  # noqa: S101 (for the type checker: what has no socket is not watched)
        if events & BROKEN:
            self._fail(flight, FailureClass.RESET, flight.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        elif events & ENDED:
            if self._target.ended_too_soon(flight.sock):
                self._fail(flight, FailureClass.CLOSED_EARLY, errno.EPIPE)
            else:
                self._deliver(flight)
        else:
            with suppress(OSError):  # an error shows again as BROKEN
                flight.sock.recv(_CHATTER_BYTES)

    def _watch(self, flight: Flight, events: int) -> None:
        if flight.watched:
            self._poller.modify(flight.fd, events)
        else:
            flight.watched = True
            self._by_fd[flight.fd] = flight
            self._poller.register(flight.fd, events)

    def _deliver(self, flight: Flight) -> int:
        """Enter a report that has arrived; returns when."""
        finished_ns = self._clock_ns()
        self._land(flight)
        flight.book.deliver(finished_ns - flight.due_ns, finished_ns - flight.started_ns, flight.size)
        return finished_ns

    def _fail(self, flight: Flight, failure: FailureClass, code: int | None) -> None:
        self._land(flight)
        flight.book.fail(failure)
        self._ledger.errors[failure] = os.strerror(code) if code else "request timeout"

    def _expire(self, now_ns: int) -> None:
        """End what has been in flight for longer than the request timeout. All timeouts are equal, so the oldest is first."""
        by_start = self._by_start
        while by_start:
            flight = by_start[0]
            if not flight.landed:
                if flight.started_ns + self._timeout_ns > now_ns:
                    return
                self._fail(flight, FailureClass.TIMEOUT if flight.connected else FailureClass.CONNECT, None)
            by_start.popleft()

    def _land(self, flight: Flight) -> None:
        flight.landed = True
        flight.pending = None
        self._under_way[flight.position] = 0
        self._drop_socket(flight)

    def _drop_socket(self, flight: Flight) -> None:
        if flight.sock is not None:
            if flight.watched:
                flight.watched = False
                del self._by_fd[flight.fd]
            flight.sock.close()
            flight.sock = None


def _rest(buffers: list[Buffer], sent: int) -> list[Buffer] | None:
    """What is left of buffers after `sent` bytes, None if nothing is."""
    for number, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *buffers[number + 1 :]]
        sent -= len(buffer)
    return None
