"""A cluster that is a folder, and the scripts that believe in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, environment, start_vsock_loadgen
from deployment import DEPLOY, tool

FAKE = Path(__file__).with_name("fake_kubectl.py")
NODES = 2
FLEET = """
loadgen:
  vmCount: 20
  packages: 5
  reportInterval: 1s
  duration: 2s
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Parts of the pipeline with the value of their test mode; `folder` is what the fake kubectl reads and writes."""

    folder: Path

    def put(self, kind: str, name: str, text: str) -> None:
        """Let a file of the fake hold a text."""
        path = self.folder / kind / name.replace("/", "_")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def pipeline(self, value: str) -> None:
        """All three parts are there, with this value."""
        for workload in ("daemonset/collector", "deployment/sensor", "deployment/central"):
            self.put("values", workload, value)

    def calls(self) -> list[str]:
        """The calls so far, without those that only look."""
        path = self.folder / "calls"
        seen = path.read_text().splitlines() if path.exists() else []
        plain = [call.removeprefix("-n stackrox ") for call in seen]
        return [call for call in plain if call.split()[0] not in ("get", "exec")]

    def start(self, name: str, *arguments: str | Path, extra: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a script of `deploy/`, with `extra` variables; whoever called it waits for it."""
        bin_folder = self.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        kubectl = bin_folder / "kubectl"
        kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
        kubectl.chmod(0o755)
        known = {
            "PATH": f"{bin_folder}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FAKE_CLUSTER": str(self.folder),
            "REAL_KUBECTL": tool("kubectl"),
            "POLL_SECONDS": "0.1",
        }
        return subprocess.Popen(
            [DEPLOY / name, *map(str, arguments)],
            cwd=self.folder,
            env=environment(known | dict(extra or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def script(self, name: str, *arguments: str | Path, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a script of `deploy/` to its end."""
        process = self.start(name, *arguments, extra=extra)
        said, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, said, errors)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the pods of a small fleet end with."""
    folder = tmp_path_factory.mktemp("results")
    config = folder / "fleet.yaml"
    config.write_text(FLEET)
    paths = [folder / f"part-{index}.json" for index in range(NODES)]
    options = ("--target", "embedded", "--metrics-port", "0", "--node-count", str(NODES))
    nodes = [
        start_vsock_loadgen("run", "-c", config, *options, "--node-index", str(index), "--result", path)
        for index, path in enumerate(paths)
    ]
    for node in nodes:
        _, said = node.communicate(timeout=TIMEOUT_SECONDS)
        assert node.returncode == 0, said
    return [json.loads(path.read_text()) for path in paths]


@pytest.fixture
def cluster(tmp_path: Path, results: list[dict[str, Any]]) -> Cluster:
    """A cluster whose pods will have these results, and a config beside it."""
    made = Cluster(tmp_path)
    made.put(".", "fleet.yaml", FLEET)
    for index, result in enumerate(results):
        made.put("pods", f"vsock-loadgen-{index}.json", json.dumps(result, indent=1) + "\n")
    return made
