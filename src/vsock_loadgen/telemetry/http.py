"""A small HTTP server beside the run: a table of paths, each with a function that answers a GET."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any, Self

from vsock_loadgen import __version__
from vsock_loadgen.telemetry.log import Log

LOOPBACK = "127.0.0.1"
_MOST_CONNECTIONS = 32  # at once; whoever comes while there are as many is turned away
_IDLE_SECONDS = 10  # a client that says nothing for so long is let go


@dataclass(frozen=True, slots=True)
class Request:
    """What a route may want to know of a request."""

    query: str
    accept: str


@dataclass(frozen=True, slots=True)
class Response:
    """What a route answers."""

    body: bytes
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Response]
"""Called in a thread of its own, so that it may only read what does not change."""


class HttpServer:
    """Answers in daemon threads while it is entered. `address` None listens on all addresses, port 0 takes a free one.

    Create it after the last fork. Raises OSError where it cannot listen.
    """

    def __init__(self, address: str | None, port: int, routes: Mapping[str, Route]) -> None:
        self._server = _Server(_listen(address, port), routes)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)
        self._closing = False

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        host, port = self._server.socket.getsockname()[:2]
        reached = LOOPBACK if host in ("0.0.0.0", "::") else host
        return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"

    def _serve(self) -> None:
        while not self._closing:
            self._server.handle_request()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing = True
        self._server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which waits for somebody to connect
        self._thread.join()
        self._server.server_close()


def listening_address(configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The address to listen on: the configured one, else in a Kubernetes pod all (None), elsewhere this machine only."""
    if configured is not None:
        return configured
    return None if "KUBERNETES_SERVICE_HOST" in environment else LOOPBACK


def serve(stack: ExitStack, address: str | None, port: int, routes: Mapping[str, Route], log: Log) -> HttpServer | None:
    """Serve until the stack is left. Where that is not possible, a line in the log says so, and the run goes on without."""
    try:
        server = stack.enter_context(HttpServer(address, port, routes))
    except OSError as error:
        where = f"port {port}" if address is None else f"{address}, port {port}"
        log.alert(
            f"no metrics: cannot listen on {where} ({_reason(error)}); --metrics-port takes another port, 0 turns the metrics off",
            "metrics",
            {"url": None},
        )
        return None
    log.line(f"metrics: {server.url}/metrics", "metrics", {"url": f"{server.url}/metrics"})
    return server


def _reason(error: OSError) -> str:
    """The system's words, without the address that Python adds to them."""
    return (error.strerror or str(error)).partition(" (while")[0]


def _listen(address: str | None, port: int) -> socket.socket:
    if address is None:
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except (OSError, ValueError):  # a machine without IPv6
            return socket.create_server(("", port))
    family, _, _, _, sockaddr = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(sockaddr[:2], family=family)


class _Server(ThreadingMixIn, TCPServer):
    """A thread per connection, and a bound on how many there are."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, routes: Mapping[str, Route]) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()  # the one that the base class has made
        self.socket = listener
        self.routes = routes
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is nothing that the run's terminal should show."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        route = self.server.routes.get(path)
        if route is None:
            paths = ", ".join(self.server.routes)
            self._answer(_said(HTTPStatus.NOT_FOUND, f"there is nothing here; expected one of {paths}"))
            return
        try:
            response = route(Request(query, self.headers.get("Accept", "")))
        except Exception as error:  # noqa: BLE001 (whatever a route does wrong, its client gets an answer and the run goes on)
            response = _said(HTTPStatus.INTERNAL_SERVER_ERROR, f"internal error: {error!r}")
        self._answer(response)

    do_HEAD = do_GET  # noqa: N815 (the base class looks for these names)

    def do_POST(self) -> None:
        refusal = _said(HTTPStatus.METHOD_NOT_ALLOWED, f"found {self.command}, expected GET or HEAD", {"Allow": "GET, HEAD"})
        self._answer(refusal)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST  # noqa: N815

    def _answer(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def version_string(self) -> str:
        """Who answers."""
        return f"vsock-loadgen/{__version__}"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: a scrape every few seconds says nothing about the run."""


def _said(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(f"{status.value} {status.phrase}: {text}\n".encode(), "text/plain; charset=utf-8", status, headers or {})
