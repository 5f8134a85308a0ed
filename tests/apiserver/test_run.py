"""deploy/run on a real API server: from a config to the merged result of all nodes, and a cluster that looks as before."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest

from apiserver.caller import IMAGE, WORKERS, Caller, ended
from apiserver.conftest import eventually
from apiserver.control_plane import ControlPlane
from apiserver.nodes import Nodes

FLEET = "{vmCount: 20, packages: 5, reportInterval: 1s, duration: 2s, target: embedded}"
ENDLESS = FLEET.replace(" duration: 2s,", "")
AT_ONCE = (*IMAGE, "-s", "0", "--no-check")


@pytest.fixture
def no_more_rights(caller: Caller, namespace: str) -> Iterator[None]:
    """The caller has the rights of deploy/caller.yaml."""
    with caller.with_the_rights_of(namespace, "caller.yaml"):
        yield


@pytest.mark.usefixtures("no_more_rights")
@pytest.mark.parametrize(("overlay", "nodes"), [("plain", 3), ("job", 2)])
def test_a_run_ends_with_the_merged_result_of_all_nodes(caller: Caller, overlay: str, nodes: int) -> None:
    """And nothing but its progress is said on the way. The common start leaves the pods of a busy machine the time to begin."""
    done = caller.run(FLEET, *IMAGE, "--no-check", "-s", "45", "-o", overlay, "-n", str(nodes))
    assert done.returncode == 0, done.stderr
    whole = caller.whole()
    assert whole["complete"]
    assert whole["totals"]["due"] == whole["totals"]["delivered"] == 40
    assert len(list((caller.folder / "results").glob("vsock-loadgen-*.json"))) == nodes
    known = ("Warning: spec.template.spec.affinity", "deploy/run: ", " deleted")
    assert [line for line in done.stderr.splitlines() if not any(part in line for part in known)] == []


def test_a_catalogue_goes_along(caller: Caller) -> None:
    (caller.folder / "rpms.txt").write_text("name,version,release\nbash,5.1,1.el9\n")
    done = caller.run(FLEET.replace("}", ", packageCatalog: rpms.txt}"), *AT_ONCE, "-o", "job", "-n", "1")
    assert done.returncode == 0, done.stderr
    assert caller.whole()["config"]["packageCatalog"].endswith("/LOADGEN_PACKAGE_CATALOG")


@pytest.mark.parametrize("overlay", ["plain", "job"])
def test_ctrl_c_ends_a_run_with_what_it_has_until_then(caller: Caller, cluster: Nodes, overlay: str) -> None:
    process = caller.start(ENDLESS, *AT_ONCE, "-o", overlay)
    wait_for_reports(caller, cluster)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    # A fleet without a duration is at its end when it is stopped; the snapshot that is fetched of a DaemonSet is not that end.
    assert done.returncode == (0 if overlay == "job" else 1), done.stderr
    assert caller.whole()["totals"]["delivered"] > 0, done.stderr


def test_a_pod_that_is_evicted_is_named_and_makes_the_whole_invalid(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE)
    wait_for_reports(caller, cluster)
    evicted = next(iter(cluster.pods.values()))
    evicted.evict()
    eventually(lambda: len(cluster.pods) == len(WORKERS) + 1)  # another takes its place, and sends from the beginning
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert done.returncode == 1
    assert f"{evicted.name}: found no result: it is gone: evicted, deleted, or its node is" in done.stderr
    assert not caller.whole()["complete"]


def test_a_pod_of_a_job_that_is_evicted_ends_all_and_the_others_results_are_there(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE, "-o", "job")
    wait_for_reports(caller, cluster)
    next(iter(cluster.pods.values())).evict()
    done = ended(process)
    assert done.returncode == 0, done.stderr
    assert len(list((caller.folder / "results").glob("vsock-loadgen-*.json"))) == len(WORKERS)


@pytest.mark.parametrize("overlay", ["plain", "job"])
def test_pods_that_cannot_run_say_why_and_are_not_waited_for(caller: Caller, overlay: str) -> None:
    done = caller.run(FLEET.replace("embedded", "'tcp://127.0.0.1:1'"), *AT_ONCE, "-o", overlay, "-t", "100000")
    assert done.returncode == 1
    assert "tcp://127.0.0.1:1: nothing is listening on the port (connection refused)" in done.stderr


def test_a_pod_of_a_job_without_a_node_of_its_own_says_why_it_does_not_begin(caller: Caller) -> None:
    process = caller.start(FLEET, *AT_ONCE, "-o", "job", "-n", "4", "-t", "100000")
    assert process.stderr is not None
    assert any("nodes are available" in line for line in process.stderr)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert done.returncode == 1
    assert "stopped before all pods had begun" in done.stderr


def test_pods_are_waited_for_as_long_as_was_said(caller: Caller) -> None:
    done = caller.run(FLEET, *AT_ONCE, "-o", "job", "-n", "4", "-t", "1")
    assert done.returncode == 1
    assert "of 4 pods have begun" in done.stderr
    assert "not all pods have begun" in done.stderr


def test_pods_that_pod_security_refuses_are_not_waited_for(caller: Caller, stackrox: Callable[[str], None]) -> None:
    stackrox("baseline")
    done = caller.run(FLEET, *AT_ONCE, "-t", "100000")
    assert done.returncode == 1
    assert "deploy/run: 0 of 3 pods have begun\n  Error creating: pods" in done.stderr
    assert 'violates PodSecurity "baseline:latest"' in done.stderr


def test_a_node_that_joins_changes_nothing_for_the_pods_that_run_and_they_say_so(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE)
    wait_for_reports(caller, cluster)
    logs = [pod.log for pod in cluster.pods.values()]
    cluster.add("worker-4")
    eventually(
        lambda: all("the worker node worker-4 was added: this run continues with the 3 nodes" in log.read_text() for log in logs)
    )
    os.killpg(process.pid, signal.SIGINT)
    ended(process)
    whole = caller.whole()
    assert whole["config"]["nodeCount"] == 3
    assert "worker-4 was added" in json.dumps(whole["warnings"])


def test_a_node_that_goes_is_named_by_the_pods_that_are_left_and_in_the_whole(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE)
    wait_for_reports(caller, cluster)
    logs = [pod.log for pod in cluster.pods.values() if pod.document["spec"]["nodeName"] != "worker-3"]
    cluster.remove("worker-3")
    eventually(lambda: all("the worker node worker-3 is gone" in log.read_text() for log in logs))
    os.killpg(process.pid, signal.SIGINT)
    ended(process)
    assert "worker-3 is gone" in json.dumps(caller.whole()["warnings"])


def test_the_pipeline_is_in_test_mode_for_as_long_as_the_run_and_as_before_in_the_end(caller: Caller, cluster: Nodes) -> None:
    """A relay and Sensor that roll out twice; what is said of Central is that it is not there."""
    pipeline(caller.plane)
    try:
        before = variables(caller.plane)
        done = caller.run(FLEET, *IMAGE, "-s", "0", "--test-mode", "-o", "job", "-n", "1")
        assert done.returncode == 0, done.stderr
        assert "deployment/central: not in namespace stackrox" in done.stderr
        assert variables(caller.plane) == before
        revisions = caller.plane.kubectl("-n", "stackrox", "rollout", "history", "deployment/sensor").stdout
        assert len(re.findall(r"^\d+ ", revisions, re.MULTILINE)) == 2
    finally:
        for path in PIPELINE:
            caller.plane.admin.must("DELETE", f"{path}?propagationPolicy=Foreground")
        eventually(lambda: not caller.plane.admin.items("/api/v1/namespaces/stackrox/pods"))


APPS = "/apis/apps/v1/namespaces/stackrox"
PIPELINE = {f"{APPS}/daemonsets/collector": "compliance", f"{APPS}/deployments/sensor": "sensor"}


def pipeline(plane: ControlPlane) -> None:
    for path, container in PIPELINE.items():
        kinds, name = path.rsplit("/", 2)[1:]
        labels = {"app": name}
        pod = {
            "containers": [{"name": container, "image": "registry.example/stackrox:4", "env": [{"name": "OTHER", "value": "x"}]}]
        }
        spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
        plane.admin.must("POST", f"{APPS}/{kinds}", {"metadata": {"name": name}, "spec": spec})


def variables(plane: ControlPlane) -> list[object]:
    return [plane.admin.must("GET", path)["spec"]["template"]["spec"]["containers"][0]["env"] for path in PIPELINE]


def test_what_a_killed_script_leaves_is_removed_by_another(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE)
    wait_for_reports(caller, cluster)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert caller.run(ENDLESS, "--clean").returncode == 0
    ended(process)  # with the pods, what follows their logs ends


def wait_for_reports(caller: Caller, cluster: Nodes) -> None:
    """Until deploy/run follows the log of all workers' pods, and each of them has sent."""
    followed = caller.folder / "results"
    eventually(lambda: len(list(followed.glob("*.log"))) == len(WORKERS))
    eventually(lambda: all(pod.has_sent() for pod in cluster.pods.values()))
