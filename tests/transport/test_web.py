"""The server beside a run answers what it is asked, survives every client, and is never the reason that a run ends."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from command import TIMEOUT_SECONDS
from vsock_loadgen.transport import web
from vsock_loadgen.transport.names import Place
from vsock_loadgen.transport.web import HttpServer, Request, Response


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
    assert text.startswith("404 Not Found: ")
    assert text.endswith("/said, /broken\n")


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
    monkeypatch.setattr(web, "_MOST_CONNECTIONS", 3)
    monkeypatch.setattr(web._Handler, "timeout", 0.2)
    with HttpServer("127.0.0.1", 0, ROUTES) as server:
        address = urlsplit(server.url)
        silent = [socket.create_connection((address.hostname, address.port or 0), TIMEOUT_SECONDS) for _ in range(4)]
        assert silent[3].recv(1) == b""
        assert sum(thread.name.startswith("Thread-") and thread.is_alive() for thread in threading.enumerate()) <= 3
        assert silent[0].recv(1) == b""
        for client in silent:
            client.close()
        for thread in threading.enumerate():
            if thread.name.startswith("Thread-"):
                thread.join(TIMEOUT_SECONDS)  # a place is free once its thread is gone
        monkeypatch.undo()
        assert ask(server, "/said")[0] == HTTPStatus.OK


def test_leaving_it_ends_the_thread_and_frees_the_port() -> None:
    with HttpServer("127.0.0.1", 0, ROUTES) as first:
        port = urlsplit(first.url).port or 0
        ask(first, "/said")
    assert "http" not in [thread.name for thread in threading.enumerate()]
    with HttpServer("127.0.0.1", port, ROUTES) as second:
        assert ask(second, "/said")[0] == HTTPStatus.OK


def test_all_addresses_means_the_loopback_too() -> None:
    with HttpServer(None, 0, ROUTES) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert ask(server, "/said")[0] == HTTPStatus.OK


def spoken(server: HttpServer, request: bytes) -> str:
    """The whole answer to a request as it stands."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port or 0), TIMEOUT_SECONDS) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answer:
            return answer.read().decode()


def named(server: HttpServer, *hosts: str) -> str:
    """The status line of an answer to a request with these `Host` headers."""
    headers = "".join(f"Host: {host}\r\n" for host in hosts)
    return spoken(server, f"GET /said HTTP/1.1\r\n{headers}\r\n".encode()).partition("\r\n")[0]


@pytest.mark.parametrize("host", ["localhost", "LocalHost:9090", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]:9090", "[::1]"])
def test_on_the_loopback_address_this_machine_is_meant(server: HttpServer, host: str) -> None:
    assert named(server, host) == "HTTP/1.0 200 OK"


@pytest.mark.parametrize(
    "hosts",
    [
        ("evil.example",),
        ("evil.example:9090",),
        ("localhost.evil.example",),
        ("127.0.0.1.evil.example",),
        ("10.0.0.7",),
        ("0.0.0.0",),  # noqa: S104 (a name that is asked for)
        ("",),
        ("[::1",),
        ("localhost", "evil.example"),
        ("127.0.0.1@evil.example",),
    ],
)
def test_a_name_that_somebody_elses_dns_has_given_this_machine_reads_nothing(server: HttpServer, hosts: tuple[str, ...]) -> None:
    assert named(server, *hosts) == "HTTP/1.0 421 Misdirected Request"
    assert "text/html" not in spoken(server, f"GET /said HTTP/1.1\r\nHost: {hosts[-1]}\r\n\r\n".encode())


def test_the_name_that_it_was_told_to_listen_on_is_meant_too_at_its_first_address_of_this_machine() -> None:
    def resolve(_: str, port: int) -> list[Place]:
        return [(socket.AF_INET, (address, port)) for address in ("192.0.2.1", "127.0.0.2")]

    with HttpServer("Bench.example", 0, ROUTES, resolve) as server:
        assert server.url.startswith("http://127.0.0.2:")
        assert named(server, "bench.example:9090") == "HTTP/1.0 200 OK"
        assert named(server, "other.example") == "HTTP/1.0 421 Misdirected Request"


def test_on_all_addresses_any_name_is_meant() -> None:
    """As a pod is asked by its address, by its service's name, by a port that is forwarded to it."""
    with HttpServer(None, 0, ROUTES) as server:
        assert named(server, "vsock-loadgen.stackrox.svc:9090") == "HTTP/1.0 200 OK"


@pytest.mark.parametrize("path", ["/said", "/none", "/broken"])
def test_every_answer_says_that_no_other_page_may_frame_embed_or_reinterpret_it(server: HttpServer, path: str) -> None:
    headers = ask(server, path)[2]
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "path",
    ["/../etc/passwd", "/said/../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/said\\..", "http://evil.example/said"],
)
def test_a_path_is_an_entry_of_a_table_and_leads_to_no_file(server: HttpServer, path: str) -> None:
    assert spoken(server, f"GET {path} HTTP/1.0\r\n\r\n".encode()).startswith("HTTP/1.0 404 Not Found")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"BREW /said HTTP/1.1\r\n\r\n", 501),
        (b"<script>alert(1)</script> /said HTTP/1.1\r\n\r\n", 501),
        (b"GET /said HTTP/2.0\r\n\r\n", 505),
        (b"GET\r\n\r\n", 400),
        (b"GET /said HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused_in_plain_text(server: HttpServer, request_text: bytes, status: int) -> None:
    answer = spoken(server, request_text)
    head, _, text = answer.rpartition("\r\n\r\n")
    assert text.startswith(f"{status} ")
    assert text.count("\n") == 1
    assert (
        not head or "Content-Type: text/plain" in head
    )  # before it knows the version, it answers as the first one: with text alone


@pytest.mark.parametrize("request_text", [b"G" * 70_000, b"GET /said HTTP/1.1\r\n" + (b"A: " + b"b" * 8_000 + b"\r\n") * 9])
def test_a_request_of_no_end_is_cut_off(server: HttpServer, request_text: bytes) -> None:
    """Reset without an answer, or refused: which of them the client sees first is the network's choice."""
    try:
        answer = spoken(server, request_text)
    except ConnectionError:
        answer = ""
    assert "200 OK" not in answer
    assert ask(server, "/said")[0] == HTTPStatus.OK


def test_a_request_has_one_time_for_all_its_bytes() -> None:
    """However often the client says something: only the first of the two reads gets as much as it asks for."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        bounded = web._BoundedInput(ours, time.monotonic() + TIMEOUT_SECONDS)
        theirs.sendall(b"G")
        assert bounded.read(1) == b"G"
        assert 0 < (ours.gettimeout() or 0) <= TIMEOUT_SECONDS
        over = web._BoundedInput(ours, time.monotonic())
        theirs.sendall(b"E")
        with pytest.raises(TimeoutError):
            over.read(1)
