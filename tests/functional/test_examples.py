"""Every example, its time scaled to a few seconds, does what its plan foresees: as many reports, at that rate, at those moments."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest

from command import EXAMPLES, vsock_loadgen
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.model import Config
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.preparing import prepare
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import SECOND

AT_A_TIME = 4
SLACK_NS = 20_000_000
"""What may pass, beside the lag that a run measures itself, between two readings of a clock."""
FEW = {"packages": "3"}


@dataclass(frozen=True, slots=True)
class Scaled:
    """How an example is run: its time divided by `scale`, whole cycles of it, with small reports."""

    scale: int
    seconds: int
    small: dict[str, str]


SPECIAL = {
    "uniform": Scaled(60, 3, {"numPackages": "3"}),
    "bimodal": Scaled(80, 3, FEW),
    "dev-and-prod": Scaled(200, 3, {f"profiles[{number}].packages": str(3 + number) for number in range(3)}),
    "thundering-herd": Scaled(1_200, 3, FEW),
    "business-hours": Scaled(21_600, 4, FEW),
    "spike": Scaled(330, 4, FEW),
    "slow-rollout": Scaled(3_600, 3, FEW),
    "adversarial": Scaled(200, 3, {"profiles[0].packages": "3", "profiles[1].packages": "30"}),
    "soak": Scaled(400, 3, FEW),
}
RUNS = {
    path.stem: SPECIAL.get(path.stem, Scaled(200, 3, FEW)) for path in sorted(EXAMPLES.glob("*.yaml")) if "pull" not in path.stem
}
QUIET = {"metricsPort": "0", "lagLimit": "1h", "thresholds": "[]", "logFormat": "text"}


def settings_of(name: str) -> dict[str, str]:
    """What is set beside the example's own keys."""
    run = RUNS[name]
    return {"timeScale": str(run.scale), "duration": f"{run.seconds}s", **run.small, **QUIET}


def config_of(name: str, target: str = "embedded") -> Config:
    """The config of an example as it is run here."""
    given = settings_of(name) | {"target": target}
    overrides = [Override(f"--set {path}", path, text) for path, text in given.items()]
    return load(EXAMPLES / f"{name}.yaml", environment={}, overrides=overrides).config


def run_example(name: str, folder: Path, target: str = "embedded") -> dict[str, Any]:
    """The result of such a run."""
    path = folder / f"{name}.json"
    flags = [word for key, text in settings_of(name).items() for word in ("--set", f"{key}={text}")]
    done = vsock_loadgen("run", "-c", EXAMPLES / f"{name}.yaml", "--target", target, "--result", path, *flags)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def planned_by_vm(plan: Plan, zero_ns: int, seconds: int) -> list[list[int]]:
    """When each VM's reports are due, since the epoch and in order, for a run that starts then."""
    schedule = plan.schedule(range(plan.fleet.vm_count))
    advance = schedule.advance(zero_ns)
    every = (schedule.instants(position, seconds * SECOND, advance) for position in range(plan.fleet.vm_count))
    return [[zero_ns + due_ns for due_ns in instants] for instants in every]


def planned_instants(plan: Plan, zero_ns: int, seconds: int) -> list[int]:
    """The same of the whole fleet."""
    return sorted(chain.from_iterable(planned_by_vm(plan, zero_ns, seconds)))


def longest_seconds(result: dict[str, Any]) -> float:
    """No delivered report took longer from its due time on. (The longest response itself is not known where one was skipped.)"""
    longest: float = result["lag_seconds"]["max"] + result["service_time_seconds"]["max"]
    return longest


