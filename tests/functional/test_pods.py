"""Pods of a DaemonSet share the fleet by what the cluster's API server says; also those that were made for the older tool."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen
from kubernetes_api import CONTROL_PLANE
from pods import Cluster, asked, cluster, probed
from ports import free_port
from vsock_loadgen.cluster.watch import INTERVAL_SECONDS

pytest.importorskip("lightkube", reason="needs the extra kubernetes")

OLD_CONFIG_MAP = """\
# data of the ConfigMap vsock-loadgen-config, key config.yaml
loadgen:
  vmCount: 7
  numPackages: 5
  numRepositories: 2
  reportInterval: 1s
  statsInterval: 10s
  port: 818
  metricsPort: 9090
  requestTimeout: 10s
  duration: ""
"""
OLD_METRICS = (
    "vsock_loadgen_requests_total",
    "vsock_loadgen_bytes_total",
    "vsock_loadgen_request_latency_seconds_bucket",
    "vsock_loadgen_packages_reported_bucket",
    "vsock_loadgen_report_interval_seconds_bucket",
    "vsock_loadgen_packages_p99",
    "vsock_loadgen_interval_mean_seconds",
)


@pytest.fixture
def in_cluster(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    mounted = tmp_path / "etc" / "loadgen" / "config.yaml"
    mounted.parent.mkdir(parents=True)
    mounted.write_text(OLD_CONFIG_MAP)
    return mounted


def ended(processes: Iterable[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.kill()
        process.communicate()


def values(text: str, name: str) -> list[float]:
    return [float(found) for found in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)]


def test_the_older_daemonset_with_only_its_image_swapped_works_and_is_scraped(
    in_cluster: Cluster, config: Path, tmp_path: Path
) -> None:
    names = ["w-a", "w-b", "w-c"]
    in_cluster.api.nodes = {"main": CONTROL_PLANE, **{name: {} for name in reversed(names)}}
    target = f"unix://{tmp_path / 'relay.sock'}"
    relay = start_vsock_loadgen("receive", target, "--format", "json")
    processes = [relay]
    try:
        read_until(relay, "listening on")
        ports = [free_port() for _ in names]
        pods = [
            in_cluster.start_pod(name, "--config", config, extra={"LOADGEN_TARGET": target, "LOADGEN_METRICS_PORT": str(port)})
            for name, port in zip(names, ports, strict=True)
        ]
        processes += pods
        for pod, port in zip(pods, ports, strict=True):
            read_until(pod, "metrics: ")
            probed(port, "/readyz")
        pages = []
        for port in ports:
            while not any(values(page := asked(port, "/metrics")[1], 'vsock_loadgen_requests_total{result="success"}')):
                pass
            pages.append(page)
        for pod in pods:
            pod.send_signal(signal.SIGTERM)
        said = [pod.communicate(timeout=TIMEOUT_SECONDS) for pod in pods]
        assert [pod.returncode for pod in pods] == [0, 0, 0], said
        relay.send_signal(signal.SIGTERM)
        receipt = json.loads(relay.communicate(timeout=TIMEOUT_SECONDS)[0])
    finally:
        ended(processes)

    for page in pages:
        assert all(f"\n{name}" in page for name in OLD_METRICS)
        assert values(page, "vsock_loadgen_nodes") == [3]
        assert values(page, "vsock_loadgen_fleet_vms") == [7]
    assert [values(page, "vsock_loadgen_vms") for page in pages] == [[3], [2], [2]]
    cids = {int(vm["cid"]) for vm in receipt["per_vm"]}
    assert cids <= {3, 4, 5, 10_003, 10_004, 20_003, 20_004}
    assert {(cid - 3) // 10_000 for cid in cids} == {0, 1, 2}
    assert receipt["packages"] == {"5": receipt["reports"]}


def test_a_pod_that_may_not_list_nodes_sends_nothing_and_says_what_it_needs(in_cluster: Cluster, config: Path) -> None:
    in_cluster.api.bad_days = [403] * 9
    pod = in_cluster.start_pod("w-a", "--config", config, "--target", "embedded")
    _, said = pod.communicate(timeout=TIMEOUT_SECONDS)
    assert pod.returncode == 2
    assert "does not allow to list nodes (403)" in said
    assert "ClusterRole with the verbs get and list on nodes" in said
    assert "VMs report to" not in said


def test_the_place_is_in_the_result_and_explicit_keys_ask_nobody(in_cluster: Cluster, config: Path, tmp_path: Path) -> None:
    in_cluster.api.workers("w-a", "w-b")
    found = []
    for extra in ({}, {"LOADGEN_NODE_COUNT": "1"}, {"LOADGEN_NODE_COUNT": "9", "JOB_COMPLETION_INDEX": "8"}):
        out = tmp_path / "result.json"
        options = ("--target", "embedded", "--duration", "100ms", "--metrics-port", "0", "--result", out)
        pod = in_cluster.start_pod("w-b", "--config", config, *options, extra=extra, interval_seconds=INTERVAL_SECONDS)
        _, said = pod.communicate(timeout=TIMEOUT_SECONDS)
        assert pod.returncode == 0, said
        result = json.loads(out.read_text())
        found.append((result["config"]["nodeIndex"], result["config"]["nodeCount"], result["slice"]["vms"]))
    assert found == [(1, 2, 3), (0, 1, 7), (8, 9, 0)]
    assert len(in_cluster.api.requests) == 1


def test_a_node_that_comes_meanwhile_is_noticed_and_the_run_goes_on(in_cluster: Cluster, config: Path, tmp_path: Path) -> None:
    in_cluster.api.workers("w-a", "w-b")
    port, out = free_port(), tmp_path / "result.json"
    pod = in_cluster.start_pod("w-a", "-c", config, "--target", "embedded", "--metrics-port", str(port), "--result", out)
    try:
        probed(port, "/readyz")
        assert values(asked(port, "/metrics")[1], "vsock_loadgen_node_changes") == [0, 0]
        in_cluster.api.workers("w-a", "w-aa", "w-b")
        said = read_until(pod, "w-aa")
        assert "the worker node w-aa " in said
        assert " 2 nodes " in said
        while values(asked(port, "/metrics")[1], "vsock_loadgen_node_changes") != [1, 0]:
            pass
        pod.send_signal(signal.SIGTERM)
        text, _ = pod.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        ended([pod])
    assert pod.returncode == 0
    assert "warning: the worker node w-aa " in text
    (*_, warning) = json.loads(out.read_text())["warnings"]  # after what is odd about the older config
    assert "w-aa" in warning


def test_a_pod_that_still_waits_for_the_cluster_goes_at_the_first_signal(in_cluster: Cluster, config: Path) -> None:
    in_cluster.api.bad_days = ["silent"] * 9
    pod = in_cluster.start_pod("w-a", "-c", config, "--target", "embedded")
    try:
        while not in_cluster.api.requests:
            assert pod.poll() is None
        pod.send_signal(signal.SIGTERM)
        _, said = pod.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        ended([pod])
    assert (pod.returncode, "Traceback" in said, "VMs report to" in said) == (128 + signal.SIGTERM, False, False)


def test_more_vms_on_a_node_than_it_has_cids_are_refused(in_cluster: Cluster, config: Path) -> None:
    in_cluster.api.workers("w-a", "w-b")
    pod = in_cluster.start_pod("w-b", "-c", config, "--target", "embedded", "--vm-count", "20001")
    _, said = pod.communicate(timeout=TIMEOUT_SECONDS)
    assert pod.returncode == 2
    assert "vmCount: 10,001 VMs on a node, expected at most 10,000 with several nodes: CIDs would collide" in said
