"""The guides for clusters: what they tell one to type is understood by the scripts, the tool and the manifests.

Blocks of `docs/kubernetes.md` and `docs/migration.md`: `sh cluster` would change a cluster, `yaml` is a config of the tool, and
`yaml kustomization` an overlay.
"""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from command import PROJECT, vsock_loadgen
from deploy.conftest import Cluster
from deployment import DEPLOY, GUIDES, OVERLAYS, blocks, manifests

LINES = [line for block in blocks("sh cluster") for line in block.splitlines()]


def test_the_guides_have_no_other_blocks() -> None:
    infos = [info for path in GUIDES for info in re.findall(r"^```(.+)$", path.read_text(), re.MULTILINE)]
    assert set(infos) == {"sh cluster", "yaml", "yaml kustomization"}


@pytest.mark.parametrize("line", sorted({line for line in LINES if line.startswith("deploy/run ")}))
def test_every_run_of_the_guides_renders(line: str, cluster: Cluster) -> None:
    (cluster.folder / "fleet-pull.yaml").write_text((OVERLAYS / "pull" / "config.yaml").read_text())
    (cluster.folder / "fleet-tcp.yaml").write_text((OVERLAYS / "unprivileged-tcp" / "config.yaml").read_text())
    done = cluster.script("run", *shlex.split(line.partition(" > ")[0])[1:], "--dry-run")
    assert done.returncode == 0, done.stderr


def test_every_overlay_is_explained_and_every_option_of_the_script_that_is_named_exists() -> None:
    text = GUIDES[0].read_text()
    assert all(f"`{path.name}`" in text for path in OVERLAYS.iterdir())
    usage = (DEPLOY / "run").read_text().partition("usage() {")[2].partition("\n}\n")[0]
    used = {word for line in LINES if line.startswith("deploy/run ") for word in shlex.split(line) if word.startswith("-")}
    assert all(re.search(rf"^  {word}\b", usage, re.MULTILINE) for word in used)


def test_what_kubectl_is_told_to_look_at_is_what_the_manifests_make() -> None:
    lines = [line for line in LINES if line.startswith("kubectl ") and line != "kubectl apply -f manifests.yaml"]
    assert len(lines) >= 5
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in manifests("plain")}
    for line in lines:
        words = shlex.split(line)
        assert words[1:3] == ["-n", "stackrox"]
        named = {f"{first}/{second}" for first, second in pairwise(words) if first in ("daemonset", "configmap")}
        named |= {word for word in words if word.startswith(("daemonset/", "configmap/"))}
        assert named <= there
        assert named or "app=vsock-loadgen" in words


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_config_of_the_guide_plans(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    done = vsock_loadgen("plan", "-c", path, "--strict", "--nodes", "3")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", blocks("yaml kustomization"))
def test_the_overlays_of_the_guide_name_folders_of_the_project(text: str) -> None:
    for path in re.findall(r"vsock-loadgen/([^\]]+)", text):
        assert (PROJECT / path / "kustomization.yaml").exists()
