"""Several workers share a node's fleet: the same reports, the same counts, one result."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from command import TIMEOUT_SECONDS, alive, children_of, hold_up_a_worker, read_until, start_vsock_loadgen, vsock_loadgen

FLEET = ("--vm-count", "50", "--num-packages", "5", "--report-interval", "200ms", "--target", "embedded", "--metrics-port", "0")
ONCE = ("--report-interval", "2s", "--jitter", "0", "--duration", "2s")
"""Every VM reports once: none is busy with its last report, and the last batch takes all that are late."""


def test_three_workers_send_exactly_what_one_sends(tmp_path: Path) -> None:
    results = []
    for workers in (1, 3):
        out = tmp_path / f"{workers}.json"
        done = vsock_loadgen(*FLEET, *ONCE, "--workers", str(workers), "--result", out)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(out.read_text()))
    one, three = results
    assert one["totals"] == three["totals"]
    assert one["plan_digest"] == three["plan_digest"]
    assert len(three["generator"]["worker_cpu_seconds"]) == 3
    assert three["receiver"]["reports"] == three["totals"]["due"] == 50
    assert sum(row["due"] for row in three["series"]) == three["totals"]["due"]


def test_one_lost_worker_of_several_ends_the_run_and_the_accounts_still_balance(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    process = start_vsock_loadgen(*FLEET, "--workers", "2", "--stats-interval", "1s", "--result", out)
    read_until(process, "delivered")
    children = children_of(process.pid)
    os.kill(children[-1], signal.SIGKILL)
    process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert process.returncode == 1
    assert result["complete"] is False
    assert totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"]
    assert not alive(children)


def test_more_workers_than_vms_is_no_problem() -> None:
    done = vsock_loadgen(*FLEET, "--vm-count", "2", "--workers", "5", "--duration", "500ms")
    assert done.returncode == 0, done.stderr


def test_a_generator_that_is_late_says_so_with_exit_code_4(tmp_path: Path) -> None:
    """As one is whose load is too much for it: here its worker gets no processor for a while."""
    out = tmp_path / "r.json"
    options = ("--workers", "1", "--lag-limit", "50ms", "--stats-interval", "1s", "--result", out)
    process = start_vsock_loadgen(*FLEET, *options)
    read_until(process, "delivered")
    hold_up_a_worker(process)
    process.send_signal(signal.SIGTERM)
    said, log = process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    assert process.returncode == 4, log
    assert result["verdict"]["status"] == "invalid"
    assert result["generator"]["saturation"]["lag_p99_seconds"] > 0.05
    assert "the generator was late" in said
