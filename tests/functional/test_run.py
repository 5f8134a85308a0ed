"""The whole run as users start it, over real sockets: the numbers at both ends agree, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, alive, children_of, read_until, start_vsock_loadgen, vsock_loadgen
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import HOUR, SECOND
from watched import Watched

FLEET = """
loadgen:
  vmCount: 197
  packages:
    buckets:
      - {percent: 70, value: 5}
      - {percent: 20, value: 10}
      - {percent: 8, value: 15}
      - {percent: 2, value: 20}
  reportInterval:
    buckets:
      - {percent: 50, value: 30s}
      - {percent: 30, value: 60s}
      - {percent: 20, value: 300s}
  reportFormat: vmReport
  metricsPort: 0
"""
SMALL = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms", "--metrics-port", "0")
ONCE = ("--vm-count", "50", "--num-packages", "5", "--report-interval", "2s", "--jitter", "0", "--duration", "2s")
"""Every VM reports once: none is busy with its last report, and the last batch takes whatever is late. All is delivered."""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET)
    return path


class Running:
    """A receiver in a thread of the test's own."""

    def __init__(self, path: Path, behaviour: Behaviour) -> None:
        self.target = f"unix://{path}"
        self.receipt = Receipt()
        self._drain_ns = HOUR if behaviour == Behaviour() else SECOND // 2  # who behaves well has soon nothing left to take
        self._stop, self._stopper = socket.socketpair()
        self._receiver = Receiver(listen(UnixAddress(str(path))), decode=decode, behaviour=behaviour)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.receipt = self._receiver.run(self._stop.fileno(), drain_ns=self._drain_ns)

    def stop(self) -> Receipt:
        self._stopper.send(b"x")
        self._thread.join()
        self._stop.close()
        self._stopper.close()
        return self.receipt


@contextmanager
def receiver(tmp_path: Path, behaviour: Behaviour | None = None) -> Iterator[Running]:
    running = Running(tmp_path / "relay.sock", behaviour or Behaviour())
    try:
        yield running
    finally:
        if not running.receipt.connections:
            running.stop()


