"""The nodes of a cluster: plays the scheduler that gives pods to them, and the kubelets that run these."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx2

from apiserver.control_plane import ControlPlane
from apiserver.kubelet_server import KubeletServer
from apiserver.pod import Pod, say_of
from command import TIMEOUT_SECONDS
from deployment import Manifest

_SILENCE_SECONDS = 1.0
_ADDRESSES = (f"127.{os.getpid() % 250 + 1}.{number // 250}.{number % 250 + 1}" for number in count())
"""One of loopback for each pod, since they all serve on the same port; tests of another process have others."""
_NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0 nodes are available: they do not fit.",
}


class Nodes:
    """Nodes whose pods really run. It watches the pods of the whole cluster from when it is made until it is stopped."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.pods: dict[str, Pod] = {}
        self._plane = plane
        self._folder = folder
        self._labels: dict[str, Mapping[str, str]] = {}
        self._unscheduled: dict[str, Manifest] = {}
        self._where: dict[str, Manifest] = {}
        self._server = KubeletServer(plane.authority, self.find)
        self._is_stopped = False
        self._thread = threading.Thread(target=self._keep_watching, name="scheduler")
        self._thread.start()

    def add(self, *names: str, labels: Mapping[str, str] | None = None) -> None:
        """Have nodes that run pods."""
        for name in names:
            add_node(self._plane, name, labels or {})
            self._plane.admin.merge(f"/api/v1/nodes/{name}", {"spec": {"taints": None}})
            self._plane.admin.merge(f"/api/v1/nodes/{name}/status", {"status": self._status()})
            self._labels[name] = {"kubernetes.io/hostname": name, **(labels or {})}

    def remove(self, *names: str) -> None:
        """Take nodes out of the cluster."""
        for name in names:
            del self._labels[name]
            self._plane.admin.must("DELETE", f"/api/v1/nodes/{name}")

    def find(self, namespace: str, name: str) -> Pod | None:
        """The pod of that name that ran last."""
        for pod in reversed(list(self.pods.values())):
            if (pod.document["metadata"]["namespace"], pod.name) == (namespace, name):
                return pod
        return None

    def stop(self) -> None:
        """Let all pods end, then no longer be there."""
        self._is_stopped = True
        for pod in self.pods.values():
            pod.stop()
        for pod in self.pods.values():
            pod.join()
        self._thread.join()
        self._server.stop()

    def _status(self) -> Manifest:
        room = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
        return {
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.port}},
            "declaredFeatures": ["ExtendWebSocketsToKubelet"],  # the one way to run a command that is served here
            "capacity": room,
            "allocatable": room,
        }

    def _keep_watching(self) -> None:
        version = ""
        while not self._is_stopped:
            try:
                for event in self._events(version):
                    version = event["object"]["metadata"].get("resourceVersion", "")
                    if event["type"] != "ERROR":  # the version is too old: begin anew with what is there
                        self._heed(event["type"], event["object"])
            except httpx2.TransportError:
                continue  # nothing new for a while, or the API server was started anew

    def _events(self, version: str) -> Iterator[Manifest]:
        query = {"watch": "true", "resourceVersion": version}
        timeout = httpx2.Timeout(TIMEOUT_SECONDS, read=_SILENCE_SECONDS)
        with self._plane.admin.client.stream("GET", "/api/v1/pods", params=query, timeout=timeout) as events:
            for line in events.iter_lines():
                yield json.loads(line)

    def _heed(self, kind: str, pod: Manifest) -> None:
        metadata, spec = pod["metadata"], pod["spec"]
        uid = metadata["uid"]
        self._unscheduled.pop(uid, None)
        if kind == "DELETED":
            self._where.pop(uid, None)
            if uid in self.pods:
                self.pods[uid].stop()
        elif "nodeName" not in spec:
            self._unscheduled[uid] = pod
        else:
            self._where[uid] = pod
            if uid not in self.pods and not self._is_stopped:
                self.pods[uid] = Pod(self._plane, pod, next(_ADDRESSES), self._folder / uid)
            if uid in self.pods and "deletionTimestamp" in metadata:
                self.pods[uid].stop()
        for waiting in list(self._unscheduled.values()):
            self._schedule(waiting)

    def _schedule(self, pod: Manifest) -> None:
        """Give the pod to the first node that it fits on."""
        for name, labels in self._labels.items():
            if _wants(pod, name, labels) and not self._is_kept_off(pod, name):
                self._where[pod["metadata"]["uid"]] = {**pod, "spec": {**pod["spec"], "nodeName": name}}
                del self._unscheduled[pod["metadata"]["uid"]]
                place = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/binding"
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}}
                self._plane.admin.ask("POST", place, {**binding, "target": {"apiVersion": "v1", "kind": "Node", "name": name}})
                return
        say_of(self._plane, pod, {"conditions": [_NO_NODE]})

    def _is_kept_off(self, pod: Manifest, node: str) -> bool:
        """Whether a pod is there that it must not be beside."""
        rules = pod["spec"].get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
        there = [one["metadata"].get("labels", {}) for one in self._where.values() if one["spec"]["nodeName"] == node]
        return any(rule["labelSelector"]["matchLabels"].items() <= labels.items() for rule in rules for labels in there)


def _wants(pod: Manifest, name: str, labels: Mapping[str, str]) -> bool:
    """Whether the pod's node affinity takes a node."""
    affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
    terms = affinity.get("nodeSelectorTerms", [{}])
    return any(
        _match(term.get("matchExpressions", ()), labels) and _match(term.get("matchFields", ()), {"metadata.name": name})
        for term in terms
    )


def _match(rules: Iterable[Manifest], values: Mapping[str, str]) -> bool:
    found = {"Exists": lambda key, _: key in values, "DoesNotExist": lambda key, _: key not in values}
    found["In"] = lambda key, allowed: values.get(key) in allowed
    return all(found[rule["operator"]](rule["key"], rule.get("values")) for rule in rules)


def add_node(plane: ControlPlane, name: str, labels: Mapping[str, str]) -> None:
    """A node without a kubelet: nothing can be asked of its pods."""
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}}
    plane.admin.must("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata})


@contextmanager
def nodes(plane: ControlPlane, folder: Path) -> Iterator[Nodes]:
    """Nodes while it is entered."""
    made = Nodes(plane, folder)
    try:
        yield made
    finally:
        made.stop()
