"""The server beside a run answers what it is asked, survives every client, and is never the reason that a run ends."""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from vsock_loadgen.telemetry import http as served_http
from vsock_loadgen.telemetry.http import HttpServer, Request, Response, listening_address, serve
from vsock_loadgen.telemetry.log import Log

TIMEOUT_SECONDS = 10


def said(request: Request) -> Response:
    return Response(f"{request.query} {request.accept}".encode(), "text/plain", headers={"X-Route": "said"})


def broken(_request: Request) -> Response:
    raise KeyError("bucket")


ROUTES = {"/said": said, "/broken": broken}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer("127.0.0.1", 0, ROUTES) as running:
        yield running


def connection(server: HttpServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_SECONDS)


def ask(server: HttpServer, path: str, method: str = "GET") -> tuple[int, str, http.client.HTTPMessage]:
    with closing(connection(server)) as client:
        client.request(method, path, headers={"Accept": "text/html"})
        answer = client.getresponse()
        return answer.status, answer.read().decode(), answer.headers


def test_a_route_gets_the_query_and_the_accept_header_and_its_answer_is_not_cached(server: HttpServer) -> None:
    status, text, headers = ask(server, "/said?a=1&b")
    assert (status, text) == (HTTPStatus.OK, "a=1&b text/html")
    assert headers["X-Route"] == "said"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"].startswith("vsock-loadgen/")


def test_head_has_the_headers_of_get_and_no_body(server: HttpServer) -> None:
    status, text, headers = ask(server, "/said?x", "HEAD")
    assert (status, text) == (HTTPStatus.OK, "")
    assert headers["Content-Length"] == str(len("x text/html"))


@pytest.mark.parametrize("path", ["/", "/metric", "/said/", "/%73aid"])
def test_an_unknown_path_is_not_found_and_the_known_ones_are_named(server: HttpServer, path: str) -> None:
    status, text, _ = ask(server, path)
    assert status == HTTPStatus.NOT_FOUND
    assert text == "404 Not Found: there is nothing here; expected one of /said, /broken\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(server: HttpServer, method: str) -> None:
    status, text, headers = ask(server, "/said", method)
    assert status == HTTPStatus.METHOD_NOT_ALLOWED
    assert text == f"405 Method Not Allowed: found {method}, expected GET or HEAD\n"
    assert headers["Allow"] == "GET, HEAD"


def test_a_route_that_fails_is_answered_as_such_and_the_server_goes_on(
    server: HttpServer, capfd: pytest.CaptureFixture[str]
) -> None:
    status, text, _ = ask(server, "/broken")
    assert (status, text) == (HTTPStatus.INTERNAL_SERVER_ERROR, "500 Internal Server Error: internal error: KeyError('bucket')\n")
    assert ask(server, "/said")[0] == HTTPStatus.OK
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /said HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"G" * 70_000 + b"\r\n"])
def test_a_client_that_talks_nonsense_or_goes_away_leaves_no_trace(
    server: HttpServer, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port or 0), TIMEOUT_SECONDS) as client:
        client.sendall(sent)
    assert ask(server, "/said")[0] == HTTPStatus.OK
    assert capfd.readouterr() == ("", "")


def test_clients_that_hold_every_place_are_bounded_and_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_http, "_MOST_CONNECTIONS", 3)
    monkeypatch.setattr(served_http._Handler, "timeout", 0.2)
    with HttpServer("127.0.0.1", 0, ROUTES) as server:
        address = urlsplit(server.url)
        silent = [socket.create_connection((address.hostname, address.port or 0), TIMEOUT_SECONDS) for _ in range(4)]
        assert silent[3].recv(1) == b""
        assert sum(thread.name.startswith("Thread-") and thread.is_alive() for thread in threading.enumerate()) <= 3
        assert silent[0].recv(1) == b""
        for client in silent:
            client.close()
        assert ask(server, "/said")[0] == HTTPStatus.OK


def test_leaving_it_ends_the_thread_and_frees_the_port() -> None:
    with HttpServer("127.0.0.1", 0, ROUTES) as first:
        port = urlsplit(first.url).port or 0
        ask(first, "/said")
    assert "http" not in [thread.name for thread in threading.enumerate()]
    with HttpServer("127.0.0.1", port, ROUTES) as second:
        assert ask(second, "/said")[0] == HTTPStatus.OK


def test_a_taken_port_is_one_warning_and_no_server(server: HttpServer) -> None:
    stream = io.StringIO()
    with ExitStack() as stack:
        assert serve(stack, "127.0.0.1", urlsplit(server.url).port or 0, ROUTES, Log(stream)) is None
    (line,) = stream.getvalue().splitlines()
    assert f"warning: no metrics: cannot listen on 127.0.0.1, port {urlsplit(server.url).port} (Address already in use); " in line
    assert line.endswith("--metrics-port takes another port, 0 turns the metrics off")


def test_an_address_that_is_not_this_machines_or_no_name_is_one_warning_too() -> None:
    for address in ("192.0.2.1", "no.such.host.invalid", "not an address"):
        stream = io.StringIO()
        with ExitStack() as stack:
            assert serve(stack, address, 0, ROUTES, Log(stream)) is None
        assert stream.getvalue().count("\n") == 1
        assert f"cannot listen on {address}, port 0" in stream.getvalue()


def test_where_it_listens_is_logged() -> None:
    stream = io.StringIO()
    with ExitStack() as stack:
        server = serve(stack, "localhost", 0, ROUTES, Log(stream))
        assert server is not None
        assert stream.getvalue().endswith(f"metrics: {server.url}/metrics\n")


def test_all_addresses_means_the_loopback_too() -> None:
    with HttpServer(None, 0, ROUTES) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert ask(server, "/said")[0] == HTTPStatus.OK


def test_it_listens_on_this_machine_only_except_in_a_pod_or_where_told_otherwise() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    assert listening_address(None, {}) == "127.0.0.1"
    assert listening_address(None, pod) is None
    assert listening_address("10.0.0.7", {}) == listening_address("10.0.0.7", pod) == "10.0.0.7"
