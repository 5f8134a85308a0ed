"""Several workers share a node's fleet: the same reports, the same counts, one result."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from command import alive, children_of, read_until, start_vsock_loadgen, vsock_loadgen

FLEET = ("--vm-count", "50", "--num-packages", "5", "--report-interval", "200ms", "--target", "embedded", "--metrics-port", "0")


def test_three_workers_send_exactly_what_one_sends(tmp_path: Path) -> None:
    results = []
    for workers in (1, 3):
        out = tmp_path / f"{workers}.json"
        done = vsock_loadgen(*FLEET, "--duration", "2s", "--workers", str(workers), "--result", out)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(out.read_text()))
    one, three = results
    assert one["totals"] == three["totals"]
    assert one["plan_digest"] == three["plan_digest"]
    assert len(three["generator"]["worker_cpu_seconds"]) == 3
    assert three["receiver"]["reports"] == three["totals"]["due"]
    assert sum(row["due"] for row in three["series"]) == three["totals"]["due"]


def test_one_lost_worker_of_several_ends_the_run_and_the_accounts_still_balance(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    process = start_vsock_loadgen(*FLEET, "--workers", "2", "--stats-interval", "1s", "--result", out)
    read_until(process, "delivered")
    children = children_of(process.pid)
    os.kill(children[-1], signal.SIGKILL)
    process.communicate(timeout=20)
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert process.returncode == 1
    assert result["complete"] is False
    assert totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"]
    assert not alive(children)


def test_more_workers_than_vms_is_no_problem() -> None:
    done = vsock_loadgen(*FLEET, "--vm-count", "2", "--workers", "5", "--duration", "500ms")
    assert done.returncode == 0, done.stderr


def test_a_load_that_is_too_much_for_the_generator_is_said_so_with_exit_code_4(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    impossible = ("--vm-count", "5000", "--num-packages", "1", "--report-interval", "5ms", "--workers", "1")
    done = vsock_loadgen(*impossible, "--target", "embedded", "--metrics-port", "0", "--duration", "2s", "--result", out)
    result = json.loads(out.read_text())
    assert done.returncode == 4, done.stderr
    assert result["verdict"]["status"] == "invalid"
    assert result["generator"]["saturation"]["lag_p99_seconds"] > 0.05
    assert "the generator was late" in done.stdout
