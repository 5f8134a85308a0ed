"""The fleet over real AF_VSOCK: receiver and run as users start them, on the stock relay's port."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen

VMS = 120
OPTIONS = ("--vm-count", str(VMS), "--report-interval", "2s", "--jitter", "0", "--duration", "2s", "--metrics-port", "0")
"""Every VM reports once, so that none skips, on however busy a machine."""


def test_the_counts_at_both_ends_agree_to_the_last_report(tmp_path: Path) -> None:
    """Default target, default port, both formats' sizes below and above what the kernel keeps of one connection."""
    out = tmp_path / "r.json"
    receiver = start_vsock_loadgen("receive", "--format", "json")
    read_until(receiver, "listening on vsock://any:818")
    packages = "packages={buckets: [{percent: 50, value: 20}, {percent: 40, value: 200}, {percent: 10, value: 700}]}"
    done = vsock_loadgen(*OPTIONS, "--set", packages, "--result", out)
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=TIMEOUT_SECONDS)[0])
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert receipt["reports"] == totals["delivered"] == totals["due"] == VMS
    assert receipt["bytes"] == totals["bytes"]
    assert receipt["malformed"] == receipt["rejected"] == receipt["unfinished"] == 0
    assert receipt["empty"] == 1  # the look before the run
    assert receipt["vms_by_packages"] == {"20": 60, "200": 48, "700": 12}
    assert result["confirmation"] == "weak"


def test_written_delivery_loses_nothing_that_the_receiver_had_time_to_take(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    receiver = start_vsock_loadgen("receive", "vsock://1:9818", "--format", "json")
    read_until(receiver, "listening")
    options = ("--target", "vsock://1:9818", "--delivery", "written", "--num-packages", "50")
    done = vsock_loadgen(*OPTIONS, *options, "--result", out)
    receiver.send_signal(signal.SIGTERM)
    receipt = json.loads(receiver.communicate(timeout=TIMEOUT_SECONDS)[0])
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert receipt["reports"] == result["totals"]["delivered"] == result["totals"]["due"] == VMS
    assert result["confirmation"] == "none"
