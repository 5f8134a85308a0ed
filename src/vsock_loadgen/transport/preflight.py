"""The preflight check: is something listening, and does the connection stay where it belongs?

It opens one connection without a byte. If vsock answers "reset", which means absent or full, it opens a few.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from vsock_loadgen.config.address import (
    VSOCK_CID_HOST,
    VSOCK_CID_LOCAL,
    Address,
    EmbeddedAddress,
    TcpAddress,
    UnixAddress,
    VsockAddress,
)
from vsock_loadgen.errors import TargetError
from vsock_loadgen.transport.endpoint import Endpoint, each_of, endpoint_of
from vsock_loadgen.transport.kernel import LinuxVsock, VsockKernel, no_socket
from vsock_loadgen.transport.names import Resolve, resolved

LONGEST_WAIT_SECONDS = 2.0
VSOCK_TRIES = 5
VSOCK_PAUSE_SECONDS = 0.2

Connect = Callable[[Endpoint], int]
"""Opens and closes one connection; returns 0, or the errno that it came to."""


def connect_once(endpoint: Endpoint) -> int:
    """Open a connection, send nothing and close it. Returns 0 or an errno, ETIMEDOUT after two seconds."""
    try:
        opened = endpoint.socket()
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise  # this machine's fault, not the target's
        return error.errno
    with closing(opened) as probe:
        answer = probe.connect_ex(endpoint.sockaddr)
        if answer != errno.EINPROGRESS:
            return answer
        poller = select.poll()
        poller.register(probe, select.POLLOUT)
        if not poller.poll(LONGEST_WAIT_SECONDS * 1000):
            return errno.ETIMEDOUT
        return probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def preflight(
    address: Address,
    *,
    kernel: VsockKernel | None = None,
    connect: Connect = connect_once,
    pause: Callable[[float], None] = time.sleep,
    resolve: Resolve = resolved,
    go_on: bool = False,
) -> Address:
    """The address to use: the one given, the first of a name's that answers, or CID 2 in place of CID 1 if only the host's own
    address answers.

    `go_on` lifts the refusal of CID 1 on a kernel without a loopback transport, and only that. `embedded` is returned
    as it is. Raises TargetError with a remedy if the target cannot take reports.
    """
    match address:
        case EmbeddedAddress():
            return address
        case UnixAddress():
            return _look_at_unix(address, connect)
        case TcpAddress():
            return _look_at_tcp(address, connect, resolve)
        case VsockAddress():
            facts = LinuxVsock() if kernel is None else kernel
            _require_vsock(address, facts, go_on=go_on)
            return _look_at_vsock(address, facts, connect, pause)


def _look_at_unix(address: UnixAddress, connect: Connect) -> UnixAddress:
    answer = connect(endpoint_of(address))
    if answer in (0, errno.EAGAIN):  # EAGAIN: something listens, but its backlog is full right now
        return address
    if answer in (errno.ENOENT, errno.ENOTDIR):
        raise TargetError(f"{address}: the path does not exist", "start the receiver first, or correct the path")
    if answer == errno.EACCES:
        raise TargetError(
            f"{address}: no permission to connect",
            "run as the user that owns the socket file, or grant write permission on it",
        )
    if answer == errno.ECONNREFUSED:
        # The kernel gives the same answer for an ordinary file and for a socket file that was left behind.
        if not Path(address.path).is_socket():
            raise TargetError(f"{address}: the path is not a socket", "name the path of a listening unix stream socket")
        raise TargetError(f"{address}: nothing is listening on the socket file, which was left behind", "start the receiver")
    if answer == errno.EPROTOTYPE:
        raise TargetError(f"{address}: the socket is not a stream socket", "name the path of a listening unix stream socket")
    raise TargetError(f"{address}: {_cannot_connect(answer)}", _ROUTE)


def _look_at_tcp(address: TcpAddress, connect: Connect, resolve: Resolve) -> TcpAddress:
    """The first of a name's addresses that answers."""
    answers: dict[int, list[str]] = {}
    for each in each_of(address, resolve):
        answer = connect(endpoint_of(each))
        if answer == 0:
            return each
        answers.setdefault(answer, []).append(each.at)
    where = [f"tried {' and '.join(tried)}: " if all(tried) else "" for tried in answers.values()]
    reasons = [place + _TCP_REASONS.get(answer, _cannot_connect(answer)) for place, answer in zip(where, answers, strict=True)]
    remedies = dict.fromkeys(_TCP_REMEDIES.get(answer, _ROUTE) for answer in answers)
    raise TargetError(f"{address}: {'; '.join(reasons)}", "; ".join(remedies))


_ROUTE = "check the address and the route to the target"
_TCP_REASONS = {
    errno.ECONNREFUSED: "nothing is listening on the port (connection refused)",
    errno.ETIMEDOUT: f"no answer within {LONGEST_WAIT_SECONDS:g} s",
}
_TCP_REMEDIES = {
    errno.ECONNREFUSED: "start the receiver, or correct the port",
    errno.ETIMEDOUT: "check that the target runs and that no firewall drops the packets",
}


def _cannot_connect(answer: int) -> str:
    return f"cannot connect: {os.strerror(answer)} ({errno.errorcode.get(answer, answer)})"


def _require_vsock(address: VsockAddress, kernel: VsockKernel, *, go_on: bool) -> None:
    """Raise TargetError if a connection cannot be made, or would leave the machine by mistake."""
    number = kernel.socket_errno()
    if number:
        raise no_socket(address, number)
    if not kernel.has_device():
        raise TargetError(
            f"{address}: there is no /dev/vsock",
            "modprobe vsock; in a container mount the node's /dev/vsock (hostPath, CharDevice)",
        )
    if address.cid == VSOCK_CID_LOCAL and not go_on and not kernel.has_loopback():
        raise TargetError(
            f"{address}: this kernel has no loopback transport: a connection to CID 1 would leave for the hypervisor",
            "modprobe vsock_loopback",
        )


def _look_at_vsock(address: VsockAddress, kernel: VsockKernel, connect: Connect, pause: Callable[[float], None]) -> VsockAddress:
    answer = _try_vsock(address, connect, pause)
    if answer == 0:
        return address
    tried = str(address)
    if address.cid == VSOCK_CID_LOCAL and kernel.own_cid() == VSOCK_CID_HOST:
        # The stock relay binds the host's own CID, and a listener bound to one CID is not reached through another.
        as_host = replace(address, cid=VSOCK_CID_HOST)
        if _try_vsock(as_host, connect, pause) == 0:
            return as_host
        tried += f" nor on {as_host}"
    if answer == errno.ECONNRESET:
        raise TargetError(
            f"nothing is listening on {tried} ({VSOCK_TRIES} tries, {VSOCK_PAUSE_SECONDS:g} s apart, were reset)",
            "start the receiver, or correct CID and port; a relay with a full backlog looks the same",
        )
    raise TargetError(
        f"{tried}: {_cannot_connect(answer)}",
        "check that the CID exists and that this kernel has a vsock transport to it",
    )


def _try_vsock(address: VsockAddress, connect: Connect, pause: Callable[[float], None]) -> int:
    """0 or an errno. "Absent" and "backlog full" are both a reset, so a reset is tried again for about a second."""
    endpoint = endpoint_of(address)
    answer = errno.ECONNRESET
    for attempt in range(VSOCK_TRIES):
        if attempt:
            pause(VSOCK_PAUSE_SECONDS)
        answer = connect(endpoint)
        if answer not in endpoint.busy_errnos:
            break
    return answer
