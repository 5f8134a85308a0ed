"""Two nodes that try the same loads, each a process of its own, send together what one with the whole fleet would, and one file of
both says what the target holds."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, start_vsock_loadgen, vsock_loadgen
from functional.test_merge_nodes import relay
from simulated_target import in_order
from vsock_loadgen.capacity.amounts import Amount, Asked
from vsock_loadgen.capacity.search import Step
from vsock_loadgen.config.load import load
from vsock_loadgen.trials import prepared

NODES = 2
LADDER = "10/s,20/s"
# Goals so generous that a busy machine keeps them; the last one is of a part of the fleet. VMs rest long enough to skip nothing.
FLEET = """
loadgen:
  vmCount: 201
  packages: {buckets: [{percent: 50, value: 5}, {percent: 50, value: 10}]}
  reportInterval: 20s
  reportFormat: vmReport
  requestTimeout: 5s
  metricsPort: 0
  workers: 1
  thresholds: [response_time.p80 < 990ms, failed_percent < 50, packages.largest.service_time.p80 < 990ms]
"""


def due_in_windows(config: Path) -> list[int]:
    """What falls due in the window of each trial, of the whole fleet."""
    asked = Asked(ladder=tuple(map(Amount.parse, LADDER.split(","))))
    bench = prepared(replace(load(config, environment={"LOADGEN_TARGET": "embedded"}).config, node_count=1), asked)
    ladder, due = bench.ladder(), []
    settle_ns, end_ns = ladder.lengths.settle_ns, ladder.lengths.settle_ns + ladder.lengths.window_ns
    for number, each in enumerate(ladder.loads, 1):
        plan, _ = bench.trial_plan(Step(each, "ladder"), number, ladder.lengths)
        schedule = plan.schedule(range(201))
        due.append(sum(at_ns >= settle_ns for at_ns, _ in in_order(schedule, end_ns)))
    return due


def run_nodes(folder: Path, config: Path, seconds: int) -> tuple[list[Path], dict[str, Any], list[str]]:
    """Let both nodes try the ladder, which begins in so many seconds: their files if they were up in time, what the receiver has
    counted, and the nodes' logs."""
    parts = [folder / f"node-{index}-{seconds}.json" for index in range(NODES)]
    start_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    with relay(folder / "nodes.sock") as target:
        common = ("capacity", "-c", config, "--target", target.target, "--ladder", LADDER, "--start-at", start_at.isoformat())
        whole = (*common, "--node-count", str(NODES))
        nodes = [start_vsock_loadgen(*whole, "--node-index", str(index), "--result", part) for index, part in enumerate(parts)]
        logs = [node.communicate(timeout=TIMEOUT_SECONDS)[1] for node in nodes]
    is_in_time = all(node.returncode == 0 for node in nodes) and not any("after its slot began" in log for log in logs)
    return (parts if is_in_time else []), target.receipt, logs


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path], dict[str, Any]]:
    """The config, the files of both nodes, and what their receiver has counted: of an attempt for which both were up in time."""
    folder = tmp_path_factory.mktemp("ladder")
    config = folder / "fleet.yaml"
    config.write_text(FLEET)
    seconds = 10
    for _ in range(3):
        began = time.monotonic()
        parts, receipt, logs = run_nodes(folder, config, seconds)
        if parts:
            return config, parts, receipt
        seconds = math.ceil(2 * (time.monotonic() - began))
    raise AssertionError(f"the nodes were never up in time: {logs}")


def test_what_the_nodes_have_sent_is_what_the_target_has_counted(tried: tuple[Path, list[Path], dict[str, Any]]) -> None:
    _, parts, receipt = tried
    documents = [json.loads(part.read_text()) for part in parts]
    kept = [trial for document in documents for trial in document["kept"]]
    probes = sum(document["outcome"]["probes"] for document in documents)
    due, delivered = (sum(trial[name] for trial in kept) for name in ("due", "delivered"))
    assert delivered + probes <= receipt["reports"] <= due + probes  # both are the same, unless one was lost on the way


def test_the_merged_ladder_is_that_of_the_whole_fleet(tried: tuple[Path, list[Path], dict[str, Any]], tmp_path: Path) -> None:
    config, parts, _ = tried
    out = tmp_path / "whole.json"
    done = vsock_loadgen("compare", "--merge", *parts, "-o", out)
    whole = json.loads(out.read_text())
    assert done.returncode == whole["exit_code"], done.stderr
    assert whole["schema"] == "vsock-loadgen/capacity/v1"
    assert [trial["due"] for trial in whole["trials"]] == due_in_windows(config)
    assert [trial["reports_per_second"] for trial in whole["trials"]] == pytest.approx([10, 20], rel=1e-3)
    assert [trial["goals"][0]["of"] for trial in whole["trials"]] == [trial["due"] for trial in whole["trials"]]
    assert done.stdout.startswith("holds:")


def test_one_node_alone_is_not_taken_for_the_fleet(tried: tuple[Path, list[Path], dict[str, Any]]) -> None:
    done = vsock_loadgen("compare", "--merge", tried[1][1])
    assert done.returncode == 2
    assert done.stderr.startswith("the part of node 0 of 2 is missing: ")
