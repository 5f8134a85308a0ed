"""deploy/test-mode: sets what is not set, remembers what was, and puts back only that."""

from __future__ import annotations

import pytest

from deploy.conftest import Cluster

COLLECTOR, SENSOR, CENTRAL = PARTS = ("daemonset/collector", "deployment/sensor", "deployment/central")


def values(cluster: Cluster) -> list[str]:
    return [(cluster.folder / "values" / part.replace("/", "_")).read_text() for part in PARTS]


@pytest.mark.parametrize("before", ["", "false"])
def test_off_puts_back_what_on_found(cluster: Cluster, before: str) -> None:
    cluster.pipeline(before)
    assert cluster.script("test-mode", "status").returncode == 1
    assert cluster.script("test-mode", "on").returncode == 0
    assert values(cluster) == ["true"] * 3
    assert cluster.script("test-mode", "status").returncode == 0
    assert cluster.script("test-mode", "off").returncode == 0
    assert values(cluster) == [before] * 3


def test_the_variable_goes_to_the_relay_sensor_and_central(cluster: Cluster) -> None:
    cluster.pipeline("")
    cluster.script("test-mode", "on")
    assert [call for call in cluster.calls() if call.startswith("set")] == [
        "set env daemonset/collector -c compliance ROX_VM_TEST_MODE=true",
        "set env deployment/sensor -c sensor ROX_VM_TEST_MODE=true",
        "set env deployment/central -c central ROX_VM_TEST_MODE=true",
    ]


def test_what_others_set_is_left_as_it_is(cluster: Cluster) -> None:
    cluster.pipeline("true")
    assert cluster.script("test-mode", "on").returncode == 0
    assert cluster.script("test-mode", "off").returncode == 0
    assert values(cluster) == ["true"] * 3
    assert cluster.calls() == []


def test_what_it_was_is_noted_before_it_is_changed(cluster: Cluster) -> None:
    cluster.pipeline("")
    cluster.script("test-mode", "on")
    assert cluster.calls()[0] == f"annotate --overwrite {COLLECTOR} vsock-loadgen/test-mode-before=unset"


def test_nothing_is_changed_that_could_not_be_noted(cluster: Cluster) -> None:
    cluster.pipeline("")
    cluster.put(".", "refused", "annotate")
    assert cluster.script("test-mode", "on").returncode == 1
    assert values(cluster) == [""] * 3


def test_an_operator_is_not_fought(cluster: Cluster) -> None:
    cluster.pipeline("")
    cluster.put("owners", SENSOR, "SecuredCluster")
    done = cluster.script("test-mode", "on")
    assert done.returncode == 1
    assert "managed by an operator through a resource of kind SecuredCluster" in done.stderr
    assert values(cluster) == ["true", "", "true"]


def test_central_may_be_elsewhere_the_others_may_not(cluster: Cluster) -> None:
    cluster.put("values", COLLECTOR, "true")
    cluster.put("values", SENSOR, "true")
    elsewhere = cluster.script("test-mode", "status")
    assert (elsewhere.returncode, "runs in another cluster" in elsewhere.stderr) == (0, True)
    (cluster.folder / "values" / SENSOR.replace("/", "_")).unlink()
    assert cluster.script("test-mode", "status").returncode == 1


def test_a_dry_run_changes_nothing(cluster: Cluster) -> None:
    cluster.pipeline("")
    done = cluster.script("test-mode", "on", "--dry-run")
    assert done.returncode == 0
    assert f"kubectl -n stackrox set env {COLLECTOR} -c compliance ROX_VM_TEST_MODE=true" in done.stdout
    assert values(cluster) == [""] * 3


def test_another_namespace_is_asked_where_one_is_named(cluster: Cluster) -> None:
    cluster.pipeline("true")
    cluster.script("test-mode", "status", "-n", "rhacs")
    assert "-n rhacs get daemonset/collector" in (cluster.folder / "calls").read_text()


@pytest.mark.parametrize("arguments", [(), ("maybe",), ("on", "--fast")])
def test_a_command_line_that_makes_no_sense_is_refused(cluster: Cluster, arguments: tuple[str, ...]) -> None:
    done = cluster.script("test-mode", *arguments)
    assert done.returncode == 2
    assert "usage" in done.stderr
