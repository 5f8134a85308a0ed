"""What a run shows while it goes on and how commands end: log lines, metrics, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import vsock_loadgen
from contracts.goldens import check_golden, check_golden_sections, pretty
from contracts.internals import command, exposition, log_lines

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
SMALL = ("--vm-count", "4", "--packages", "3", "--report-interval", "200ms", "--metrics-port", "0")
EMBEDDED = (*SMALL, "--target", "embedded", "--duration", "600ms")
EVENTS = ("plan", "start", "stats", "result")
MEASURED = ("vms_by_gap_seconds",)
"""Keys whose own keys are figures of the run."""
ENDS = {
    "a threshold is missed": ("run", *EMBEDDED, "--threshold", "reports_per_second > 1000"),
    "nobody listens": ("run", *SMALL, "--target", "unix:///nowhere/relay.sock"),
}
"""Of processes; those of commands that end before a run are in messages/commands.txt."""


def test_exit_codes() -> None:
    codes = {f"{name}: {' '.join(arguments)}": vsock_loadgen(*arguments).returncode for name, arguments in ENDS.items()}
    warned = ("plan", *EMBEDDED, "--set", "limits.reportsPerMinutePerVm=1", "--fail-on-warning")
    codes["a warning of the plan"] = command(*warned).exit_code
    check_golden("exit-codes.json", pretty(codes))


def test_the_keys_of_a_runs_log_as_json_and_of_its_result() -> None:
    done = vsock_loadgen(
        "run", *EMBEDDED, "--log-format", "json", "--duration", "1500ms", "--stats-interval", "1s", "--result", "r.json"
    )
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    by_event = {entry["event"]: _keys(entry) for entry in entries}
    check_golden("log/keys-of-a-run.json", pretty({event: by_event[event] for event in EVENTS}))
    check_golden("results/keys-of-a-run.json", pretty(_keys(json.loads(Path("r.json").read_text(encoding="utf-8")))))


def _keys(value: object) -> object:
    """The keys of a document, without its values; of a list those of its first item, and none of what was measured."""
    if isinstance(value, dict):
        return {key: None if key in MEASURED else _keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_keys(item) for item in value[:1]]
    return None


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_log(style: str) -> None:
    check_golden(f"log/{style}.txt", log_lines(style))


def test_the_metrics() -> None:
    check_golden("metrics.txt", exposition(""))
    check_golden("metrics-openmetrics.txt", exposition(OPENMETRICS))


def test_fitted_blocks() -> None:
    packages = "".join(f"{number % 7 * 100 + number % 3 + 1}\n" for number in range(500))
    intervals = "vm,interval\n" + "".join(f"vm{number},{(30, 60, 300)[number % 3]}.{number % 10}\n" for number in range(300))
    said = {}
    for form in ("percentile", "quantiles"):
        for few in ("2", "12"):
            flags = ("--form", form, "--max-buckets", few)
            said[f"packages, {form}, {few}"] = str(command("fit", "-", "--kind", "packages", *flags, stdin=packages))
            column = ("--kind", "intervals", "--column", "interval")
            said[f"intervals, {form}, {few}"] = str(command("fit", "-", *column, *flags, stdin=intervals))
    check_golden_sections("fit.txt", said)
