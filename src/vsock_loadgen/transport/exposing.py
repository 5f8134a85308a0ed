"""Counters over HTTP, as Prometheus reads them: one page, served beside the process that counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vsock_loadgen.errors import TargetError
from vsock_loadgen.transport.web import LOOPBACK, HttpServer, Request, Response

PATH = "/metrics"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def exposing(port: int, exposition: Callable[[float], str], option: str = "--metrics-port") -> Iterator[str]:
    """Serve a page on this machine's loopback address meanwhile; gives the URL. `exposition` makes the text, from when this began
    in seconds since the epoch. Raises TargetError, which names the `option` that chose the port."""
    started = time.time()

    def page(_request: Request) -> Response:
        return Response(exposition(started).encode(), _CONTENT_TYPE)

    try:
        server = HttpServer(LOOPBACK, port, {PATH: page})
    except OSError as error:
        raise TargetError(
            f"cannot serve metrics on {LOOPBACK}:{port}: {error.strerror or error}", f"choose another {option}"
        ) from error
    with server:
        yield f"{server.url}{PATH}"
