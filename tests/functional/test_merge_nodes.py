"""Four nodes that share a fleet, each a process of its own, add up to one run of the whole: in the figures and VM by VM."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen

NODES = 4
VMS = 197
# No VM reports twice, so that none skips: the nodes and a run of the whole have the same totals on a busy machine too.
FLEET = f"""
loadgen:
  vmCount: {VMS}
  packages:
    buckets: [{{percent: 70, value: 5}}, {{percent: 20, value: 10}}, {{percent: 8, value: 15}}, {{percent: 2, value: 20}}]
  reportInterval:
    buckets: [{{percent: 50, value: 30s}}, {{percent: 30, value: 60s}}, {{percent: 20, value: 300s}}]
  jitter: 0
  timeScale: 10
  duration: 3s
  requestTimeout: 2m
  reportFormat: vmReport
  metricsPort: 0
  workers: 1
  thresholds: ["delivered_percent >= 100", "packages.smallest.failed_percent < 0.1"]
"""


@dataclass(slots=True)
class Relay:
    """A receiver that runs meanwhile; `receipt` is there once it has been stopped."""

    target: str
    receipt: dict[str, Any] = field(default_factory=dict)


@contextmanager
def relay(path: Path) -> Iterator[Relay]:
    made = Relay(f"unix://{path}")
    process = start_vsock_loadgen("receive", made.target, "--format", "json")
    try:
        read_until(process, "listening on")
        yield made
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    made.receipt = json.loads(said)


@dataclass(frozen=True, slots=True)
class Together:
    """What came of nodes that were to begin together: the files of their results, and their receiver's receipt."""

    start_at: datetime
    parts: list[Path]
    receipt: dict[str, Any]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results. A node that was late began later, or has none where all was over by then."""
        return [json.loads(part.read_text()) for part in self.parts if part.exists()]

    @property
    def is_in_time(self) -> bool:
        """Whether every node began when all were to; one that was late may have found nothing to send, and failed for it."""
        return [datetime.fromisoformat(result["started_at"]) for result in self.results] == [self.start_at] * NODES


def run_nodes(folder: Path, config: Path, seconds: int) -> Together:
    """Run all nodes of a fleet that are to begin in so many seconds."""
    parts = [folder / f"node-{index}-{seconds}.json" for index in range(NODES)]
    with relay(folder / "nodes.sock") as target:
        start_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        common = ("run", "-c", config, "--target", target.target, "--start-at", start_at.isoformat(), "--node-count", str(NODES))
        nodes = [start_vsock_loadgen(*common, "--node-index", str(index), "--result", part) for index, part in enumerate(parts)]
        logs = [node.communicate(timeout=TIMEOUT_SECONDS)[1] for node in nodes]
    done = Together(start_at, parts, target.receipt)
    assert not done.is_in_time or [node.returncode for node in nodes] == [0] * NODES, logs
    return done


def run_together(folder: Path, config: Path) -> Together:
    """Run all nodes of a fleet, so soon that all of them are up in time: where one was late, in twice what that attempt took."""
    seconds = 4
    while True:
        began = time.monotonic()
        done = run_nodes(folder, config, seconds)
        if done.is_in_time:
            return done
        seconds = math.ceil(2 * (time.monotonic() - began))


def vms_seen(receipt: dict[str, Any], first_vms: list[int]) -> dict[int, tuple[int, int]]:
    """(reports, packages) by global index of the VM; `first_vms` are those of the nodes, whose CIDs are 10,000 apart."""
    return {
        first_vms[(int(vm["cid"]) - 3) // 10_000] + (int(vm["cid"]) - 3) % 10_000: (vm["reports"], vm["packages"])
        for vm in receipt["per_vm"]
    }


def test_four_nodes_merged_are_one_run_of_the_whole(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text(FLEET)
    done = run_together(tmp_path, config)
    parts, four = done.parts, done.receipt
    with relay(tmp_path / "one.sock") as one:
        alone = vsock_loadgen("run", "-c", config, "--target", one.target, "--result", tmp_path / "alone.json")
        assert alone.returncode == 0, alone.stderr

    merging = vsock_loadgen("compare", "--merge", *reversed(parts), "-o", tmp_path / "merged.json")
    assert merging.returncode == 0, merging.stderr
    assert "Verdict: passed" in merging.stdout
    merged, whole = (json.loads((tmp_path / name).read_text()) for name in ("merged.json", "alone.json"))

    assert merged["totals"] == whole["totals"] | {"bytes": merged["totals"]["bytes"]}
    assert merged["totals"]["delivered"] == merged["totals"]["due"] > VMS / 2
    assert merged["totals"]["bytes"] == four["bytes"]
    assert merged["plan_digest"] == whole["plan_digest"]
    assert (merged["complete"], merged["slice"]["vms"]) == (True, VMS)
    assert [threshold["passed"] for threshold in merged["thresholds"]] == [True, True]
    assert sum(row["due"] for row in merged["series"]) == merged["totals"]["due"]
    for dimension in ("packages", "report_interval"):
        mine, theirs = (
            [(group["id"], group["vms"], {**group["totals"], "bytes": 0}) for group in result["groups"][dimension]]
            for result in (merged, whole)
        )
        assert mine == theirs
    assert set(merged) == set(whole)

    first_vms = [json.loads(part.read_text())["slice"]["first_vm"] for part in parts]
    seen = vms_seen(four, first_vms)
    assert seen == vms_seen(one.receipt, [0])
    assert sum(reports for reports, _ in seen.values()) == four["reports"] == merged["totals"]["delivered"]

    partial = vsock_loadgen("compare", "--merge", parts[0], parts[3], "--format", "json")
    assert partial.returncode == 1, partial.stderr
    assert json.loads(partial.stdout)["complete"] is False
    assert vsock_loadgen("compare", "--merge", parts[0], parts[0]).returncode == 2

    compared = vsock_loadgen(
        "compare", tmp_path / "alone.json", tmp_path / "merged.json", "--format", "json", "--fail-if", "failed_percent > 0"
    )
    assert compared.returncode == 0, compared.stderr
    (offered,) = (row for row in json.loads(compared.stdout)["figures"] if row["name"] == "failed_percent")
    assert offered["others"][0]["difference"] == 0


COHORT = """
loadgen:
  vmCount: 22
  packages: 5
  reportInterval:
    buckets: [{percent: 50, value: 4s, synchronized: true, offset: 2s}, {percent: 50, value: 8760h}]
  jitter: 0
  duration: 6s
  metricsPort: 0
  workers: 1
