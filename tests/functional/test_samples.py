"""`run --samples`: rows of several worker processes in one file, that agree with the result."""

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
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams

FLEET = """
loadgen:
  vmCount: 40
  packages:
    buckets:
      - {percent: 50, value: 100}
      - {percent: 50, value: 900}
  reportInterval: 20ms
  duration: 500ms
  target: embedded
  workers: 2
  metricsPort: 0
  lagLimit: 1h
  maxLost: 100%
"""


def ran(folder: Path, share: Fraction = Fraction(1)) -> tuple[int, dict[str, Any], list[dict[str, str]]]:
    """The exit code of a run, its result, and its samples."""
    config = folder / "fleet.yaml"
    config.write_text(FLEET)
    outputs = Outputs(folder / "result.json", samples=folder / "samples.csv.gz", sampled_share=share)
    code = app.run(load(config, environment={}).config, Streams(io.StringIO(), io.StringIO()), outputs)
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


def test_a_share_has_every_report_of_its_vms(tmp_path: Path) -> None:
    _, _, rows = ran(tmp_path, Fraction(1, 10))
    by_vm = Counter(int(row["vm"]) for row in rows)
    assert set(by_vm) == {0, 10, 20, 30}
    assert min(by_vm.values()) >= 23


def test_rows_that_could_not_be_written_are_said_and_no_exit_code_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append, parent = samples.append, os.getpid()

    def full(descriptor: int, text: str) -> None:
        if os.getpid() != parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(descriptor, text)

    monkeypatch.setattr(samples, "append", full)
    code, result, rows = ran(tmp_path)
    assert (code, rows, result["verdict"]["status"]) == (1, [], "passed")
    due = result["totals"]["due"]
    assert result["warnings"] == [f"samples: 0 reports are in the file, {due:,} more are lost: No space left on device"]
