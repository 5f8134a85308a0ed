"""Runs whose content is configured, as a receiver gets it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from command import vsock_loadgen
from transport.fake_vsock import FakeVsock
from vsock_loadgen import app, preparing
from vsock_loadgen.config.load import load
from vsock_loadgen.modes import calling
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.console import Streams

FLEET = """
loadgen:
  vmCount: 20
  target: embedded
  reportFormat: vmReport
  packageCatalog: rpms.csv
  discoveredData: {osVersion: "8.10", activationStatus: INACTIVE}
  profiles:
    - {name: same, percent: 50, packages: 2, reportInterval: 500ms}
    - {name: own, percent: 50, packages: 2, reportInterval: 500ms, packageSets: perVM}
  jitter: 0
  metricsPort: 0
  lagLimit: 1h
  duration: 500ms
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET)
    rows = "".join(f"package-{number},1.0,1\n" for number in range(50))
    (tmp_path / "rpms.csv").write_text(f"name,version,release\n{rows}")
    return path


def test_reports_carry_what_is_configured_and_arrive(fleet: Path) -> None:
    done = vsock_loadgen("run", "--config", fleet, "--result", fleet.with_name("result.json"))
    assert done.returncode == 0, done.stderr
    result = json.loads(fleet.with_name("result.json").read_text())
    assert result["totals"]["delivered"] == result["totals"]["due"] == result["receiver"]["reports"] == 20
    _, factory = preparing.prepare(load(fleet, environment={}).config)
    reports = [v1.VMReport.FromString(b"".join(factory.buffers(index, 3, 2))) for index in range(20)]
    assert {(report.discovered_data.os_version, report.discovered_data.activation_status) for report in reports} == {
        ("8.10", v1.INACTIVE)
    }
    names = {frozenset(each.name for each in report.index_report.index_v4.contents.packages.values()) for report in reports}
    assert all(name.startswith("package-") for each in names for name in each)
    assert 5 < len(names) <= 11


def run_with_own_cid(fleet: Path, kernel: FakeVsock, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The result of a run in this process, whose kernel says what the fake one says."""
    monkeypatch.setattr(calling, "LinuxVsock", lambda: kernel)
    monkeypatch.delenv("NODE_NAME", raising=False)
    config = replace(load(fleet, environment={}).config, cids="own")
    path = fleet.with_name("result.json")
    assert app.run(config, Streams(io.StringIO(), io.StringIO()), Outputs(result=path)) == 0
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def test_in_a_vm_every_report_carries_that_vms_own_cid(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_with_own_cid(fleet, FakeVsock(cid=77), monkeypatch)
    assert (result["receiver"]["vms"], result["receiver"]["reports"]) == (1, result["totals"]["delivered"])
    assert result["slice"]["first_cid"] == 77
    assert result["plan"]["nodes"][0]["first_cid"] is None
    assert (sum(result["receiver"]["vms_by_packages"].values()), result["receiver"]["strangers"]) == (1, 0)
    for group in result["groups"]["packages"]:
        assert (group["seen"]["reports"], group["seen"]["vms"]) == (group["totals"]["delivered"], None)
    assert list(result["receiver"]["not_seen"]) == ["profile"]
    assert "one CID" in result["receiver"]["not_seen"]["profile"]


def test_a_plan_that_does_not_know_the_vm_names_no_cid(fleet: Path) -> None:
    done = vsock_loadgen("plan", "--config", fleet, "--cids", "own", "--format", "json", "--vms")
    document = json.loads(done.stdout)
    assert {vm["cid"] for vm in document["vms"]} == {None}
    assert (document["nodes"][0]["first_cid"], document["nodes"][0]["last_cid"]) == (None, None)
