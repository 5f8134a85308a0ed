"""A report in flight, and the two ends that a worker knows of it: where its bytes come from and where they go."""

from __future__ import annotations

import socket
from typing import Any, Protocol

from vsock_loadgen.engine.ledger import Book
from vsock_loadgen.units import MILLISECOND

FIRST_RETRY_NS = MILLISECOND

Buffer = bytes | memoryview
Span = tuple[int, int]
"""From one offset in a file up to another."""


class ReportSource(Protocol):
    """Where a report's bytes come from."""

    @property
    def file(self) -> int:
        """The descriptor of a file that holds the contents of all reports; negative if none does."""

    def buffers(self, index: int, cid: int, packages: int) -> list[Buffer]:
        """The report of the VM with this global index, to be sent one buffer after the other: a header, and the contents."""

    def spans(self, index: int, packages: int) -> list[Span]:
        """Where its contents are in the file."""


class Destination(Protocol):
    """Where reports go: `transport.endpoint.Endpoint`, or a stand-in."""

    @property
    def sockaddr(self) -> Any:
        """What `connect_ex` takes."""

    @property
    def busy_errnos(self) -> frozenset[int]:
        """Results of a connect that may mean "the backlog is full, try again"."""

    def ended_too_soon(self, sock: socket.SocketType) -> bool:
        """Whether the peer of a connection that ended without an error had not taken everything by then."""

    @property
    def takes_files(self) -> bool:
        """Whether the kernel sends parts of a file there without copying them."""

    def send_file(self, sock: socket.SocketType, file: int, start: int, count: int) -> int:
        """Send a part of a file; returns how many bytes of it the socket had room for."""

    def socket(self) -> socket.SocketType:
        """A new non-blocking socket."""


class Flight:
    """A report in flight, from its first connect attempt until its fate is known and entered in its `book`."""

    __slots__ = (
        "book",
        "connected",
        "due_ns",
        "fd",
        "landed",
        "pending",
        "position",
        "retry_ns",
        "size",
        "sock",
        "spans",
        "started_ns",
        "watched",
    )

    def __init__(self, position: int, due_ns: int, started_ns: int, book: Book) -> None:
        self.position = position
        self.book = book
        self.due_ns = due_ns
        self.started_ns = started_ns
        self.sock: socket.SocketType | None = None
        self.fd = -1
        self.pending: list[Buffer] | None = None  # None: all is sent, or nothing is to be sent yet
        self.spans: list[Span] = []  # to be sent after them
        self.size = 0
        self.connected = self.watched = self.landed = False
        self.retry_ns = FIRST_RETRY_NS
