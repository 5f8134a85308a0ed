"""deploy/run against a real API server: from a config to a merged result, and a cluster that looks as before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apiserver.conftest import eventually
from apiserver.control_plane import ControlPlane
from apiserver.nodes import Nodes
from command import TIMEOUT_SECONDS, environment
from deployment import DEPLOY, OVERLAYS, tool
from kubernetes_api import CONTROL_PLANE

FLEET = "{vmCount: 20, packages: 5, reportInterval: 1s, duration: 2s, target: embedded}"
ENDLESS = FLEET.replace(" duration: 2s,", "")
IMAGE = ("-i", "registry.example/vsock-loadgen:1")
WORKERS = ("worker-1", "worker-2", "worker-3")
AT_ONCE = ("-s", "0", "--no-check")


class Caller:
    """Somebody with a cluster who calls the scripts of `deploy/` in a folder."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.folder = folder

    def start(self, config: str, *arguments: str) -> subprocess.Popen[str]:
        """Start deploy/run in a process group of its own, as a shell does."""
        (self.folder / "fleet.yaml").write_text(f"loadgen: {config}\n")
        known = {
            "PATH": f"{Path(tool('kubectl')).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.plane.kubeconfig),
            "POLL_SECONDS": "0.1",
        }
        return subprocess.Popen(
            [DEPLOY / "run", "-c", "fleet.yaml", *IMAGE, *arguments],
            cwd=self.folder,
            env=environment(known),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def run(self, config: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call deploy/run, and wait for it."""
        return ended(self.start(config, *arguments))

    def whole(self) -> dict[str, Any]:
        """The merged result."""
        document: dict[str, Any] = json.loads((self.folder / "results" / "whole.json").read_text())
        return document

    def there(self) -> set[str]:
        """All that is in the cluster, but for what the API server keeps for itself."""
        kinds = self.plane.kubectl("api-resources", "--verbs=list,delete", "-o", "name").stdout.split()
        lasting = [kind for kind in kinds if not kind.startswith(("events", "leases", "nodes"))]
        found = self.plane.kubectl("get", ",".join(lasting), "-A", "-o", "custom-columns=:kind,:metadata.namespace,:metadata.name")
        assert found.returncode == 0, found.stderr
        return {" ".join(line.split()) for line in found.stdout.splitlines() if line}


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    said, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, said, errors)


@pytest.fixture
def caller(plane: ControlPlane, cluster: Nodes, stackrox: Callable[[str], None], tmp_path: Path) -> Iterator[Caller]:
    """Of three workers and a node without pods; what is there in the end is what was there before."""
    stackrox("privileged")
    cluster.add("main", labels=CONTROL_PLANE)
    cluster.add(*WORKERS)
    made = Caller(plane, tmp_path)
    eventually(lambda: plane.admin.ask("GET", "/api/v1/namespaces/stackrox/configmaps/kube-root-ca.crt")[0] == 200)
    before = made.there()
    yield made
    eventually(lambda: made.there() == before)


@pytest.mark.parametrize(("overlay", "nodes"), [("plain", 3), ("job", 2)])
def test_a_run_ends_with_the_merged_result_of_all_nodes(caller: Caller, overlay: str, nodes: int) -> None:
    """And nothing but its progress is said on the way."""
    done = caller.run(FLEET, *AT_ONCE, "-o", overlay, "-n", str(nodes))
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


def test_a_pod_of_a_job_without_a_node_of_its_own_is_waited_for_in_vain(caller: Caller) -> None:
    done = caller.run(FLEET, *AT_ONCE, "-o", "job", "-n", "4", "-t", "1")
    assert done.returncode == 1
    assert "of 4 pods have begun" in done.stderr
    assert "nodes are available" in done.stderr


def test_pods_that_pod_security_refuses_are_not_waited_for(caller: Caller, stackrox: Callable[[str], None]) -> None:
    stackrox("baseline")
    done = caller.run(FLEET, *AT_ONCE, "-t", "100000")
    assert done.returncode == 1
    assert "deploy/run: 0 of 3 pods have begun\n  Error creating: pods" in done.stderr
    assert 'violates PodSecurity "baseline:latest"' in done.stderr


def test_what_a_killed_script_leaves_is_removed_by_its_overlay(caller: Caller, cluster: Nodes) -> None:
    process = caller.start(ENDLESS, *AT_ONCE)
    wait_for_reports(caller, cluster)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = caller.plane.kubectl("delete", "-k", OVERLAYS / "plain")
    assert done.returncode == 0, done.stderr
    ended(process)  # with the pods, what follows their logs ends


def wait_for_reports(caller: Caller, cluster: Nodes) -> None:
    """Until deploy/run follows the log of all workers' pods, and each of them has sent."""
    followed = caller.folder / "results"
    eventually(lambda: len(list(followed.glob("*.log"))) == len(WORKERS))
    eventually(lambda: all(pod.has_sent() for pod in cluster.pods.values()))
