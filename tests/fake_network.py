"""A network in virtual time: sockets whose peer follows a script, and a poller that moves the clock instead of waiting."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from vsock_loadgen.engine.poller import BROKEN, ENDED, READABLE, WRITABLE


class FakeClock:
    """Nanoseconds that move only when told to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@dataclass(frozen=True)
class Peer:
    """What the other side does with one connection. Times are nanoseconds from the moment of connecting."""

    connect_codes: tuple[int, ...] = (0,)
    """Results of connecting, one for each try; the last one repeats."""
    connect_takes_ns: int = 0
    """0 connects at once; otherwise EINPROGRESS comes first and the code after so long."""
    takes_bytes_at_once: int = 1 << 30
    """How much one sendmsg can hand over; then the socket is writable again 1 ms later."""
    send_error: int = 0
    closes_after_ns: int | None = 1_000
    """From our end of data to its close; None never closes."""
    end_error: int = 0
    """What the peer's end comes with in place of a clean end of file."""
    chatter: bytes = b""
    ends_too_soon: bool = False
    """Its end comes before it has taken everything, and without an error."""


@dataclass
class FakeSocket:
    """One connection, as the sender sees it."""

    network: FakeNetwork
    fd: int
    peer: Peer | None = None
    received: bytearray = field(default_factory=bytearray)
    closed: bool = False
    connected: bool = False
    finished: bool = False
    code: int = 0
    ready_at_ns: int | None = None
    chatter: bytes = b""

    def fileno(self) -> int:
        return self.fd

    def connect_ex(self, address: object) -> int:
        self.peer, self.code = self.network.next_connection()
        if self.peer.connect_takes_ns:
            self.ready_at_ns = self.network.clock() + self.peer.connect_takes_ns
            return errno.EINPROGRESS
        self.connected = self.code == 0
        return self.code

    def getsockopt(self, level: int, option: int) -> int:
        assert self.peer is not None
        if self.connected:
            return self.peer.end_error
        self.connected = self.code == 0
        return self.code

    def sendmsg(self, buffers: list[bytes | memoryview], ancillary: tuple[()] = (), flags: int = 0) -> int:
        return self.take(b"".join(buffers))

    def take(self, offered: bytes | memoryview) -> int:
        """Take as much of it as there is room for, and say how much that is."""
        assert self.connected
        assert not self.closed
        assert self.peer is not None
        if self.peer.send_error:
            raise OSError(self.peer.send_error, "send")
        data = offered[: self.peer.takes_bytes_at_once]
        self.received += data
        self.ready_at_ns = self.network.clock() + 1_000_000
        return len(data)

    def shutdown(self, how: int) -> None:
        assert self.peer is not None
        self.finished = True
        self.chatter = self.peer.chatter
        after_ns = self.peer.closes_after_ns
        self.ready_at_ns = None if after_ns is None else self.network.clock() + after_ns

    def recv(self, size: int) -> bytes:
        data, self.chatter = self.chatter[:size], self.chatter[size:]
        return data

    def events(self) -> int:
        """What a poller says of a socket that is ready."""
        assert self.peer is not None
        if not self.finished:
            return WRITABLE
        if self.chatter:
            return READABLE
        if self.peer.end_error:
            return READABLE | ENDED | BROKEN
        if not self.peer.ends_too_soon:
            self.network.completed.append(bytes(self.received))
        return READABLE | ENDED

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        self.network.open -= 1
        self.network.watched.pop(self.fd, None)


class FakeNetwork:
    """Target and poller in one. `script` gives the peer of the n-th connection attempt chain.

    `busy` errnos may be retried. `most_open` is the number of descriptors that there are. `file` is what parts are sent of, if it
    takes parts of a file.
    """

    sockaddr = "somewhere"

    def __init__(
        self,
        clock: FakeClock,
        script: Callable[[int], Peer],
        *,
        busy: frozenset[int] = frozenset({errno.EAGAIN}),
        most_open: int = 1 << 30,
        file: bytes | None = None,
    ) -> None:
        self.clock = clock
        self.busy_errnos = busy
        self.takes_files = file is not None
        self._file = file or b""
        self.most_open = most_open
        self.open = 0
        self.most_ever_open = 0
        self.completed: list[bytes] = []
        self.watched: dict[int, FakeSocket] = {}
        self._sockets: dict[int, FakeSocket] = {}
        self._fds = count(10)
        self._script = script
        self._connections = count()
        self._pending: list[tuple[Peer, int]] = []

    def socket(self) -> FakeSocket:
        if self.open >= self.most_open:
            raise OSError(errno.EMFILE, "too many")
        self.open += 1
        self.most_ever_open = max(self.most_ever_open, self.open)
        made = FakeSocket(self, next(self._fds))
        self._sockets[made.fd] = made
        return made

    def send_file(self, sock: FakeSocket, file: int, start: int, count: int) -> int:
        return sock.take(self._file[start : start + count])

    def ended_too_soon(self, sock: FakeSocket) -> bool:
        return sock.peer is not None and sock.peer.ends_too_soon

    def next_connection(self) -> tuple[Peer, int]:
        """The peer and the result of a connect; tries that were told to come again are served first."""
        peer, tried = self._pending.pop(0) if self._pending else (self._script(next(self._connections)), 0)
        code = peer.connect_codes[min(tried, len(peer.connect_codes) - 1)]
        if code in self.busy_errnos:
            self._pending.append((peer, tried + 1))
        return peer, code

    def register(self, fd: int, events: int) -> None:
        assert fd not in self.watched
        assert events in (READABLE | ENDED, WRITABLE)
        self.watched[fd] = self._sockets[fd]

    def modify(self, fd: int, events: int) -> None:
        assert fd in self.watched

    def wait(self, timeout_ns: int) -> list[tuple[int, int]]:
        """Move the clock to the first thing that happens, at most `timeout_ns` away, and say what is ready then."""
        times = [sock.ready_at_ns for sock in self.watched.values() if sock.ready_at_ns is not None]
        until_ns = self.clock.now_ns + max(0, timeout_ns)
        self.clock.now_ns = max(self.clock.now_ns, min([until_ns, *times]))
        now_ns = self.clock.now_ns
        return [
            (fd, sock.events())
            for fd, sock in list(self.watched.items())
            if sock.ready_at_ns is not None and sock.ready_at_ns <= now_ns
        ]
