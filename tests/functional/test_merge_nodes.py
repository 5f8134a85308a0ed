"""Four nodes that share a fleet, each a process of its own, add up to one run of the whole: in the figures and VM by VM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen

NODES = 4
VMS = 197
FLEET = f"""
loadgen:
  vmCount: {VMS}
  packages:
    buckets: [{{percent: 70, value: 5}}, {{percent: 20, value: 10}}, {{percent: 8, value: 15}}, {{percent: 2, value: 20}}]
  reportInterval:
    buckets: [{{percent: 50, value: 30s}}, {{percent: 30, value: 60s}}, {{percent: 20, value: 300s}}]
  timeScale: 30
  duration: 3s
  requestTimeout: 20s
  reportFormat: vmReport
  metricsPort: 0
  workers: 1
  lagLimit: 1m
  thresholds: ["delivered_percent >= 100", "failed_percent < 0.1"]
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


def vms_seen(receipt: dict[str, Any], first_vms: list[int]) -> dict[int, tuple[int, int]]:
    """(reports, packages) by global index of the VM; `first_vms` are those of the nodes, whose CIDs are 10,000 apart."""
    return {
        first_vms[(int(vm["cid"]) - 3) // 10_000] + (int(vm["cid"]) - 3) % 10_000: (vm["reports"], vm["packages"])
        for vm in receipt["per_vm"]
    }


def test_four_nodes_merged_are_one_run_of_the_whole(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text(FLEET)
    parts = [tmp_path / f"node-{index}.json" for index in range(NODES)]
    with relay(tmp_path / "four.sock") as four:
        nodes = [
            start_vsock_loadgen(
                "run",
                "-c",
                config,
                "--target",
                four.target,
                "--node-index",
                str(index),
                "--node-count",
                str(NODES),
                "--result",
                part,
            )
            for index, part in enumerate(parts)
        ]
        logs = [node.communicate(timeout=TIMEOUT_SECONDS)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0] * NODES, logs
    with relay(tmp_path / "one.sock") as one:
        alone = vsock_loadgen("run", "-c", config, "--target", one.target, "--result", tmp_path / "alone.json")
        assert alone.returncode == 0, alone.stderr

    merging = vsock_loadgen("compare", "--merge", *reversed(parts), "-o", tmp_path / "merged.json")
    assert merging.returncode == 0, merging.stderr
    assert "Verdict: passed" in merging.stdout
    merged, whole = (json.loads((tmp_path / name).read_text()) for name in ("merged.json", "alone.json"))

    assert merged["totals"] == whole["totals"] | {"bytes": merged["totals"]["bytes"]}
    assert merged["totals"]["delivered"] == merged["totals"]["due"] > VMS
    assert merged["totals"]["bytes"] == four.receipt["bytes"]
    assert merged["plan_digest"] == whole["plan_digest"]
    assert (merged["complete"], merged["slice"]["vms"]) == (True, VMS)
    assert [threshold["passed"] for threshold in merged["thresholds"]] == [True, True]
    assert sum(row["due"] for row in merged["series"]) == merged["totals"]["due"]
    assert set(merged) == set(whole)

    first_vms = [json.loads(part.read_text())["slice"]["first_vm"] for part in parts]
    seen = vms_seen(four.receipt, first_vms)
    assert seen == vms_seen(one.receipt, [0])
    assert sum(reports for reports, _ in seen.values()) == four.receipt["reports"] == merged["totals"]["delivered"]

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
  lagLimit: 1m
"""


def test_a_synchronised_cohort_is_in_step_over_all_nodes(tmp_path: Path) -> None:
    config = tmp_path / "cohort.yaml"
    config.write_text(COHORT)
    start_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)  # all nodes are up by then
    parts = [tmp_path / f"node-{index}.json" for index in range(NODES)]
    with relay(tmp_path / "relay.sock") as target:
        place = [("--node-index", str(index), "--node-count", str(NODES), "--result", part) for index, part in enumerate(parts)]
        common = ("run", "-c", config, "--target", target.target, "--start-at", start_at.isoformat())
        nodes = [start_vsock_loadgen(*common, *mine) for mine in place]
        logs = [node.communicate(timeout=TIMEOUT_SECONDS)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0] * NODES, logs
    results = [json.loads(part.read_text()) for part in parts]
    assert {datetime.fromisoformat(result["started_at"]) for result in results} == {start_at}
    # Due 2 s after every multiple of 4 s: whoever is a second late or early is still nowhere near another node's step.
    busy = [{row["t"] // 4 for row in result["series"] if row["due"]} for result in results]
    assert {row["t"] % 4 for result in results for row in result["series"] if row["due"]} <= {1, 2, 3}
    assert set.union(*busy) == set.intersection(*busy)
    assert 11 * len(busy[0]) == sum(result["totals"]["due"] for result in results) == target.receipt["reports"]
