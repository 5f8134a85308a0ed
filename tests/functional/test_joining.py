"""A run that joins a schedule of long ago is served, says how far it is, and ends at a signal; a walk of minutes is refused."""

from __future__ import annotations

import signal
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen
from ports import free_port

FLEET = ("--vm-count", "1000", "--num-packages", "5", "--report-interval", "10s", "--workers", "1", "--target", "embedded")


def ago(days: float) -> tuple[str, str]:
    return "--start-at", (datetime.now(UTC) - timedelta(days=days)).isoformat()


def test_a_walk_of_half_a_minute_is_served_and_ends_at_a_signal() -> None:
    """50 million reports of a walk: no machine is through before the first word about it."""
    port = free_port()
    process = start_vsock_loadgen("run", *FLEET, *ago(5.8), "--metrics-port", str(port))
    try:
        said = read_until(process, "joining the schedule")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=TIMEOUT_SECONDS) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=TIMEOUT_SECONDS)
    assert "% of what was due before" in said
    assert process.returncode == 128 + signal.SIGTERM
    assert rest.splitlines()[-1] == "stopped by SIGTERM before the run began: nothing was sent"


def test_a_walk_of_minutes_is_refused_with_the_reason(tmp_path: Path) -> None:
    done = vsock_loadgen("run", *FLEET, *ago(60), "--metrics-port", "0", "--result", tmp_path / "r.json")
    assert (done.returncode, done.stdout) == (2, "")
    message = done.stderr.splitlines()[-1]
    assert message.startswith("--start-at: startAt: was ")
    assert "518,4" in message  # million reports
    assert "60,000,000" in message
    assert not (tmp_path / "r.json").exists()


def test_without_jitter_no_age_is_too_long_ago() -> None:
    options = ("--metrics-port", "0", "--jitter", "0", "--stats-interval", "1s")
    process = start_vsock_loadgen("run", *FLEET, *ago(3_650), *options)
    read_until(process, "in flight")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0
    assert "Verdict: passed" in out
