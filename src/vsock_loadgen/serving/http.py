"""The server beside a run: where it listens, and what the log says of it."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from vsock_loadgen.log import Log
from vsock_loadgen.transport.web import LOOPBACK, HttpServer, Route

_IN_A_POD = "KUBERNETES_SERVICE_HOST"
_PORT_IN_A_POD = 9090
"""What manifests, probes and annotations name."""
_PORT = 9190
"""On a desktop machine Prometheus itself has 9090."""
_ANY_FREE = 0


def listening_ports(configured: int | None, environment: Mapping[str, str]) -> Sequence[int]:
    """The ports to try, one after another: the configured one, else that of a pod, elsewhere this tool's or any free one."""
    if configured is not None:
        return (configured,)
    return (_PORT_IN_A_POD,) if _IN_A_POD in environment else (_PORT, _ANY_FREE)


def listening_address(configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The address to listen on: the configured one, else in a Kubernetes pod all (None), elsewhere this machine only."""
    if configured is not None:
        return configured
    return None if _IN_A_POD in environment else LOOPBACK


def serve(stack: ExitStack, address: str | None, ports: Sequence[int], routes: Mapping[str, Route], log: Log) -> HttpServer | None:
    """Serve until the stack is left, on the first of the ports that is free. If that is not possible, the log says so, and the run
    continues without."""
    *others, port = ports
    try:
        server = stack.enter_context(_first_free(address, others, routes) or HttpServer(address, port, routes))
    except (OSError, UnicodeError) as error:  # the latter of a name that cannot be one
        where = f"port {port}" if address is None else f"{address}, port {port}"
        log.alert(
            f"no metrics: cannot listen on {where} ({_reason(error)}); --metrics-port takes another port, 0 turns the metrics off",
            "metrics",
            {"url": None},
        )
        return None
    log.line(f"metrics: {server.url}/metrics", "metrics", {"url": f"{server.url}/metrics"})
    return server


def _first_free(address: str | None, ports: Sequence[int], routes: Mapping[str, Route]) -> HttpServer | None:
    """A server on the first free port; None if each is taken. Raises OSError for any other reason."""
    for port in ports:
        try:
            return HttpServer(address, port, routes)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return None


def _reason(error: OSError | UnicodeError) -> str:
    """The system's words, without the address that Python adds to them."""
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error)).partition(" (while")[0]
