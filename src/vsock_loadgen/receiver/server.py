"""A receiver: one process, one epoll, no thread. It reads every connection to its end, decodes it and counts it.

Rules:

- Only a connection that is being read is registered with epoll. One that waits (for a handler, for its reading pace, for
  its close) is not: a peer that has closed would otherwise wake the loop without end.
- A connection's fate is counted once, when it is known; what was not counted is unfinished.
- Data is dropped as soon as the fate is known, so that what is kept is bounded by the open connections.
- A timed action first checks that its connection is still as it was left.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.forwarding import Forwarding
from vsock_loadgen.receiver.steady import steady_wall
from vsock_loadgen.receiver.tally import Decoded, Tally
from vsock_loadgen.receiver.timers import Timers, poll_seconds
from vsock_loadgen.results.receipt import Receipt, Rejection
from vsock_loadgen.results.reconciliation import TargetCounters
from vsock_loadgen.transport.listening import stop_listening
from vsock_loadgen.units import MILLISECOND, SECOND

DEFAULT_DRAIN_NS = 2 * SECOND
_BUFFER_BYTES = 256 * 1024
_READS_A_TURN = 8
_ACCEPTS_A_TURN = 64
_PACED_READS_A_SECOND = 20
_NO_DESCRIPTOR_PAUSE_NS = 10 * MILLISECOND
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class _Connection:
    """One accepted connection and what was read from it."""

    __slots__ = ("data", "is_counted", "is_handled", "is_open", "is_polled", "peer_cid", "sock")

    def __init__(self, sock: socket.socket, peer_cid: int | None) -> None:
        self.sock = sock
        self.peer_cid = peer_cid
        self.data = bytearray()
        self.is_open = True
        self.is_handled = False
        self.is_polled = False
        self.is_counted = False


class Receiver:
    """Takes reports from a listener until it is told to stop.

    `decode` turns the bytes of one connection into a report, or raises ValueError. `run` is the whole life of a receiver:
    `serve`, `drain`, `close`. `turn` is one round of their loop, for a driver with its own clock.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        decode: Callable[[bytes], Decoded],
        behaviour: Behaviour | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self._listener = listener
        self._is_tcp = listener.family in (socket.AF_INET, socket.AF_INET6)
        self._is_vsock = listener.family == socket.AF_VSOCK
        self._decode = decode
        self._behaviour = behaviour or Behaviour()
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._wall = wall or steady_wall()
        self._tally = Tally()
        self._forwarding = Forwarding(self._behaviour)
        self._timers = Timers()
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._connections: dict[int, _Connection] = {}
        self._waiting: deque[_Connection] = deque()
        self._handled = 0
        self._stalled_until_ns = 0
        self._stop_fd = -1
        self._stop_asked = False
        self._epoll = select.epoll()
        self._is_accepting = False
        self._resume_accepting()

    def receipt(self) -> Receipt:
        """What was counted so far."""
        return self._tally.receipt()

    def counters(self) -> TargetCounters:
        """The same as the relay's own counters show it. May be called from another thread."""
        return self._tally.counters()

    def run(self, stop: int, *, drain_ns: int = DEFAULT_DRAIN_NS) -> Receipt:
        """Serve until the file descriptor `stop` becomes readable, drain, close, and return what was counted."""
        try:
            self.serve(stop)
            self.drain(drain_ns)
        finally:
            self.close()
        return self.receipt()

    def serve(self, stop: int) -> None:
        """Take reports until the file descriptor `stop` becomes readable."""
        self._stop_fd = stop
        self._epoll.register(stop, select.EPOLLIN)
        while not self._stop_asked:
            self.turn(None)

    def drain(self, longest_ns: int) -> None:
        """Take what is on its way, in the backlog or half read, until there is no more or the time is up."""
        deadline_ns = self._clock_ns() + longest_ns
        while (left_ns := deadline_ns - self._clock_ns()) > 0 and (self._connections or self._has_backlog()):
            self.turn(left_ns)

    def turn(self, wait_ns: int | None = 0) -> None:
        """Do what is due, then wait for events for at most a time (None: any time), and handle them."""
        now_ns = self._clock_ns()
        for action in self._timers.take_due(now_ns):
            if now_ns < self._stalled_until_ns:
                self._timers.at(self._stalled_until_ns, action)
            else:
                action()
        if now_ns < self._stalled_until_ns:
            self._sit_out(now_ns, wait_ns)
            return
        self._admit()
        for fileno, _ in self._epoll.poll(poll_seconds(self._wait_ns(now_ns, wait_ns))):
            if fileno == self._stop_fd:
                self._note_stop()
            elif fileno == self._listener.fileno():
                self._accept()
            elif fileno in self._connections:
                self._read(self._connections[fileno])
        self._admit()

    def close(self) -> None:
        """Close every connection and the listener. What was not read to EOF stays unfinished. What was read to EOF counts, even if
        it was not handled yet: the close confirms it to its sender."""
        for connection in list(self._connections.values()):
            if not connection.is_counted and _has_ended(connection.sock):
                self._complete(connection)
            self._close(connection)
        if not self._epoll.closed:
            self._epoll.close()
        stop_listening(self._listener)

    # Waiting

    def _wait_ns(self, now_ns: int, wait_ns: int | None) -> int | None:
        due_ns = self._timers.next_due_ns()
        if due_ns is None:
            return wait_ns
        until_due_ns = max(0, due_ns - now_ns)
        return until_due_ns if wait_ns is None else min(wait_ns, until_due_ns)

    def _sit_out(self, now_ns: int, wait_ns: int | None) -> None:
        """Wait during a stall: nothing but a stop is heard."""
        left_ns = self._stalled_until_ns - now_ns
        poller = select.poll()
        if self._stop_fd >= 0 and not self._stop_asked:
            poller.register(self._stop_fd, select.POLLIN)
        if poller.poll(1000 * poll_seconds(left_ns if wait_ns is None else min(left_ns, wait_ns))):
            self._note_stop()

    def _note_stop(self) -> None:
        self._stop_asked = True
        self._epoll.unregister(self._stop_fd)

    def _has_backlog(self) -> bool:
        """Whether a connection waits to be accepted by a receiver that accepts."""
        if self._accepts_no_more():
            return False
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        return bool(poller.poll(0))

    # Accepting

    def _accepts_no_more(self) -> bool:
        most = self._behaviour.refuse_after
        return most is not None and self._tally.connections >= most

    def _resume_accepting(self) -> None:
        if not self._is_accepting and not self._accepts_no_more():
            self._is_accepting = True
            self._epoll.register(self._listener, select.EPOLLIN)

    def _pause_accepting(self) -> None:
        self._is_accepting = False
        self._epoll.unregister(self._listener)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            if self._accepts_no_more():
                self._pause_accepting()
                return
            try:
                sock, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OUT_OF_RESOURCES:
                    # The connection stays in the backlog; accepting again at once would only burn the processor.
                    self._pause_accepting()
                    self._timers.at(self._clock_ns() + _NO_DESCRIPTOR_PAUSE_NS, self._resume_accepting)
                    return
                continue  # a connection that died in the backlog
            self._welcome(sock, peer[0] if self._is_vsock else None)

    def _welcome(self, sock: socket.socket, peer_cid: int | None) -> None:
        behaviour = self._behaviour
        sock.setblocking(False)
        connection = _Connection(sock, peer_cid)
        self._connections[sock.fileno()] = connection
        self._tally.connections += 1
        if self._tally.connections == 1 and behaviour.stall:
            start_ns, length_ns = behaviour.stall
            self._plan_stall(self._clock_ns() + start_ns, length_ns)
        if behaviour.most_connections:
            self._waiting.append(connection)
            give_up_ns = self._clock_ns() + behaviour.handler_wait_ns
            self._timers.at(give_up_ns, lambda: self._give_up_waiting(connection))
        else:
            self._handle(connection)

    def _plan_stall(self, start_ns: int, length_ns: int) -> None:
        def begin() -> None:
            self._stalled_until_ns = start_ns + length_ns

        self._timers.at(start_ns, begin)

    def _admit(self) -> None:
        """Give waiting connections the handlers that have become free, in the order of their arrival."""
        while self._waiting and self._handled < self._behaviour.most_connections:
            connection = self._waiting.popleft()
            if connection.is_open:
                self._handle(connection)

    def _give_up_waiting(self, connection: _Connection) -> None:
        if connection.is_open and not connection.is_handled:
            self._reject(connection, "no_handler")

    # Reading

    def _handle(self, connection: _Connection) -> None:
        connection.is_handled = True
        self._handled += 1
        if self._behaviour.read_deadline_ns:
            deadline_ns = self._clock_ns() + self._behaviour.read_deadline_ns
            self._timers.at(deadline_ns, lambda: self._miss_deadline(connection))
        self._read(connection)

    def _miss_deadline(self, connection: _Connection) -> None:
        if connection.is_open and not connection.is_counted:
            self._reject(connection, "read_deadline")

    def _read(self, connection: _Connection) -> None:
        """Read what is there, up to a turn's worth, and act on it."""
        try:
            for _ in range(_READS_A_TURN):
                if self._closes_early(connection):
                    return
                size = connection.sock.recv_into(self._buffer, self._next_read_bytes(connection))
                if size == 0:
                    self._complete(connection)
                    return
                connection.data += self._buffer[:size]
                if len(connection.data) > self._behaviour.most_bytes:
                    self._reject(connection, "too_large")
                    return
                if self._behaviour.read_bytes_per_second:
                    self._rest(connection, size)
                    return
        except BlockingIOError:
            pass
        except OSError:
            self._close(connection)  # the peer broke it off
            return
        self._poll(connection)

    def _next_read_bytes(self, connection: _Connection) -> int:
        """How much to read next: one byte more than allowed shows that a report is too large."""
        behaviour = self._behaviour
        most = min(_BUFFER_BYTES, behaviour.most_bytes + 1 - len(connection.data))
        if behaviour.close_after_bytes is not None:
            most = min(most, behaviour.close_after_bytes - len(connection.data))
        if behaviour.read_bytes_per_second:
            most = min(most, max(1, behaviour.read_bytes_per_second // _PACED_READS_A_SECOND))
        return most

    def _rest(self, connection: _Connection, size: int) -> None:
        """Leave a connection alone for as long as its last read takes at the configured pace."""
        self._unpoll(connection)
        rest_ns = size * SECOND // self._behaviour.read_bytes_per_second

        def go_on() -> None:
            if connection.is_open and not connection.is_counted:
                self._read(connection)

        self._timers.at(self._clock_ns() + rest_ns, go_on)

    def _complete(self, connection: _Connection) -> None:
        """Count a connection that has ended, and close it, now or late."""
        data = bytes(connection.data)
        connection.data = bytearray()
        connection.is_counted = True
        if data:
            self._count(data, connection.peer_cid)
        else:
            self._tally.empty += 1
        now_ns = self._clock_ns()
        delay_ns = self._behaviour.close_delay.at(now_ns - self._began_ns)
        if not delay_ns:
            self._close(connection)
            return
        self._unpoll(connection)
        self._timers.at(now_ns + delay_ns, lambda: self._close(connection))

    def _count(self, data: bytes, peer_cid: int | None) -> None:
        arrival = self._wall()
        try:
            report = self._decode(data)
        except ValueError:
            self._tally.malformed += 1
            return
        fate = self._forwarding.fate(report.cid, peer_cid, self._clock_ns())
        self._tally.count_report(report, len(data), arrival, fate)

    # Closing

    def _closes_early(self, connection: _Connection) -> bool:
        """Whether a connection that has sent as much as allowed was closed. A reset waits for data to leave unread."""
        most = self._behaviour.close_after_bytes
        if most is None or len(connection.data) < most:
            return False
        if self._behaviour.reset:
            if not connection.sock.recv(1, socket.MSG_PEEK):
                self._complete(connection)
                return True
            if self._is_tcp:
                # Elsewhere the unread data is enough, and Python takes no structure as an option of an AF_VSOCK socket.
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self._end_cleanly(connection.sock)
        self._reject(connection, "closed_early")
        return True

    def _end_cleanly(self, sock: socket.socket) -> None:
        """Let the peer see an end and not a reset: refuse further data, then drop what had come."""
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
            for _ in range(_READS_A_TURN):
                if not sock.recv_into(self._buffer):
                    break

    def _reject(self, connection: _Connection, reason: Rejection) -> None:
        connection.is_counted = True
        self._tally.rejections[reason] += 1
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if not connection.is_open:
            return
        self._unpoll(connection)
        del self._connections[connection.sock.fileno()]
        connection.is_open = False
        connection.data = bytearray()
        connection.sock.close()
        if connection.is_handled:
            self._handled -= 1

    def _poll(self, connection: _Connection) -> None:
        if not connection.is_polled:
            connection.is_polled = True
            self._epoll.register(connection.sock, select.EPOLLIN)

    def _unpoll(self, connection: _Connection) -> None:
        if connection.is_polled:
            connection.is_polled = False
            self._epoll.unregister(connection.sock)


def _has_ended(sock: socket.socket) -> bool:
    """Whether nothing is left to be read before the peer's end of file."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except OSError:
        return False
