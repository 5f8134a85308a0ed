"""Somebody with a cluster who calls the scripts of `deploy/`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apiserver.control_plane import ControlPlane
from command import TIMEOUT_SECONDS, environment
from deployment import DEPLOY, parsed, tool

IMAGE = ("-i", "registry.example/vsock-loadgen:1")
WORKERS = ("worker-1", "worker-2", "worker-3")


class Caller:
    """Somebody with a cluster who calls the scripts of `deploy/` in a folder."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.folder = folder
        self.kubeconfig = plane.kubeconfig

    @contextmanager
    def with_the_rights_of(self, account: str, *files: str) -> Iterator[None]:
        """As the service account of a namespace of the same name, which has the roles of files of `deploy/`, and no others."""
        plane, bindings = self.plane, []
        for file in files:
            assert plane.kubectl("apply", "-f", DEPLOY / file).returncode == 0
            for role in parsed((DEPLOY / file).read_text()):
                kind, metadata = role["kind"].lower(), role["metadata"]
                name = (f"{kind}binding", metadata["name"], "-n", metadata.get("namespace", "default"))
                bindings.append(name)
                bound = plane.kubectl("create", *name, f"--{kind}={metadata['name']}", f"--serviceaccount={account}:{account}")
                assert bound.returncode == 0, bound.stderr
        self.kubeconfig = plane.kubeconfig_of("caller", {"token": plane.token(account, account)})
        yield
        for name in bindings:
            assert plane.kubectl("delete", *name).returncode == 0
        for file in files:
            assert plane.kubectl("delete", "-f", DEPLOY / file).returncode == 0

    def start(self, config: str, *arguments: str) -> subprocess.Popen[str]:
        """Start deploy/run in a process group of its own, as a shell does."""
        (self.folder / "fleet.yaml").write_text(f"loadgen: {config}\n")
        known = {
            "PATH": f"{Path(tool('kubectl')).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(self.kubeconfig),
            "POLL_SECONDS": "0.1",
        }
        return subprocess.Popen(
            [DEPLOY / "run", "-c", "fleet.yaml", *arguments],
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
        """All that is in the cluster, but for what the API server keeps for itself, and the namespaces of single tests."""
        kinds = self.plane.kubectl("api-resources", "--verbs=list,delete", "-o", "name").stdout.split()
        lasting = [kind for kind in kinds if not kind.startswith(("events", "leases", "nodes"))]
        found = self.plane.kubectl("get", ",".join(lasting), "-A", "-o", "custom-columns=:kind,:metadata.namespace,:metadata.name")
        assert found.returncode == 0, found.stderr
        lines = (" ".join(line.split()) for line in found.stdout.splitlines())
        return {line for line in lines if line and " test-" not in line}


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    said, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, said, errors)
