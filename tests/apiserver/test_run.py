"""deploy/run on a real API server: from a config to the merged result of all nodes, and a cluster that looks as before."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from apiserver.caller import IMAGE, WORKERS, Caller, ended
from apiserver.conftest import eventually
from apiserver.nodes import Nodes
from deployment import OVERLAYS

FLEET = "{vmCount: 20, packages: 5, reportInterval: 1s, duration: 2s, target: embedded}"
ENDLESS = FLEET.replace(" duration: 2s,", "")
AT_ONCE = (*IMAGE, "-s", "0", "--no-check")


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