def started_ns(result: dict[str, Any]) -> int:
    """The start of a run, since the epoch; to the microsecond."""
    return round(datetime.fromisoformat(result["started_at"]).timestamp() * 1_000_000) * 1_000


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The result of every example, run a few at a time."""
    folder = tmp_path_factory.mktemp("examples")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        made = pool.map(lambda name: run_example(name, folder), RUNS)
        return dict(zip(RUNS, made, strict=True))


def test_no_example_is_run_in_a_special_way_that_there_is_not() -> None:
    assert set(SPECIAL) <= set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_what_was_due_is_exactly_what_was_planned_and_all_of_it_arrived(results: dict[str, dict[str, Any]], name: str) -> None:
    """All but what a busy machine was too late for: a VM skips one only while it waits for longer than it takes to the next."""
    result = results[name]
    totals = result["totals"]
    plan, _ = prepare(config_of(name))
    by_vm = planned_by_vm(plan, started_ns(result), RUNS[name].seconds)
    due = sum(map(len, by_vm))
    assert result["plan"]["digest"] == plan.fleet.digest()
    assert totals["due"] == due
    assert totals["delivered"] == result["receiver"]["reports"] == due - totals["skipped"] - totals["unfinished"] > 0
    shortest_ns = min(after - before for instants in by_vm for before, after in pairwise(instants))
    assert totals["skipped"] == 0 or longest_seconds(result) * SECOND > shortest_ns


@pytest.mark.parametrize("name", RUNS)
def test_the_rate_is_the_one_foreseen_within_2_percent(results: dict[str, dict[str, Any]], name: str) -> None:
    result = results[name]
    rate = result["totals"]["due"] / RUNS[name].seconds
    assert rate == pytest.approx(result["plan"]["forecast"]["reports_per_second"], rel=0.02)


@pytest.mark.parametrize("name", RUNS)
def test_every_second_and_so_the_peak_has_the_reports_planned_for_it(results: dict[str, dict[str, Any]], name: str) -> None:
    """Within one report, and those so close to a second's ends that the lateness which the run measured leaves them open.

    That is the longest response and not the longest lag: what was skipped has none, but its VM's last report was under way then.
    """
    result = results[name]
    plan, _ = prepare(config_of(name))
    instants = planned_instants(plan, started_ns(result), RUNS[name].seconds)
    late_ns = math.ceil(longest_seconds(result) * SECOND) + SLACK_NS
    for row in result["series"]:
        start_ns, end_ns = row["t"] * SECOND, (row["t"] + 1) * SECOND
        surely = bisect_left(instants, end_ns - late_ns) - bisect_left(instants, start_ns + late_ns)
        perhaps = bisect_left(instants, end_ns + late_ns) - bisect_left(instants, start_ns - late_ns)
        assert surely - 1 <= row["due"] <= perhaps + 1


@pytest.mark.parametrize("name", RUNS)
def test_an_example_needs_no_warning(name: str) -> None:
    plan, _ = prepare(load(EXAMPLES / f"{name}.yaml", environment={"LOADGEN_TARGET": "embedded"}).config)
    assert plan.warnings == ()


@pytest.mark.parametrize(("name", "vms"), [("dev-and-prod", {3: 240, 4: 120, 5: 40}), ("adversarial", {3: 190, 30: 10})])
def test_profiles_arrive_in_their_exact_shares(results: dict[str, dict[str, Any]], name: str, vms: dict[int, int]) -> None:
    """Every VM arrives, but for those whose only report a busy machine had not started by the end."""
    rows = results[name]["groups"]["profile"]
    assert [row["vms"] for row in rows] == list(vms.values())
    by_packages = results[name]["receiver"]["vms_by_packages"]
    assert [row["seen"]["vms"] for row in rows] == [by_packages[str(packages)] for packages in vms]
    missing = [row["vms"] - row["seen"]["vms"] for row in rows]
    assert min(missing) >= 0
    assert sum(missing) <= results[name]["totals"]["unfinished"]


def test_a_herd_is_seen_in_the_receivers_arrival_times(tmp_path: Path) -> None:
    """Every synchronised VM arrives after an instant of the common grid, by no more than its jitter and the run's own times."""
    arrivals: list[tuple[float, int]] = []

    def note(data: bytes | memoryview) -> Any:
        decoded = decode(data)
        arrivals.append((time.time(), int(decoded.cid)))
        return decoded

    socket_path = tmp_path / "relay.sock"
    stop, stopper = socket.socketpair()
    receiver = Receiver(listen(UnixAddress(str(socket_path))), decode=note, behaviour=Behaviour())
    thread = threading.Thread(target=receiver.run, args=(stop.fileno(),), kwargs={"drain_ns": SECOND})
    thread.start()
    try:
        result = run_example("thundering-herd", tmp_path, f"unix://{socket_path}")
    finally:
        stopper.send(b"x")
        thread.join()
        stop.close()
        stopper.close()
    plan, _ = prepare(config_of("thundering-herd", f"unix://{socket_path}"))
    fleet, mine = plan.fleet, plan.nodes[0]
    in_step = {mine.cid(vm) for vm in range(fleet.vm_count) if fleet.cohorts[fleet.cohort[vm]].synchronized}
    assert len(in_step) == 240
    scale = RUNS["thundering-herd"].scale
    interval_seconds, jitter_seconds = 1_800 / scale, 0.005 * 1_800 / scale
    latest_seconds = jitter_seconds + longest_seconds(result) + SLACK_NS / SECOND
    # Two clocks are read at the start, one after the other: who arrives that much before the grid is no whole step after it.
    after_the_grid = [(arrival + SLACK_NS / SECOND) % interval_seconds for arrival, cid in arrivals if cid in in_step]
    late = result["totals"]["skipped"] + result["totals"]["unfinished"]
    assert 2 * 240 - late <= len(after_the_grid) <= 2 * 240
    assert max(after_the_grid) <= latest_seconds + SLACK_NS / SECOND
    others = [arrival % interval_seconds for arrival, cid in arrivals if cid not in in_step]
    assert max(others) - min(others) > interval_seconds / 2