"""
COHORT_VMS, COHORT_SECONDS = 11, 6


def test_a_synchronised_cohort_is_in_step_over_all_nodes(tmp_path: Path) -> None:
    config = tmp_path / "cohort.yaml"
    config.write_text(COHORT)
    done = run_together(tmp_path, config)
    results, receipt = done.results, done.receipt
    first = int(done.start_at.timestamp())
    steps = [second for second in range(first, first + COHORT_SECONDS) if second % 4 == 2]
    totals = [result["totals"] for result in results]
    assert sum(each["due"] for each in totals) == COHORT_VMS * len(steps)
    assert len(receipt["per_vm"]) == COHORT_VMS
    assert receipt["reports"] == sum(each["delivered"] for each in totals) == sum(each["due"] - each["skipped"] for each in totals)
    for result in results:
        vms, others = divmod(result["totals"]["due"], len(steps))
        assert (vms > 0, others) == (True, 0)
        late = math.ceil(result["lag_seconds"]["max"] + result["service_time_seconds"]["max"])
        for number, step in enumerate(steps):  # a row may begin a quarter of a second before what it counts
            assert sum(row["due"] for row in result["series"] if row["t"] < step - 1) <= vms * number
            assert sum(row["due"] for row in result["series"] if row["t"] <= step + late) >= vms * (number + 1)
