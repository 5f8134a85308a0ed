"""The older tool's DaemonSet with its ConfigMap, of which only the image is swapped, as docs/migration.md says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from apiserver.conftest import eventually
from apiserver.control_plane import ControlPlane
from apiserver.nodes import Nodes
from apiserver.pod import Pod
from deployment import rendered
from kubernetes_api import CONTROL_PLANE

CONFIG = """\
loadgen:
  vmCount: 20
  numPackages: 5
  reportInterval: 1s
  statsInterval: 1s
  metricsPort: 9090
  requestTimeout: 5s
  duration: 3s
"""
NAME = {"name": "vsock-loadgen", "namespace": "stackrox"}
LABELS = {"app": "vsock-loadgen"}
POD = {
    "serviceAccountName": "vsock-loadgen",
    "hostNetwork": True,
    "tolerations": [{"operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}]}
                ]
            }
        }
    },
    "containers": [
        {
            "name": "loadgen",
            "image": "registry.example/predecessor:9",
            "args": ["--config", "/etc/loadgen/config.yaml"],
            "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
            "ports": [{"name": "metrics", "containerPort": 9090}],
            "volumeMounts": [{"name": "config", "mountPath": "/etc/loadgen"}, {"name": "vsock", "mountPath": "/dev/vsock"}],
        }
    ],
    "volumes": [
        {"name": "config", "configMap": {"name": "vsock-loadgen-config"}},
        {"name": "vsock", "hostPath": {"path": "/dev/vsock", "type": "CharDevice"}},
    ],
}


@pytest.fixture
def older(plane: ControlPlane, cluster: Nodes, stackrox: Callable[[str], None]) -> Iterator[ControlPlane]:
    """A cluster where the predecessor runs: with the roles of this tool, and an account whose pods have a token."""
    stackrox("privileged")
    cluster.add("main", labels=CONTROL_PLANE)
    cluster.add("a", "b")
    assert plane.kubectl("apply", "--server-side", "-f", "-", given=rendered("plain")).returncode == 0
    assert plane.kubectl("-n", "stackrox", "delete", "daemonset", "vsock-loadgen").returncode == 0
    plane.admin.merge("/api/v1/namespaces/stackrox/serviceaccounts/vsock-loadgen", {"automountServiceAccountToken": None})
    plane.admin.merge("/api/v1/namespaces/stackrox/configmaps/vsock-loadgen-config", {"data": {"config.yaml": CONFIG}})
    template = {"metadata": {"labels": LABELS}, "spec": POD}
    spec = {"selector": {"matchLabels": LABELS}, "template": template}
    plane.admin.must("POST", "/apis/apps/v1/namespaces/stackrox/daemonsets", {"metadata": NAME, "spec": spec})
    rolled_out(plane)
    yield plane
    assert plane.kubectl("delete", "--wait", "-f", "-", given=rendered("plain")).returncode == 0


def rolled_out(plane: ControlPlane) -> None:
    done = plane.kubectl("-n", "stackrox", "rollout", "status", "daemonset/vsock-loadgen")
    assert done.returncode == 0, done.stderr


def test_with_its_image_swapped_the_daemonset_runs_its_config_once_and_stays(older: ControlPlane, cluster: Nodes) -> None:
    workload = ("-n", "stackrox", "set")
    # The target is none of a real cluster's: nobody has a vsock device here.
    variables = ("LOADGEN_AFTER_RUN=wait", "LOADGEN_DELIVERY=written", "LOADGEN_TARGET=embedded")
    assert older.kubectl(*workload, "env", "daemonset/vsock-loadgen", *variables).returncode == 0
    assert older.kubectl(*workload, "image", "daemonset/vsock-loadgen", "*=registry.example/vsock-loadgen:1").returncode == 0
    rolled_out(older)
    before = names(older)
    results = []
    for name in before:
        pod = cluster.find("stackrox", name)
        assert pod is not None
        eventually(partial(has_ended, pod))
        results.append(json.loads(pod.served("/result.json")))
        assert 'vsock_loadgen_requests_total{result="success"}' in pod.served("/metrics")
    assert sum(result["totals"]["delivered"] for result in results) == 60
    assert {result["config"]["nodeIndex"] for result in results} == {0, 1}
    assert names(older) == before  # none has been started again


def has_ended(pod: Pod) -> bool:
    said = pod.served("/result.json")
    return said != "" and bool(json.loads(said)["complete"])


def names(plane: ControlPlane) -> list[str]:
    return sorted(
        pod["metadata"]["name"] for pod in plane.admin.items("/api/v1/namespaces/stackrox/pods?labelSelector=app=vsock-loadgen")
    )
