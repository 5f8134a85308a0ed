"""A run whose load has phases: what is due in each, and thresholds that are about one of them."""

from __future__ import annotations

import datetime
import json
import re
import signal
from pathlib import Path

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen
from vsock_loadgen.config.load import load
from vsock_loadgen.preparing import prepare
from vsock_loadgen.units import SECOND

CONFIG = """
loadgen:
  vmCount: 100
  packages: 3
  reportInterval: 1s
  metricsPort: 0
  target: embedded
  duration: 4s
  phases:
    - {name: calm, duration: 1s}
    - {name: spike, duration: 1s, rate: 4}
    - {name: half, duration: 2s, vms: 50}
  thresholds:
    - phase.spike.delivered_percent > 0
"""


def test_each_phase_has_its_own_accounts_and_they_add_up(tmp_path: Path) -> None:
    config, out = tmp_path / "phases.yaml", tmp_path / "r.json"
    config.write_text(CONFIG)
    planned = json.loads(vsock_loadgen("plan", "-c", config, "--format", "json").stdout)
    done = vsock_loadgen("run", "-c", config, "--result", out)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    due = {phase["name"]: phase["totals"]["due"] for phase in result["phases"]}
    assert sum(due.values()) == result["totals"]["due"] == planned["forecast"]["reports"]
    assert 3.5 < due["spike"] / due["calm"] < 4.5
    assert 0.8 < due["half"] / due["calm"] < 1.2
    assert result["thresholds"][0]["expression"] == "phase.spike.delivered_percent > 0"
    assert "spike" in done.stdout


def test_a_threshold_on_one_phase_fails_by_that_phase_alone(tmp_path: Path) -> None:
    config = tmp_path / "phases.yaml"
    config.write_text(CONFIG.replace("delivered_percent > 0", "response_time.p50 < 1ns"))
    done = vsock_loadgen("run", "-c", config)
    assert done.returncode == 3
    assert "phase.spike.response_time.p50 < 1ns is missed" in done.stdout


def test_a_threshold_on_a_phase_that_there_is_not_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "phases.yaml"
    config.write_text(CONFIG.replace("phase.spike", "phase.storm"))
    done = vsock_loadgen("plan", "-c", config)
    assert done.returncode == 2
    assert "there is no phase storm, expected one of calm, spike, half" in done.stderr


def test_a_figure_that_a_phase_does_not_have_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "phases.yaml"
    config.write_text(CONFIG.replace("delivered_percent > 0", "reports_per_second > 4"))
    done = vsock_loadgen("plan", "-c", config)
    assert done.returncode == 2
    assert "known for the whole run only" in done.stderr


def test_a_run_may_start_at_an_instant_that_every_node_knows(tmp_path: Path) -> None:
    """One that is past already is joined: the instants are those of the whole schedule, the first seconds are left out."""
    config, out = tmp_path / "late.yaml", tmp_path / "r.json"
    config.write_text(CONFIG.replace("duration: 4s", "duration: 0s"))
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=60)
    run = ("run", "-c", config, "--start-at", start.isoformat(), "--stats-interval", "1s", "--result", out)
    process = start_vsock_loadgen(*run)
    said = read_until(process, "delivered ")
    told = datetime.datetime.now(datetime.UTC)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TIMEOUT_SECONDS)
    ended = datetime.datetime.now(datetime.UTC)
    assert process.returncode == 0  # the spike is over: nothing was due in it, and a signal is the end of a run without duration
    result = json.loads(out.read_text())
    totals, joined = result["totals"], datetime.datetime.fromisoformat(result["started_at"])
    assert start + datetime.timedelta(seconds=60) < joined < told
    assert result["elapsed_seconds"] <= (ended - joined).total_seconds()
    least, most = (instants(config, joined - start, end - start) for end in (told, ended))
    assert 0 < least <= totals["due"] <= most
    assert totals["due"] == totals["delivered"] + totals["skipped"] + totals["unfinished"]
    assert totals["delivered"] > 0
    assert "this run joins " in said


def instants(config: Path, since: datetime.timedelta, until: datetime.timedelta) -> int:
    """How many instants the plan has between two times after the start of its schedule."""
    plan = prepare(load(config, environment={}).config)[0]
    schedule = plan.schedule(range(plan.fleet.vm_count))
    first_ns, end_ns = (round(time.total_seconds() * SECOND) for time in (since, until))
    return sum(due_ns >= first_ns for vm in range(plan.fleet.vm_count) for due_ns in schedule.instants(vm, end_ns))


def test_a_run_that_would_start_after_its_own_end_is_refused(tmp_path: Path) -> None:
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=60)
    done = vsock_loadgen("run", "--target", "embedded", "--start-at", start.isoformat(), "--duration", "30s")
    assert done.returncode == 2
    assert re.search(r"^--start-at: startAt: was 1m\d*s? ago, and the run lasts 30s: .*$", done.stderr, re.MULTILINE)
