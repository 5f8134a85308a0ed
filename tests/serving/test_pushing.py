"""The metrics of a run's end at a Pushgateway: what arrives there, and what a gateway that takes nothing does to the exit code."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fleet_example import EXAMPLE, plan_of
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.log import Log
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.serving.pushing import PushGateway, push_gateway_of
from vsock_loadgen.units import SECOND


class Gateway(HTTPServer):
    """Takes what is pushed, or answers with another status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.taken: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.command, self.path, body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def metrics() -> Metrics:
    plan = plan_of(EXAMPLE)
    return Metrics(plan, plan.nodes[0], SaturationWatch(SECOND))


def gateway_of(template: str, **environment: str) -> tuple[PushGateway, io.StringIO]:
    log = io.StringIO()
    made = push_gateway_of(template, 2, Log(log), environment)
    assert made is not None
    return made, log


def test_the_gateway_gets_every_family_under_job_and_node(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # which is not asked
    pushed, _ = gateway_of(gateway.url)
    assert pushed.push(metrics()) == 0
    ((method, path, body),) = gateway.taken
    assert (method, path) == ("PUT", "/metrics/job/vsock-loadgen/node/2")
    assert b"vsock_loadgen_reports_due_total 0.0" in body


@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_gateway_that_does_not_take_them_is_a_line_in_the_log(gateway: Gateway, status: int) -> None:
    gateway.status = status
    pushed, log = gateway_of(gateway.url)
    assert pushed.push(metrics()) == 1
    assert "did not take the metrics" in log.getvalue()
    assert len(gateway.taken) == 1


def test_values_of_the_environment_are_not_said() -> None:
    pushed, log = gateway_of("http://${GATEWAY_HOST}:1", GATEWAY_HOST="secret.invalid")
    assert pushed.push(metrics()) == 1
    assert "${GATEWAY_HOST}" in log.getvalue()
    assert "secret" not in log.getvalue()


def test_a_variable_that_is_not_set_is_an_error_of_the_key() -> None:
    with pytest.raises(ConfigError, match=r"pushGateway: .*NOBODY"):
        push_gateway_of("http://${NOBODY}:1", 0, Log(io.StringIO()), {})
    assert push_gateway_of(None, 0, Log(io.StringIO()), {}) is None
