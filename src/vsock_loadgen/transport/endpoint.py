"""A target, resolved once: what it takes to open one connection after another to it."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import Any

from vsock_loadgen.config.address import VSOCK_CID_ANY, Address, EmbeddedAddress, TcpAddress, UnixAddress, VsockAddress
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.transport.names import Place, Resolve, numeric, resolved

_TIGHT_BYTES = 150_000
"""What a unix socket's default buffer takes in one go, with the kernel's own bookkeeping."""
_ROOMY_BYTES = 256 * 1024
"""Room for a report of 700 packages (the kernel doubles it): sent in one go, it wakes the sender once and not three times."""

_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_TCP_LAST_ACK, _TCP_CLOSING = 9, 11
"""States of a connection that both sides have ended, while the peer has not acknowledged our end."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Everything that a sender needs to know of a target.

    `sockaddr` is what `connect_ex` of a socket of `family` takes; its names are looked up already. `busy_errnos`
    are results of connect (its own or SO_ERROR) that may mean "the backlog is full, try again". If `hides_unread_close` holds, the
    kernel shows a peer's close with unread data as a clean EOF: the close does not prove that the peer read a report.
    `send_buffer_bytes` is asked of the kernel for each socket, 0 for its default.
    """

    address: Address
    family: int
    sockaddr: str | tuple[Any, ...]
    busy_errnos: frozenset[int] = frozenset()
    hides_unread_close: bool = False
    send_buffer_bytes: int = 0

    @property
    def takes_files(self) -> bool:
        """Whether the kernel sends parts of a file there without copying them. Over AF_VSOCK it copies them all the same."""
        return self.family != socket.AF_VSOCK

    def send_file(self, sock: socket.SocketType, file: int, start: int, count: int) -> int:
        """Send a part of a file; returns how many bytes of it the socket had room for. OSError passes, as BlockingIOError if there
        was none."""
        return os.sendfile(sock.fileno(), file, start, count)

    def ended_too_soon(self, sock: socket.SocketType) -> bool:
        """Whether the peer of a connection that both sides have ended without an error had not taken everything by then.

        Over TCP a peer that has read all that came so far closes without an error, whatever is still on its way; the reset follows
        later. A peer that has read our EOF acknowledged it before its own. Elsewhere there is nothing on its way.
        """
        if self.family not in _INTERNET:
            return False
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (_TCP_LAST_ACK, _TCP_CLOSING)

    def socket(self) -> socket.SocketType:
        """A new non-blocking stream socket for one connection. OSError passes: the caller counts EMFILE.

        It is the plain type below `socket.socket`: half as expensive to open and close.
        """
        opened = socket.SocketType(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if self.family in _INTERNET:
            # A report's last segment must not wait for the acknowledgement of the one before it.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.send_buffer_bytes:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer_bytes)
        return opened


def endpoint_of(address: Address, *, report_bytes: int = 0) -> Endpoint:
    """The endpoint of an address to connect to, for reports of up to `report_bytes`: of a TCP name the first, unless the address
    says which.

    Raises TargetError if the name is unknown or the address can only be listened on. Raises InternalError for `embedded`, which has
    no socket until a receiver was started.
    """
    match address:
        case UnixAddress(path):
            room = _ROOMY_BYTES if report_bytes > _TIGHT_BYTES else 0
            return Endpoint(address, socket.AF_UNIX, path, busy_errnos=frozenset({errno.EAGAIN}), send_buffer_bytes=room)
        case TcpAddress():
            family, sockaddr = places_of(address)[0]
            return Endpoint(address, family, sockaddr)
        case VsockAddress(cid, port):
            if cid == VSOCK_CID_ANY:
                raise TargetError(
                    f"{address} can only be listened on", "name the CID to connect to: vsock://1:PORT or vsock://2:PORT"
                )
            busy = frozenset({errno.ECONNRESET})
            return Endpoint(address, socket.AF_VSOCK, (cid, port), busy_errnos=busy, hides_unread_close=True)
        case EmbeddedAddress():
            raise InternalError("the embedded receiver's address was asked for before it was started")


def each_of(address: TcpAddress, resolve: Resolve = resolved) -> list[TcpAddress]:
    """The address once for each address of its name, in the resolver's order. Raises TargetError if there is none."""
    return [address.found_at(numeric(sockaddr)) for _, sockaddr in places_of(address, resolve)]


def places_of(address: TcpAddress, resolve: Resolve = resolved) -> list[Place]:
    """The places of a TCP address, in the resolver's order. Raises TargetError if there are none."""
    try:
        return resolve(address.at or address.host, address.port)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else str(error)
        raise TargetError(
            f"{address}: the name {address.host!r} cannot be looked up ({reason})",
            "check its spelling, or give an IP address",
        ) from error
