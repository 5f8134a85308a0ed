"""`--samples`: rows of every worker process in one file, that agree with the result."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vsock_loadgen import app
from vsock_loadgen.config.load import load
from vsock_loadgen.engine import samples
from vsock_loadgen.modes.answering import Answering, Listening
from vsock_loadgen.modes.calling import CALLING
from vsock_loadgen.modes.mode import Mode
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams
from vsock_loadgen.units import HOUR, MINUTE

SHARED = """
loadgen:
  vmCount: 40
  packages:
    buckets:
      - {percent: 50, value: 100}
      - {percent: 50, value: 900}
  metricsPort: 0
  lagLimit: 1h
  maxLost: 100%
"""
FLEET = f"""{SHARED}
  reportInterval: 20ms
  duration: 500ms
  target: embedded
  workers: 2
"""
ASKED = f"""{SHARED}
  reportInterval: 1h
  timeScale: 7200
  duration: 3s
  serve:
    faults: {{internal: 30%}}
"""
ASKER = Answering(Listening("127.0.0.1", 0), Settings(poll_ns=HOUR, tick_ns=MINUTE))


def ran(
    folder: Path, share: Fraction = Fraction(1), fleet: str = FLEET, mode: Mode = CALLING
) -> tuple[int, dict[str, Any], list[dict[str, str]]]:
    """The exit code of a run, its result, and its samples."""
    config = folder / "fleet.yaml"
    config.write_text(fleet)
    outputs = Outputs(folder / "result.json", samples=folder / "samples.csv.gz", sampled_share=share)
    code = app.run(load(config, environment={}).config, Streams(io.StringIO(), io.StringIO()), outputs, mode=mode)
    with gzip.open(folder / "samples.csv.gz", "rt") as text:
        return code, json.loads((folder / "result.json").read_text()), list(csv.DictReader(text))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_NAME", raising=False)


def test_the_rows_are_the_accounts_of_the_result(tmp_path: Path) -> None:
    code, result, rows = ran(tmp_path)
    assert code == 0
    seen = Counter(row["outcome"] for row in rows)
    totals = result["totals"]
    assert (len(rows), seen["delivered"], seen["skipped"]) == (totals["due"], totals["delivered"], totals["skipped"])
    assert sum(int(row["bytes"]) for row in rows if row["outcome"] == "delivered") == totals["bytes"]
    for group in result["groups"]["packages"]:
        assert sum(row["packages_group"] == group["id"] for row in rows) == group["totals"]["due"]
    assert {int(row["vm"]) for row in rows} == set(range(40))
    assert max(float(row["ended"]) - float(row["started"]) for row in rows if row["outcome"] == "delivered") == pytest.approx(
        result["service_time_seconds"]["max"], abs=2e-6
    )


def test_the_rows_of_a_fleet_that_is_asked_are_what_both_ends_have_counted(tmp_path: Path) -> None:
    code, result, rows = ran(tmp_path, fleet=ASKED, mode=ASKER)
    assert code == 0, f"both ends would disagree: {result['verdict']}"
    seen, totals = Counter(row["outcome"] for row in rows), result["totals"]
    assert (len(rows), seen["delivered"], seen["skipped"]) == (totals["due"], totals["delivered"], totals["skipped"])
    assert {failure: seen[failure] for failure in result["failures"]} == result["failures"]
    assert min(seen["delivered"], seen["refused"]) > 0
    assert sum(int(row["bytes"]) for row in rows) == totals["bytes"]
    for group in result["groups"]["packages"]:
        of_group = [row for row in rows if row["packages_group"] == group["id"]]
        assert len(of_group) == group["totals"]["due"]
        assert {row["packages"] for row in of_group} == {group["id"]}
    nobody_asked = ("skipped", "unfinished")
    assert all(bool(row["started"]) == bool(row["ended"]) == (row["outcome"] not in nobody_asked) for row in rows)


def test_a_share_of_a_fleet_that_is_asked_has_every_report_of_its_vms(tmp_path: Path) -> None:
    _, _, rows = ran(tmp_path, Fraction(1, 10), ASKED, ASKER)
    assert {int(row["vm"]) for row in rows} == {0, 10, 20, 30}


def test_a_share_has_every_report_of_its_vms(tmp_path: Path) -> None:
    _, _, rows = ran(tmp_path, Fraction(1, 10))
    by_vm = Counter(int(row["vm"]) for row in rows)
    assert set(by_vm) == {0, 10, 20, 30}
    assert min(by_vm.values()) >= 23


@pytest.mark.parametrize(("fleet", "mode"), [(FLEET, CALLING), (ASKED, ASKER)], ids=["run", "serve"])
def test_rows_that_could_not_be_written_are_said_and_no_exit_code_0(
    fleet: str, mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, parent = samples.append, os.getpid()

    def full(descriptor: int, text: str) -> None:
        if os.getpid() != parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(descriptor, text)

    monkeypatch.setattr(samples, "append", full)
    code, result, rows = ran(tmp_path, fleet=fleet, mode=mode)
    assert (code, rows, result["verdict"]["status"]) == (1, [], "passed")
    due = result["totals"]["due"]
    assert result["warnings"] == [f"samples: 0 reports are in the file, {due:,} more are lost: No space left on device"]
