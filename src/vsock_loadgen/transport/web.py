"""A small HTTP server: a table of paths, each with a function that answers a GET.

Who may connect is bounded: in number, in time and in size. A server that listens on the loopback address answers only requests for
this machine's own names. A browser asks on behalf of any page that it shows: a page of a domain that resolves to 127.0.0.1 could
otherwise read the answer.
"""

from __future__ import annotations

import errno
import io
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from vsock_loadgen import __version__
from vsock_loadgen.transport.names import Resolve, first_here, resolved

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LOOPBACK = "127.0.0.1"
_LOOPBACK_NAME = "localhost"
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to: where all addresses are meant, `address` is None)
_MOST_CONNECTIONS = 32  # at once; further connections are turned away
_REQUEST_SECONDS = 10.0  # for a whole request; an answer has as long for its head, and for its body
_MOST_REQUEST_BYTES = 65_536
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'none'",  # what a page itself may do is said in the page
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a route may need of a request."""

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

    Create it after the last fork. Raises OSError if it cannot listen.
    """

    def __init__(self, address: str | None, port: int, routes: Mapping[str, Route], resolve: Resolve = resolved) -> None:
        self._server = _Server(_listen(address, port, resolve), routes, address)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)
        self._closing = False

    @property
    def url(self) -> str:
        """Its URL for this machine."""
        host, port = self._server.socket.getsockname()[:2]
        reached = LOOPBACK if host in _EVERY_ADDRESS else host
        return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"

    def _serve(self) -> None:
        while not self._closing:
            self._server.handle_request()

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError as error:  # all that Python says if the machine has no room for a thread
            self._server.server_close()
            raise OSError(errno.EAGAIN, str(error)) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing = True
        self._server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which waits for a connection
        self._thread.join()
        self._server.server_close()


def _listen(address: str | None, port: int, resolve: Resolve) -> socket.socket:
    if address is None:
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except (OSError, ValueError):  # a machine without IPv6
            return socket.create_server(("", port))
    return first_here(resolve(address, port), lambda family, sockaddr: socket.create_server(sockaddr, family=family))


class _Server(ThreadingMixIn, TCPServer):
    """A thread per connection, and a bound on how many there are."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, routes: Mapping[str, Route], address: str | None) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()  # the one that the base class has made
        self.socket = listener
        self.routes = routes
        self.asked_name = address.lower() if address else None
        self.is_private = _is_loopback(listener.getsockname()[0])
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    def is_meant_by(self, host: str) -> bool:
        """Whether the `Host` of a request names this server: on the loopback address, only this machine; elsewhere, anything."""
        if not self.is_private:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in (_LOOPBACK_NAME, self.asked_name) or _is_loopback(name)

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
        """A client that went away in the middle does not concern the run's terminal."""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_BoundedInput(self.connection, time.monotonic() + self.timeout))

    def do_GET(self) -> None:
        for host in self.headers.get_all("Host", []):
            if not self.server.is_meant_by(host):
                refusal = f"found the host {host!r}, expected {_LOOPBACK_NAME} or an address of the loopback interface"
                self._answer(_said(HTTPStatus.MISDIRECTED_REQUEST, refusal))
                return
        path, _, query = self.path.partition("?")
        route = self.server.routes.get(path)
        if route is None:
            paths = ", ".join(self.server.routes)
            self._answer(_said(HTTPStatus.NOT_FOUND, f"nothing is here; expected one of {paths}"))
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

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_POST  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not a request in plain words too, instead of the base class's page."""
        status = HTTPStatus(code)
        self.close_connection = True
        self._answer(_said(status, message or status.description))

    def _answer(self, response: Response) -> None:
        self.connection.settimeout(self.timeout)  # the request has used up some of it
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in {**_HEADERS, **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def version_string(self) -> str:
        """The server's name."""
        return f"vsock-loadgen/{__version__}"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: a scrape every few seconds says nothing about the run."""


class _BoundedInput(io.RawIOBase):
    """What a connection brings until a moment of the monotonic clock, and up to a size: a timeout of the socket alone would restart
    with every byte."""

    def __init__(self, connection: socket.socket, deadline_seconds: float) -> None:
        self._connection = connection
        self._deadline_seconds = deadline_seconds
        self._left_bytes = _MOST_REQUEST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        left_seconds = self._deadline_seconds - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left_seconds)
        count = self._connection.recv_into(buffer)
        self._left_bytes -= count
        if self._left_bytes < 0:
            raise ConnectionAbortedError("the request is too large")
        return count


def _said(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(f"{status.value} {status.phrase}: {text}\n".encode(), "text/plain; charset=utf-8", status, headers or {})
