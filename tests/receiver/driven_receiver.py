"""A receiver on a unix or TCP socket that is driven turn by turn, under a clock that only the test moves."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fake_reports import decode_text
from vsock_loadgen.config.address import Address, TcpAddress
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.receiver.tally import Decoded
from vsock_loadgen.transport.endpoint import endpoint_of
from vsock_loadgen.transport.listening import listen

MS = 1_000_000
SECOND = 1_000_000_000


class Clock:
    """Nanoseconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now_ns = 5 * SECOND

    def __call__(self) -> int:
        return self.now_ns

    def wall(self) -> float:
        return 1_700_000_000 + self.now_ns / SECOND


class Stand:
    """A receiver, its clock and the clients that talk to it."""

    def __init__(
        self, address: Address, behaviour: Behaviour | None = None, decode: Callable[[bytes], Decoded] = decode_text
    ) -> None:
        self.clock = Clock()
        self.listener = listen(address)
        if isinstance(address, TcpAddress):
            address = TcpAddress(address.host, self.listener.getsockname()[1])
        self.endpoint = endpoint_of(address)
        self.receiver = Receiver(self.listener, decode=decode, behaviour=behaviour, clock_ns=self.clock, wall=self.clock.wall)
        self._clients: list[socket.socket] = []

    def client(self, data: bytes = b"", *, ends: bool = False) -> socket.socket:
        """A connected non-blocking client that has written `data` and, if it ends, closed its sending side."""
        client = socket.socket(self.endpoint.family, socket.SOCK_STREAM)
        self._clients.append(client)
        client.connect(self.endpoint.sockaddr)
        client.setblocking(False)
        if data:
            assert client.send(data) == len(data)
        if ends:
            client.shutdown(socket.SHUT_WR)
        return client

    def turn(self, *, after_ns: int = 0, turns: int = 3) -> None:
        """Move the clock and let the receiver do all that it can."""
        self.clock.now_ns += after_ns
        for _ in range(turns):
            self.receiver.turn()

    def close(self) -> None:
        self.receiver.close()
        for client in self._clients:
            client.close()


@contextmanager
def stand(
    address: Address, behaviour: Behaviour | None = None, decode: Callable[[bytes], Decoded] = decode_text
) -> Iterator[Stand]:
    """A stand that is closed in the end."""
    opened = Stand(address, behaviour, decode)
    try:
        yield opened
    finally:
        opened.close()


def is_closed(client: socket.socket) -> bool:
    """Whether the peer has ended the connection cleanly. A reset raises ConnectionResetError."""
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
