"""What is sent is pinned: the plan of every example, every VM of some fleets, their first instants, and their reports' bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import EXAMPLES
from contracts.fleets import FLEETS, write_fleet
from contracts.goldens import check_golden, check_golden_digests, pretty
from contracts.internals import command, effective, first_due, reports_of

CONFIGS = sorted(EXAMPLES.glob("*.yaml"))
NAMES = [path.stem for path in CONFIGS]
SEEDS = ("0", "7")
FIRST = 20
VMS = ((0, 3, 1), (1, 4, 700), (2, 10_003, 700), (49, 4_294_967_295, 1_500))


def _plan(path: Path, *arguments: str) -> str:
    done = command("plan", "--config", path, "--format", "json", *arguments)
    assert done.exit_code == 0, done
    return done.stdout


@pytest.mark.parametrize("path", CONFIGS, ids=NAMES)
def test_the_plan_of_an_example(path: Path) -> None:
    """The document without its VMs and the text as they are; with its VMs, which are many, as digests."""
    made = {f"seed {seed}": _plan(path, "--seed", seed, "--nodes", "3", "--vms") for seed in SEEDS}
    document = json.loads(made["seed 0"])
    assert len(document.pop("vms")) == document["vm_count"]
    check_golden(f"plans/{path.stem}.json", pretty(document))
    check_golden_digests(f"plans/{path.stem}-vms.json", made)
    check_golden(f"plans/{path.stem}.txt", str(command("plan", "--config", path)))


@pytest.mark.parametrize("fleet", FLEETS)
def test_the_vms_of_a_fleet(fleet: str) -> None:
    for seed in SEEDS:
        check_golden(
            f"plans/{fleet}-seed-{seed}.json", _plan(write_fleet(fleet), "--seed", seed, "--vms", "--service-time", "200ms")
        )


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize("fleet", FLEETS)
def test_the_first_due_instants_of_a_fleet_are_the_same_on_any_number_of_nodes(fleet: str, nodes: int) -> None:
    due = first_due(write_fleet(fleet), nodes, FIRST)
    check_golden(f"due/{fleet}.txt", "".join(f"{vm}: {' '.join(map(str, instants))}\n" for vm, instants in sorted(due.items())))


def test_the_bytes_of_reports() -> None:
    made = {}
    for report_format in ("indexReport", "vmReport"):
        for package_sets in ("shared", "perVM"):
            for seed in SEEDS:
                name = f"{report_format}, {package_sets}, seed {seed}"
                path = write_fleet("plain")
                lines = f"  reportFormat: {report_format}\n  packageSets: {package_sets}\n  seed: {seed}\n"
                path.write_text(path.read_text() + lines)
                made[name] = reports_of(path, VMS)
    check_golden_digests("report-bytes.json", made)


@pytest.mark.parametrize("path", CONFIGS, ids=NAMES)
def test_the_effective_config_of_an_example(path: Path) -> None:
    check_golden(f"effective/{path.stem}.json", pretty(effective(path)))


def test_the_effective_config_of_some_fleets() -> None:
    for name in FLEETS:
        check_golden(f"effective/{name}.json", pretty(effective(write_fleet(name))))
