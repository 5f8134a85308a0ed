"""`plan` as a preview: what a pipeline and a person can ask of it before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from command import EXAMPLES, vsock_loadgen
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.config.schema import NEWER

FLEET = EXAMPLES / "fleet-200.yaml"


def test_a_warning_fails_the_plan_where_that_is_asked_for() -> None:
    relay = ("plan", "--config", FLEET, "--target", "vsock://1:818")
    done = vsock_loadgen(*relay, "--fail-on-warning")
    assert done.returncode == 3
    assert "ROX_VM_RELAY_MAX_REPORTS_PER_MINUTE" in " ".join(done.stdout.split())
    assert vsock_loadgen(*relay).returncode == 0
    assert vsock_loadgen("plan", "--config", FLEET, "--target", "embedded", "--fail-on-warning").returncode == 0


def test_a_warning_about_the_config_fails_the_plan_too(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("loadgen: {target: embedded, vmCuont: 5}\n")
    done = vsock_loadgen("plan", "--config", path, "--fail-on-warning", "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["vm_count"]) == (3, 50)


def test_limits_that_are_raised_let_the_plan_pass() -> None:
    limits = ("--set", "limits.reportsPerMinutePerVm=2", "--set", "limits.clusterReportsPerSecond=none")
    done = vsock_loadgen("plan", "--config", FLEET, "--target", "vsock://1:818", "--fail-on-warning", *limits)
    assert (done.returncode, "Warnings" in done.stdout) == (0, False)


def test_a_service_time_gives_the_reports_under_way() -> None:
    options = ("plan", "--config", FLEET, "--target", "embedded", "--service-time", "200ms")
    assert " 0.89 reports on average, 2.80 at the peak" in " ".join(vsock_loadgen(*options).stdout.split())
    forecast = json.loads(vsock_loadgen(*options, "--format", "json").stdout)["forecast"]
    assert forecast["concurrency"]["service_time_seconds"] == 0.2
    assert forecast["concurrency"]["mean"] == pytest.approx(forecast["reports_per_second"] * 0.2)


def test_a_service_time_that_is_no_duration_is_refused() -> None:
    done = vsock_loadgen("plan", "--service-time", "200")
    assert done.returncode == 2
    assert "expected a duration such as 250ms" in done.stderr


def test_a_catalogue_that_cannot_be_read_is_a_bad_config(tmp_path: Path) -> None:
    path = tmp_path / "rpms.txt"
    path.write_text("bash-5.1.8-9.el9.x86_64\n")
    done = vsock_loadgen("plan", "--target", "embedded", "--package-catalog", path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}:1: packageCatalog: found 'bash-5.1.8-9.el9.x86_64' without name, version, release")


def test_what_a_config_refers_to_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "rpms.csv").write_text("name,version,release\nbash,5,1\n")
    path = tmp_path / "fleet.yaml"
    path.write_text("loadgen: {packages: 1, packageCatalog: rpms.csv, reconcile: 'http://${HOST_IP}:${PORT}/${HOST_IP}'}\n")
    done = CliRunner(catch_exceptions=False).invoke(verbs, ["plan", "--config", str(path), "--references"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        ["file", "LOADGEN_PACKAGE_CATALOG", f"{tmp_path}/rpms.csv"],
        ["variable", "HOST_IP", "reconcile"],
        ["variable", "PORT", "reconcile"],
    ]


def test_every_key_that_takes_a_path_is_one_of_the_files_of_a_config(tmp_path: Path) -> None:
    paths = [name for name, key in NEWER.items() if key.takes.scalar and "path of a file" in key.takes.scalar.wanted]
    assert paths
    given = [Override("--set", NEWER[name].name, f"{tmp_path}/{name}") for name in paths]
    files = load(None, environment={}, overrides=given).config.files
    assert files == {name: tmp_path / name for name in paths}


def plan(*arguments: str) -> Result:
    """The verb, within this process."""
    return CliRunner().invoke(verbs, ["plan", "--vm-count", "30", *arguments])


def test_something_about_serve_makes_it_the_plan_of_a_fleet_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "pull.yaml"
    path.write_text("loadgen: {serve: {}, reportInterval: 4h}\n")
    asked = json.loads(plan("--config", str(path), "--format", "json").stdout)["asked"]
    assert asked["asker"]["poll_interval_seconds"] == 14_400
    assert asked["never_asked_percent"] == pytest.approx(25, abs=0.2)
    assert "asked" not in json.loads(plan("--format", "json").stdout)
    for given in (("--set", "serve.dialect=token"), ("--config", str(path))):
        assert "Asked for its reports by Sensor of August 2026, every 1h" in plan(
            *given, "--sensor-release", "august", "--poll-interval", "1h"
        ).stdout.replace("\n", " ")


def test_an_option_of_the_other_way_to_run_a_fleet_is_refused() -> None:
    done = plan("--poll-interval", "1h")
    assert (done.exit_code, "give the config a block `serve`" in done.output) == (2, True)
    done = plan("--set", "serve={}", "--service-time", "1s")
    assert (done.exit_code, "serve.answerDelay" in done.output) == (2, True)
