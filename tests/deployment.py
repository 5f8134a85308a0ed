"""What the tests of `deploy/` share: the tools that they run, and manifests as the real kubectl renders them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from command import PROJECT

DEPLOY = PROJECT / "deploy"
OVERLAYS = DEPLOY / "kustomize" / "overlays"

GUIDES = (PROJECT / "docs" / "kubernetes.md", PROJECT / "docs" / "migration.md")

Manifest = dict[str, Any]


def tool(name: str) -> str:
    """The path of a tool, preferably the one beside this Python. Skips where there is none; in CI that is a failure."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside}:{os.environ['PATH']}")
    if found is None:
        missing = f"{name} is not installed (dependency group deploy)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def blocks(info: str) -> list[str]:
    """The blocks of a kind in the guides for clusters."""
    text = "\n".join(path.read_text() for path in GUIDES)
    return re.findall(rf"^```{info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@cache
def rendered(overlay: str) -> str:
    """The manifests of an overlay, as text."""
    done = subprocess.run([tool("kubectl"), "kustomize", OVERLAYS / overlay], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def parsed(text: str) -> list[Manifest]:
    """The documents of a text of manifests."""
    return [document for document in YAML(typ="safe", pure=True).load_all(text) if document]


def manifests(overlay: str) -> list[Manifest]:
    """The manifests of an overlay."""
    return parsed(rendered(overlay))


def only(documents: list[Manifest], kind: str, name: str | None = None) -> Manifest:
    """The one manifest of a kind."""
    (found,) = (one for one in documents if one["kind"] == kind and name in (None, one["metadata"]["name"]))
    return found


def without_vms(folder: Path, calls: Path) -> None:
    """Put a `vsock-loadgen` there that notes the calls of its verb `vms`, and does all else. VMS_EXIT_CODE is how these end."""
    folder.mkdir(exist_ok=True)
    command, real = folder / "vsock-loadgen", Path(sys.executable).parent / "vsock-loadgen"
    noted = f'if [ "$1" = vms ]; then echo "$*" >>"{calls}"; exit "${{VMS_EXIT_CODE:-0}}"; fi'
    command.write_text(f'#!/bin/sh\n{noted}\nexec "{real}" "$@"\n')
    command.chmod(0o755)
