"""A listening socket on an address."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from vsock_loadgen.config.address import Address, EmbeddedAddress, TcpAddress, UnixAddress, VsockAddress
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.transport.endpoint import places_of
from vsock_loadgen.transport.kernel import no_socket
from vsock_loadgen.transport.names import Resolve, first_here, resolved

_BIND_REMEDIES = {
    errno.EACCES: "ports below 1024 need privilege: run as root, grant CAP_NET_BIND_SERVICE, or choose a higher port",
    errno.EPERM: "this process may not listen there: choose another address",
    errno.EADDRINUSE: "stop the process that listens there, or choose another port",
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "name a path inside a folder",
    errno.EROFS: "name a path inside a folder that can be written to",
}


def listen(address: Address, *, backlog: int = 4096, resolve: Resolve = resolved) -> socket.socket:
    """A non-blocking socket that listens on an address.

    Of a TCP name, that is the first of its addresses that this machine has. The socket file of a unix address gets mode 0600; a
    stale one, on which nothing is listening, is replaced. Raises TargetError if the address is taken, forbidden or not one of this
    machine. `stop_listening` closes it.
    """
    match address:
        case UnixAddress(path):
            return _listen_on_path(address, path, backlog)
        case TcpAddress():
            return _listen_on_name(address, backlog, resolve)
        case VsockAddress(cid, port):
            try:
                listener = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
            except OSError as error:
                raise no_socket(address, error.errno or 0) from error
            return _listen(listener, address, (cid, port), backlog)
        case EmbeddedAddress():
            raise InternalError("embedded is not an address to listen on")


def bound_at(address: Address, listener: socket.socket) -> Address:
    """The address with the one of a TCP name's that the socket listens on."""
    return address.found_at(listener.getsockname()[0]) if isinstance(address, TcpAddress) else address


def stop_listening(listener: socket.socket) -> None:
    """Close a listener and remove its socket file, if it has one."""
    if listener.fileno() < 0:
        return
    if listener.family == socket.AF_UNIX:
        # Before the close: as long as this process listens, no other takes the path over.
        with suppress(OSError):
            Path(listener.getsockname()).unlink()
    listener.close()


def _listen_on_path(address: UnixAddress, path: str, backlog: int) -> socket.socket:
    _clear_stale_file(address, Path(path))
    return _listen(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), address, path, backlog)


def _listen_on_name(address: TcpAddress, backlog: int, resolve: Resolve) -> socket.socket:
    def bind(family: int, sockaddr: tuple[Any, ...]) -> socket.socket:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _bound(listener, sockaddr, backlog)

    try:
        return first_here(places_of(address, resolve), bind)
    except OSError as error:
        raise _cannot_listen(address, error) from error


def _listen(listener: socket.socket, address: Address, sockaddr: str | tuple[Any, ...], backlog: int) -> socket.socket:
    try:
        return _bound(listener, sockaddr, backlog)
    except OSError as error:
        raise _cannot_listen(address, error) from error


def _bound(listener: socket.socket, sockaddr: str | tuple[Any, ...], backlog: int) -> socket.socket:
    """The socket, listening, or closed if that raises OSError."""
    try:
        if isinstance(sockaddr, str):
            os.fchmod(listener.fileno(), 0o600)  # the file that bind makes takes this mode: it is never open to others
        listener.bind(sockaddr)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _cannot_listen(address: Address, error: OSError) -> TargetError:
    number = error.errno or 0
    remedy = _BIND_REMEDIES.get(number, "")
    if isinstance(address, UnixAddress) and number == errno.EACCES:
        remedy = "name a path inside a folder that this user can write to"
    if number == errno.EADDRNOTAVAIL:
        remedy = "name an address of this machine"
        if isinstance(address, VsockAddress):
            remedy = "listen on vsock://any:PORT; CID 1 also needs the loopback transport (modprobe vsock_loopback)"
    return TargetError(f"cannot listen on {address}: {os.strerror(number)}", remedy)


def _clear_stale_file(address: UnixAddress, path: Path) -> None:
    """Remove a socket file on which nothing is listening any more; anything else that is there is an error."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise TargetError(
                f"cannot listen on {address}: the path is taken by something that is not a socket",
                "remove it, or choose another path",
            )
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_listen(address, error) from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        answer = probe.connect_ex(str(path))
    if answer not in (errno.ECONNREFUSED, errno.ENOENT):
        found = os.strerror(answer) if answer else "it accepts connections"
        raise TargetError(
            f"cannot listen on {address}: another process listens there ({found})",
            "stop that process, or choose another path",
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_listen(address, error) from error
