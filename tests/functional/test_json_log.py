"""`--log-format json`: everything that a run says is one JSON object a line, also where it is refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen

SMALL = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms", "--metrics-port", "0", "--log-format", "json")


def test_a_run_is_told_in_objects_from_the_plan_to_the_verdict() -> None:
    run = start_vsock_loadgen(*SMALL, "--target", "embedded", "--stats-interval", "1s")
    assert run.stderr is not None
    try:
        said = read_until(run, '"event": "stats"')
        while not json.loads(said.splitlines()[-1])["delivered"]:
            said += read_until(run, '"event": "stats"')
        said += read_until(run, '"event": "stats"')
        run.send_signal(signal.SIGTERM)
        said += run.stderr.read()
        shown, _ = run.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        run.kill()
        run.communicate()
    assert (run.returncode, shown) == (0, "")
    entries = [json.loads(line) for line in said.splitlines()]
    assert all(list(entry)[:4] == ["time", "level", "event", "message"] for entry in entries)
    told = [entry for entry in entries if entry["event"] not in ("note", "stopping")]
    assert [entry["event"] for entry in told] == ["plan", "start", *["stats"] * (len(told) - 3), "result"]
    plan, start, *_, stats, result = told
    assert plan["plan"]["schema"] == "vsock-loadgen/plan/v1"
    assert (start["vms"], start["target"], start["workers"]) == (20, "embedded", 1)
    assert {"due", "delivered", "failed", "skipped", "in_flight", "unfinished", "bytes"} <= stats.keys()
    assert stats["service_time_seconds"]["p50"] > 0  # of what was delivered; of all that was due it might be skipped reports
    assert stats["response_time_seconds"].keys() == stats["service_time_seconds"].keys()
    assert result["verdict"]["status"] == "passed"
    assert result["totals"]["delivered"] > 0
    assert "series" not in result


def test_a_refusal_is_an_object_too(tmp_path: Path) -> None:
    done = vsock_loadgen(*SMALL, "--target", f"unix://{tmp_path}/nobody", "--duration", "1s")
    assert (done.returncode, done.stdout) == (2, "")
    entry = json.loads(done.stderr.splitlines()[-1])
    assert (entry["level"], entry["event"], entry["exit_code"]) == ("error", "refused", 2)
    assert "does not exist" in entry["message"]
