"""The fleet over real AF_VSOCK: receiver and run as users start them, on the stock relay's port."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from command import read_until, start_vsock_loadgen, vsock_loadgen

OPTIONS = ("--vm-count", "60", "--report-interval", "1s", "--duration", "4s", "--metrics-port", "0")


def test_the_counts_at_both_ends_agree_to_the_last_report(tmp_path: Path) -> None:
    """Default target, default port, both formats' sizes below and above what the kernel keeps of one connection."""
    out = tmp_path / "r.json"
    receiver = start_vsock_loadgen("receive", "--format", "json")
    read_until(receiver, "listening on vsock://any:818")
    packages = "packages={buckets: [{percent: 50, value: 20}, {percent: 40, value: 200}, {percent: 10, value: 700}]}"
    done = vsock_loadgen(*OPTIONS, "--set", packages, "--result", out)
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=30)[0])
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert totals["due"] == totals["delivered"] + totals["skipped"]
    assert receipt["reports"] == totals["delivered"] > 60
    assert receipt["bytes"] == totals["bytes"]
    assert receipt["malformed"] == receipt["rejected"] == receipt["unfinished"] == 0
    assert receipt["empty"] == 1  # the look before the run
    assert receipt["vms_by_packages"] == {"20": 30, "200": 24, "700": 6}
    assert result["confirmation"] == "weak"


def test_written_delivery_loses_nothing_that_the_receiver_had_time_to_take(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    receiver = start_vsock_loadgen("receive", "vsock://1:9818", "--format", "json")
    read_until(receiver, "listening")
    options = ("--target", "vsock://1:9818", "--delivery", "written", "--num-packages", "50")
    done = vsock_loadgen(*OPTIONS, *options, "--result", out)
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=30)[0])
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert receipt["reports"] == result["totals"]["delivered"] == result["totals"]["due"]
    assert result["confirmation"] == "none"


def test_a_report_that_is_closed_unread_looks_delivered_and_only_the_receiver_knows(tmp_path: Path) -> None:
    """The kernel hides it for what fits its buffer: confirmation is weak, and the receiver's count proves the loss."""
    out = tmp_path / "r.json"
    receiver = start_vsock_loadgen("receive", "--format", "json", "--close-after", "10", "--reset")
    read_until(receiver, "listening")
    done = vsock_loadgen(*OPTIONS, "--num-packages", "50", "--result", out)
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=30)[0])
    result = json.loads(out.read_text())
    assert done.returncode == 0, done.stderr
    assert result["confirmation"] == "weak"
    assert result["totals"]["delivered"] == result["totals"]["due"] > 0
    assert receipt["reports"] == 0


def test_nobody_on_the_port_is_found_before_anything_is_sent() -> None:
    done = vsock_loadgen(*OPTIONS, "--port", "7777")
    assert done.returncode == 2
    assert "nobody takes connections on vsock://1:7777" in done.stderr
