"""The metrics of a run as somebody with curl sees them, and a run that cannot serve them."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import time
from contextlib import closing

import pytest

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen
from ports import free_port

SMALL = ("--target", "embedded", "--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms")


def delivered(port: int) -> float:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as client:
        client.request("GET", "/metrics")
        text = client.getresponse().read().decode()
    found = re.search(r'^vsock_loadgen_requests_total\{result="success"\} (\S+)$', text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_the_metrics_of_a_run_grow_and_are_gone_with_it() -> None:
    port = free_port()
    run = start_vsock_loadgen("run", *SMALL, "--metrics-port", str(port))
    try:
        read_until(run, f"metrics: http://127.0.0.1:{port}/metrics")
        deadline = time.monotonic() + TIMEOUT_SECONDS
        first = delivered(port)
        while delivered(port) <= first + 20:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        run.kill()
        run.communicate()
    assert (run.returncode, "Traceback" in said) == (0, False)
    with pytest.raises(ConnectionRefusedError):
        delivered(port)


def test_a_run_goes_on_where_its_port_is_taken_and_says_so_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = vsock_loadgen("run", *SMALL, "--metrics-port", str(port), "--duration", "1s")
    assert done.returncode == 0
    (warning,) = (line for line in done.stderr.splitlines() if "metrics" in line and "warning" in line)
    assert f"no metrics: cannot listen on 127.0.0.1, port {port} (Address already in use)" in warning


def test_port_0_turns_them_off() -> None:
    done = vsock_loadgen("run", *SMALL, "--metrics-port", "0", "--duration", "500ms")
    assert done.returncode == 0
    assert "metrics" not in done.stderr
