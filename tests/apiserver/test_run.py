"""deploy/run against a real API server: from a config to a merged result, and a cluster that looks as before."""

from __future__ import annotations

import json
import os
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
from deployment import DEPLOY, tool
from kubernetes_api import CONTROL_PLANE

FLEET = "{vmCount: 20, packages: 5, reportInterval: 1s, duration: 2s, target: embedded}"
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
    done = caller.run(FLEET, *AT_ONCE, "-o", overlay, "-n", str(nodes))
    assert done.returncode == 0, done.stderr
    whole = caller.whole()
    assert whole["complete"]
    assert whole["totals"]["due"] == whole["totals"]["delivered"] == 40
    assert len(list((caller.folder / "results").glob("vsock-loadgen-*.json"))) == nodes