def balanced(result: dict[str, Any]) -> bool:
    totals = result["totals"]
    return bool(totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"])


def test_the_fleet_arrives_as_planned_at_the_embedded_receiver(fleet: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    ends = ("--time-scale", "100", "--duration", "7s", "--threshold", "failed_percent <= 0", "--result", out)
    done = vsock_loadgen("run", "-c", fleet, "--target", "embedded", *ends)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert balanced(result)
    assert totals["delivered"] > 2 * 197
    assert totals["failed"] == 0
    seen = result["receiver"]
    assert (seen["reports"], seen["malformed"], seen["vms"]) == (totals["delivered"], 0, 197)
    assert seen["bytes"] == totals["bytes"]
    packages, intervals = result["groups"]["packages"], result["groups"]["report_interval"]
    assert [(group["id"], group["vms"], group["seen"]["vms"]) for group in packages] == [
        ("5", 138, 138),
        ("10", 39, 39),
        ("15", 16, 16),
        ("20", 4, 4),
    ]
    assert seen["vms_by_packages"] == {"5": 138, "10": 39, "15": 16, "20": 4}
    assert sum(group["seen"]["knowable"] for group in intervals) + seen["ungrouped"] == 197
    if totals["delivered"] == totals["due"]:  # where a machine is so busy that reports were left out, gaps say little
        assert {group["low"]: group["seen"]["vms"] for group in intervals} == {30: 99, 60: 59, 300: 39}
    for groups in (packages, intervals):
        for name in ("due", "delivered", "failed", "skipped", "unfinished", "bytes"):
            assert sum(group["totals"][name] for group in groups) == totals[name]
        assert sum(group["response_time_seconds"]["count"] for group in groups) == result["response_time_seconds"]["count"]
    assert result["complete"] is True
    assert result["confirmation"] == "strong"
    assert result["verdict"]["status"] == "passed"
    assert sum(row["due"] for row in result["series"]) == totals["due"]
    assert sum(row["delivered"] for row in result["series"]) == totals["delivered"]
    assert "mean 7.11   P50 5   P95 15   P99 20" in done.stderr  # the start-up log has the plan's statistics
    assert "Verdict: passed" in done.stdout


def test_the_due_reports_of_a_bounded_run_are_those_of_the_plan(fleet: Path, tmp_path: Path) -> None:
    options = ("-c", fleet, "--target", "embedded", "--time-scale", "100", "--duration", "2s")
    planned = json.loads(vsock_loadgen("plan", *options, "--format", "json").stdout)["forecast"]["reports"]
    assert vsock_loadgen("run", *options, "--result", tmp_path / "r.json").returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["totals"]["due"] == planned


@pytest.mark.parametrize("delivery", ["confirmed", "written"])
def test_both_ends_count_the_same_over_a_unix_socket(tmp_path: Path, delivery: str) -> None:
    with receiver(tmp_path) as relay:
        out = tmp_path / "r.json"
        done = vsock_loadgen(*ONCE, "--metrics-port", "0", "--target", relay.target, "--delivery", delivery, "--result", out)
        receipt = relay.stop()
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert receipt.reports == result["totals"]["delivered"] == result["totals"]["due"] == 50
    assert receipt.bytes == result["totals"]["bytes"]
    assert len(receipt.vms) == 50
    assert result["confirmation"] == {"confirmed": "strong", "written": "none"}[delivery]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_a_run_in_order(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "r.json"
    asked = ("--threshold", "failed_percent <= 0")
    process = start_vsock_loadgen(*SMALL, *asked, "--target", "embedded", "--stats-interval", "1s", "--result", out)
    read_until(process, "report to")
    read_until(process, "delivered")
    children = children_of(process.pid)
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    assert process.returncode == 0
    assert "Verdict: passed" in stdout
    assert balanced(result)
    assert result["totals"]["delivered"] == result["receiver"]["reports"] > 0
    assert not alive(children)


def test_a_first_signal_waits_for_reports_under_way_and_a_second_does_not(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with receiver(tmp_path, Behaviour(close_delay=Delays(HOUR))) as relay:
        process = start_vsock_loadgen(
            *SMALL, "--target", relay.target, "--request-timeout", "1h", "--stats-interval", "1s", "--result", out
        )
        read_until(process, "in flight 20")
        process.send_signal(signal.SIGTERM)
        read_until(process, "stopping")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
    totals = json.loads(out.read_text())["totals"]
    assert process.returncode == 0
    assert totals["unfinished"] == 20
    assert totals["due"] == totals["skipped"] + 20


def test_a_run_whose_worker_dies_is_incomplete_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with receiver(tmp_path) as relay:
        process = start_vsock_loadgen(*SMALL, "--target", relay.target, "--stats-interval", "1s", "--result", out)
        read_until(process, "delivered")
        (worker,) = children_of(process.pid)
        signal_process(worker, signal.SIGKILL)
        stdout, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    assert process.returncode == 1
    assert result["complete"] is False
    assert result["verdict"]["status"] == "invalid"
    assert balanced(result)
    assert "worker 0 was lost" in stdout


def test_workers_and_receiver_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    process = start_vsock_loadgen(*SMALL, "--target", "embedded", "--stats-interval", "1s")
    read_until(process, "delivered")
    children = children_of(process.pid)
    assert len(children) == 2
    process.kill()
    process.communicate(timeout=TIMEOUT_SECONDS)
    Watched.until(lambda: not alive(children))


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that a test started."""

    os.kill(pid, number)


def test_reports_that_are_closed_unread_are_failures_on_unix(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with receiver(tmp_path, Behaviour(close_after_bytes=10, reset=True)) as relay:
        done = vsock_loadgen(*SMALL, "--target", relay.target, "--duration", "1s", "--result", out)
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert done.returncode == 0, done.stderr
    assert totals["delivered"] == 0
    assert balanced(result)
    assert result["failures"] == {"reset": totals["failed"]}
    assert result["response_time_seconds"]["p50"] is None
    assert "not delivered" in done.stdout


def test_a_stall_is_seen_in_the_response_time_and_not_in_the_lag(tmp_path: Path) -> None:
    out, address = tmp_path / "r.json", f"unix://{tmp_path / 'relay.sock'}"
    relay = start_vsock_loadgen("receive", address, "--format", "json")
    read_until(relay, "listening on")
    ends = ("--request-timeout", "1h", "--stats-interval", "1s", "--result", out)
    process = start_vsock_loadgen(*SMALL, *ends, "--target", address)
    read_until(process, "delivered")
    relay.send_signal(signal.SIGSTOP)
    read_until(process, "in flight 20")
    time.sleep(1)
    relay.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TIMEOUT_SECONDS)
    relay.send_signal(signal.SIGTERM)
    receipt = json.loads(relay.communicate(timeout=TIMEOUT_SECONDS)[0])
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert (process.returncode, relay.returncode) == (0, 0)
    assert balanced(result)
    assert totals["failed"] == 0
    assert totals["skipped"] > 0
    assert receipt["reports"] == totals["delivered"]
    assert result["service_time_seconds"]["max"] >= 1
    assert result["lag_seconds"]["p50"] < result["service_time_seconds"]["max"]


def test_an_absent_target_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    done = vsock_loadgen(*SMALL, "--target", f"unix://{tmp_path}/nobody", "--duration", "1s")
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert "remedy:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_run_leaves_its_last_snapshot(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    process = start_vsock_loadgen(*SMALL, "--target", "embedded", "--stats-interval", "1s", "--result", out)
    Watched.until(lambda: out.exists() and json.loads(out.read_text())["totals"]["delivered"])
    process.kill()
    process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    assert result["complete"] is False
    assert result["totals"]["delivered"] > 0


def test_a_key_that_is_not_known_is_remembered_by_the_result(tmp_path: Path) -> None:
    """Who reads the result later must know that the fleet is not the one that was meant."""
    config, out = tmp_path / "fleet.yaml", tmp_path / "r.json"
    config.write_text("loadgen:\n  reportIntervall: 30s\n  vmCount: 3\n")
    done = vsock_loadgen("run", "-c", config, *SMALL[2:], "--target", "embedded", "--duration", "500ms", "--result", out)
    (warning,) = json.loads(out.read_text())["warnings"]
    assert "fleet.yaml:2: reportIntervall: unknown key" in warning
    assert "reportIntervall: unknown key" in " ".join(done.stdout.split())
