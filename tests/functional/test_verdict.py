"""The verdict of whole runs: a missed threshold, an abort, and a stalled target that looks worse in every figure."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, hold_up_a_worker, read_until, start_vsock_loadgen, vsock_loadgen

SMALL = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms", "--metrics-port", "0")
ONCE = ("--vm-count", "50", "--num-packages", "5", "--report-interval", "1s", "--jitter", "0", "--metrics-port", "0")
"""In a second every VM reports once: none is busy with its last report, and the last batch takes all that are late."""
SLOW = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "2s", "--metrics-port", "0")
"""A report has two seconds before its VM skips the next."""
CLOCKS = ("response_time_seconds", "service_time_seconds")


@contextmanager
def relay(folder: Path, *behaviour: str) -> Iterator[str]:
    """A receiver in a process of its own; its address."""
    address = f"unix://{folder}/relay.sock"
    process = start_vsock_loadgen("receive", address, *behaviour)
    try:
        read_until(process, "listening on")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)


def test_thresholds_that_are_met_pass_and_stand_in_every_output(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen:\n  thresholds:\n    - response_time.p99 < 1h\n    - delivered_percent >= 100\n")
    out = tmp_path / "r.json"
    done = vsock_loadgen("run", "-c", config, *ONCE, "--target", "embedded", "--duration", "1s", "--result", out)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["verdict"]["status"] == "passed"
    assert result["verdict"]["reasons"] == ["all 2 thresholds are met"]
    rows = [(row["expression"], row["passed"]) for row in result["thresholds"]]
    assert rows == [("response_time.p99 < 1h", True), ("delivered_percent >= 100", True)]
    assert result["thresholds"][0]["value"] == result["response_time_seconds"]["p99"]
    assert "thresholds: response_time.p99 < 1h; delivered_percent >= 100" in done.stderr
    assert "delivered_percent >= 100" in done.stdout


def test_a_missed_threshold_from_the_command_line_takes_the_place_of_the_files_and_ends_with_3(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen: {thresholds: [failed_percent < 50]}\n")
    out = tmp_path / "r.json"
    asked = ("--threshold", "response_time.p50 < 1ns", "--threshold", "failed_percent <= 0")
    done = vsock_loadgen("run", "-c", config, *SMALL, *asked, "--target", "embedded", "--duration", "1s", "--result", out)
    assert done.returncode == 3
    result = json.loads(out.read_text())
    assert [row["passed"] for row in result["thresholds"]] == [False, True]
    assert (result["verdict"]["status"], result["complete"], result["aborted"]) == ("failed", True, None)
    assert done.stdout.startswith("Verdict: failed\n  response_time.p50 < 1ns is missed: ")


def test_a_late_generator_is_invalid_with_4_although_a_threshold_is_missed() -> None:
    asked = ("--threshold", "response_time.p50 < 1ns", "--lag-limit", "1ms", "--workers", "1", "--stats-interval", "1s")
    process = start_vsock_loadgen("run", *SMALL, *asked, "--target", "embedded")
    read_until(process, "delivered")
    hold_up_a_worker(process)
    process.send_signal(signal.SIGTERM)
    said, log = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 4, log
    assert said.startswith("Verdict: invalid\n  the generator was late")
    assert "response_time.p50 < 1ns" in said


def test_a_wrong_threshold_sends_nothing() -> None:
    done = vsock_loadgen("run", *SMALL, "--threshold", "respons_time.p99 < 5ms", "--target", "embedded", "--duration", "1s")
    assert done.returncode == 2
    assert "did you mean response_time.p99?" in done.stderr
    assert done.stdout == ""


def test_abort_on_fail_stops_the_run_in_order_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with relay(tmp_path, "--stall", "500ms+1h") as target:
        stops = ("--threshold", "failed_percent < 1", "--abort-on-fail", "--abort-grace", "500ms")
        done = vsock_loadgen(
            "run", *SMALL, *stops, "--target", target, "--request-timeout", "500ms", "--duration", "1h", "--result", out
        )
    assert done.returncode == 3, done.stderr
    result = json.loads(out.read_text())
    totals = result["totals"]
    assert result["elapsed_seconds"] < 3600
    assert totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"]
    assert (result["complete"], result["ended"]["by"]) == (False, "abort")
    assert 0.5 <= result["aborted"]["at_seconds"] <= result["elapsed_seconds"]
    assert [row["expression"] for row in result["aborted"]["missed"]] == ["failed_percent < 1"]
    assert result["verdict"]["reasons"][0].endswith("since a threshold was missed (abortOnFail)")
    assert "failed_percent < 1 is missed" in done.stderr
    assert "stopping: " in done.stderr


@pytest.fixture(scope="module")
def healthy_and_stalled(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of the same load, at the same time, against a target that answers, and one that soon does not."""
    folders, processes = [], []
    with ExitStack() as relays:
        for name, behaviour in (("healthy", ()), ("stalled", ("--stall", "400ms+1h"))):
            folders.append(tmp_path_factory.mktemp(name))
            target = relays.enter_context(relay(folders[-1], *behaviour))
            options = ("--duration", "6s", "--request-timeout", "5s", "--result", folders[-1] / "r.json")
            asked = ("--threshold", "response_time.p99 < 10s")
            processes.append(start_vsock_loadgen("run", *SLOW, *options, *asked, "--target", target))
        said = [process.communicate(timeout=TIMEOUT_SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0, 3], said
    healthy, stalled = (json.loads((folder / "r.json").read_text()) for folder in folders)
    return healthy, stalled


def test_a_stalled_target_looks_worse_in_every_percentile(healthy_and_stalled: tuple[dict[str, Any], dict[str, Any]]) -> None:
    healthy, stalled = healthy_and_stalled
    for clock in CLOCKS:
        for figure in ("p50", "p95", "p99", "p999", "max", "mean"):
            assert healthy[clock][figure] is not None
            assert stalled[clock][figure] is None, f"{clock} {figure} is of the reports that happened to be delivered"


def test_a_stalled_target_looks_worse_in_every_rate_and_percent(
    healthy_and_stalled: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    healthy, stalled = healthy_and_stalled

    def of_due(result: dict[str, Any], name: str) -> float:
        return float(result["totals"][name] / result["totals"]["due"])

    assert of_due(stalled, "delivered") < of_due(healthy, "delivered") == 1
    for name in ("failed", "skipped"):
        assert of_due(stalled, name) > of_due(healthy, name) == 0
    for name in ("delivered", "bytes"):
        assert stalled["totals"][name] / stalled["elapsed_seconds"] < healthy["totals"][name] / healthy["elapsed_seconds"]
    assert stalled["elapsed_seconds"] >= healthy["elapsed_seconds"] * 0.99
    assert stalled["totals"]["due"] == healthy["totals"]["due"]  # the load does not give way to the target


def test_a_stalled_target_looks_worse_in_every_second(healthy_and_stalled: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A second in which reports were lost has no good figure of the few that were not."""
    healthy, stalled = healthy_and_stalled
    worst = {figure: max(row["response_time_seconds"][figure] or 0 for row in healthy["series"]) for figure in ("p50", "p99")}
    lost = [row for row in stalled["series"] if row["failed"] + row["skipped"] > row["delivered"]]
    assert lost
    for row in lost:
        for figure, highest in worst.items():
            value = row["response_time_seconds"][figure]
            assert (math.inf if value is None else value) > highest


STOPPED = ("--threshold", "delivered_percent >= 0", "--stats-interval", "1s")


@pytest.mark.parametrize(
    ("duration", "signals", "expected"),
    [("1h", 1, (1, False, "signal", False)), ("0", 1, (0, True, "signal", False)), ("0", 2, (0, True, "signal", True))],
    ids=["before its end", "the ordinary end", "without waiting"],
)
def test_a_signal_ends_a_run_and_the_record_says_so(
    tmp_path: Path, duration: str, signals: int, expected: tuple[int, bool, str, bool]
) -> None:
    out = tmp_path / "r.json"
    with relay(tmp_path, *(("--close-delay", "1h") if signals == 2 else ())) as target:
        run = ("run", *SMALL, *STOPPED, "--target", target, "--duration", duration, "--request-timeout", "1h", "--result", out)
        process = start_vsock_loadgen(*run)
        read_until(process, "in flight")
        process.send_signal(signal.SIGTERM)
        if signals == 2:
            read_until(process, "stopping")
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
    result = json.loads(out.read_text())
    ended = result["ended"]
    assert (process.returncode, result["complete"], ended["by"], ended["abandoned"]) == expected
    assert ended["signal"] == "SIGTERM"
    assert (ended["left_seconds"] is None) == (duration == "0")


def test_lost_reports_fail_a_run_that_was_asked_nothing_unless_they_are_forgiven(tmp_path: Path) -> None:
    outcomes = {}
    for name, flags in {"asked": (), "forgiven": ("--max-lost", "100%"), "unjudged": ("--no-verdict",)}.items():
        with relay(tmp_path, "--close-after", "10", "--reset") as target:
            flags = flags if "--max-lost" in flags else (*flags, "--max-lost", "auto")
            done = vsock_loadgen("run", *SMALL, *flags, "--target", target, "--duration", "1s", "--result", tmp_path / "r.json")
        verdict = json.loads((tmp_path / "r.json").read_text())["verdict"]
        outcomes[name] = (done.returncode, verdict["exit_code"], verdict["status"])
    assert outcomes == {"asked": (3, 3, "failed"), "forgiven": (0, 0, "passed"), "unjudged": (0, 0, "not judged")}
