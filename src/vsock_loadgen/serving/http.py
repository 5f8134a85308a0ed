"""The server beside a run: where it listens, and what the log says of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from vsock_loadgen.log import Log
from vsock_loadgen.transport.web import LOOPBACK, HttpServer, Route


def listening_address(configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The address to listen on: the configured one, else in a Kubernetes pod all (None), elsewhere this machine only."""
    if configured is not None:
        return configured
    return None if "KUBERNETES_SERVICE_HOST" in environment else LOOPBACK


def serve(stack: ExitStack, address: str | None, port: int, routes: Mapping[str, Route], log: Log) -> HttpServer | None:
    """Serve until the stack is left. Where that is not possible, a line in the log says so, and the run goes on without."""
    try:
        server = stack.enter_context(HttpServer(address, port, routes))
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


def _reason(error: OSError | UnicodeError) -> str:
    """The system's words, without the address that Python adds to them."""
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error)).partition(" (while")[0]
