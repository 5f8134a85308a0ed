"""`--log-format json`: everything that a run says is one JSON object a line, also where it is refused."""

from __future__ import annotations

import json
from pathlib import Path

from command import vsock_loadgen

SMALL = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms", "--metrics-port", "0", "--log-format", "json")


def test_a_run_is_told_in_objects_from_the_plan_to_the_verdict() -> None:
    done = vsock_loadgen(*SMALL, "--target", "embedded", "--duration", "2500ms", "--stats-interval", "1s")
    assert (done.returncode, done.stdout) == (0, "")
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert all(list(entry)[:4] == ["time", "level", "event", "message"] for entry in entries)
    assert [entry["event"] for entry in entries if entry["event"] != "note"] == ["plan", "start", "stats", "stats", "result"]
    plan, start, stats, _, result = (entry for entry in entries if entry["event"] != "note")
    assert plan["plan"]["schema"] == "vsock-loadgen/plan/v1"
    assert (start["vms"], start["target"], start["workers"]) == (20, "embedded", 1)
    assert {"due", "delivered", "failed", "skipped", "in_flight", "unfinished", "bytes"} <= stats.keys()
    assert stats["response_time_seconds"]["p50"] > 0
    assert result["verdict"]["status"] == "passed"
    assert result["totals"]["delivered"] > 0
    assert "series" not in result


def test_a_refusal_is_an_object_too(tmp_path: Path) -> None:
    done = vsock_loadgen(*SMALL, "--target", f"unix://{tmp_path}/nobody", "--duration", "1s")
    assert (done.returncode, done.stdout) == (2, "")
    entry = json.loads(done.stderr.splitlines()[-1])
    assert (entry["level"], entry["event"], entry["exit_code"]) == ("error", "refused", 2)
    assert "does not exist" in entry["message"]
