"""The server beside a run is never the reason that the run ends, and the log says where it is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from vsock_loadgen.log import Log
from vsock_loadgen.serving.http import listening_address, listening_ports, serve
from vsock_loadgen.transport.web import HttpServer


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer("127.0.0.1", 0, {}) as running:
        yield running


def test_a_taken_port_is_one_warning_and_no_server(server: HttpServer) -> None:
    stream = io.StringIO()
    with ExitStack() as stack:
        assert serve(stack, "127.0.0.1", [urlsplit(server.url).port or 0], {}, Log(stream)) is None
    (line,) = stream.getvalue().splitlines()
    assert f"warning: no metrics: cannot listen on 127.0.0.1, port {urlsplit(server.url).port} (Address already in use); " in line
    assert line.endswith("--metrics-port takes another port, 0 turns the metrics off")


def test_an_address_that_is_not_this_machines_or_no_name_is_one_warning_too() -> None:
    for address in ("192.0.2.1", "no.such.host.invalid", "not an address"):
        stream = io.StringIO()
        with ExitStack() as stack:
            assert serve(stack, address, [0], {}, Log(stream)) is None
        assert stream.getvalue().count("\n") == 1
        assert f"cannot listen on {address}, port 0" in stream.getvalue()


def test_where_it_listens_is_logged() -> None:
    stream = io.StringIO()
    with ExitStack() as stack:
        server = serve(stack, "localhost", [0], {}, Log(stream))
        assert server is not None
        assert stream.getvalue().endswith(f"metrics: {server.url}/metrics\n")


def test_it_listens_on_this_machine_only_except_in_a_pod_or_where_told_otherwise() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    assert listening_address(None, {}) == "127.0.0.1"
    assert listening_address(None, pod) is None
    assert listening_address("10.0.0.7", {}) == listening_address("10.0.0.7", pod) == "10.0.0.7"


def test_a_port_that_nobody_asked_for_gives_way_where_it_is_taken(server: HttpServer) -> None:
    stream = io.StringIO()
    with ExitStack() as stack:
        made = serve(stack, "127.0.0.1", [urlsplit(server.url).port or 0, 0], {}, Log(stream))
        assert made is not None
        assert urlsplit(made.url).port != urlsplit(server.url).port
        assert stream.getvalue().endswith(f"metrics: {made.url}/metrics\n")


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}])
def test_a_configured_port_is_the_only_one(environment: dict[str, str]) -> None:
    assert listening_ports(9090, environment) == (9090,)
    assert listening_ports(0, environment) == (0,)


def test_in_a_pod_the_port_is_that_of_the_manifests_and_elsewhere_not_that_of_prometheus() -> None:
    assert listening_ports(None, {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}) == (9090,)
    assert listening_ports(None, {}) == (9190, 0)
