"""What follows a run: its process ends, or stays with the outcome until it is told to go; and what probes see meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from command import TIMEOUT_SECONDS, children_of, read_until, start_vsock_loadgen, vsock_loadgen
from pods import asked, probed
from ports import free_port

SMALL = ("--target", "embedded", "--num-packages", "5", "--report-interval", "200ms", "--jitter", "0")
WAITING = "until SIGTERM (afterRun: wait)"


def stopped(run: subprocess.Popen[str]) -> str:
    run.send_signal(signal.SIGTERM)
    text, said = run.communicate(timeout=TIMEOUT_SECONDS)
    assert "Traceback" not in said
    return text


@pytest.mark.parametrize(("threshold", "exit_code"), [("delivered_percent > 1", 0), ("delivered_percent < 1", 3)])
def test_a_run_that_waits_shows_its_final_result_and_ends_with_the_code_of_its_verdict(threshold: str, exit_code: int) -> None:
    port = free_port()
    options = ("--duration", "200ms", "--after-run", "wait", "--metrics-port", str(port), "--threshold", threshold)
    run = start_vsock_loadgen("run", *SMALL, "--vm-count", "10", *options)
    try:
        read_until(run, WAITING)
        assert children_of(run.pid) == []
        for _ in range(2):
            result = json.loads(asked(port, "/result.json")[1])
            assert (result["complete"], result["verdict"]["exit_code"]) == (True, exit_code)
        delivered = result["totals"]["delivered"]
        assert delivered == result["totals"]["due"] == 10  # one of each VM: none finds the one before it still under way
        assert f'vsock_loadgen_requests_total{{result="success"}} {float(delivered)}' in asked(port, "/metrics")[1]
        assert asked(port, "/healthz") == (200, "ok\n")
        assert asked(port, "/readyz") == (200, "the run is over\n")
        assert asked(port, "/")[0] == 200
        text = stopped(run)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == exit_code
    assert text.startswith("Verdict: ")


def test_a_run_that_waits_was_stopped_for_a_threshold_and_still_shows_it() -> None:
    options = ("--after-run", "wait", "--metrics-port", "0", "--threshold", "delivered_percent < 1", "--set", "abortOnFail=true")
    run = start_vsock_loadgen("run", *SMALL, "--vm-count", "10", *options, "--set", "abortGrace=0s")
    try:
        read_until(run, WAITING)
        assert run.poll() is None
        stopped(run)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 3


def test_a_run_that_was_told_to_stop_does_not_wait_to_be_told_again() -> None:
    port = free_port()
    run = start_vsock_loadgen("run", *SMALL, "--vm-count", "10", "--after-run", "wait", "--metrics-port", str(port))
    try:
        probed(port, "/readyz")
        stopped(run)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 0


def test_by_default_a_run_ends_when_it_is_over() -> None:
    done = vsock_loadgen("run", *SMALL, "--duration", "200ms", "--metrics-port", "0")
    assert (done.returncode, WAITING in done.stderr) == (0, False)


def test_a_node_without_vms_is_healthy_says_so_and_sends_nothing() -> None:
    port = free_port()
    place = ("--vm-count", "3", "--node-index", "4", "--node-count", "5", "--metrics-port", str(port))
    run = start_vsock_loadgen("run", *SMALL, *place)
    try:
        assert "nothing" in read_until(run, "this node sends")
        probed(port, "/readyz")
        assert asked(port, "/healthz")[0] == 200
        assert "vsock_loadgen_vms 0.0" in asked(port, "/metrics")[1]
        assert "Verdict: not judged" in stopped(run)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 0


def test_a_run_that_starts_later_is_alive_and_not_ready_yet() -> None:
    port = free_port()
    start_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    run = start_vsock_loadgen("run", *SMALL, "--start-at", start_at, "--metrics-port", str(port))
    try:
        probed(port, "/healthz")
        assert asked(port, "/readyz") == (503, "the schedule has not started yet\n")
        outcome = stopped(run)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 0, outcome
