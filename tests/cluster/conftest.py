"""An API server of the tests, and the environment of a process that finds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubernetes_api import KubernetesApi, kubernetes_api, write_kubeconfig
from vsock_loadgen.cluster import api_server


@pytest.fixture
def api() -> Iterator[KubernetesApi]:
    with kubernetes_api() as server:
        yield server


@pytest.fixture
def environment(api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(api_server, "SERVICE_ACCOUNT", tmp_path / "none")
    return {"KUBECONFIG": str(write_kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}"))}
