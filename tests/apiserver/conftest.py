"""One control plane for all tests of this folder; each leaves it as it was."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apiserver.caller import WORKERS, Caller
from apiserver.control_plane import ControlPlane, built, control_plane
from apiserver.nodes import Nodes, nodes
from command import TIMEOUT_SECONDS
from kubernetes_api import CONTROL_PLANE

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    built()
    with control_plane(tmp_path_factory.mktemp("plane")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_node_is_left(plane: ControlPlane) -> Iterator[None]:
    """The nodes are the cluster's, and so every test's."""
    yield
    plane.admin.must("DELETE", "/api/v1/nodes")


@pytest.fixture
def cluster(plane: ControlPlane, tmp_path: Path) -> Iterator[Nodes]:
    """Nodes that run pods."""
    with nodes(plane, tmp_path / "pods") as made:
        yield made


@pytest.fixture
def namespace(plane: ControlPlane) -> Iterator[str]:
    """A namespace of a test's own, with a service account of the same name that may do nothing, and what every namespace gets."""
    name = f"test-{next(_NUMBERS)}"
    plane.admin.must("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    plane.admin.must("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": name}})
    given = [f"/api/v1/namespaces/{name}/{each}" for each in ("serviceaccounts/default", "configmaps/kube-root-ca.crt")]
    eventually(lambda: all(plane.admin.ask("GET", path)[0] == 200 for path in given))
    yield name
    plane.admin.must("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def stackrox(plane: ControlPlane) -> Callable[[str], None]:
    """Lets the namespace of the manifests enforce a Pod Security Standard. It stays, as it takes five seconds to go."""
    plane.admin.must("POST", "/api/v1/namespaces", {"metadata": {"name": "stackrox"}})

    def enforce(standard: str) -> None:
        plane.admin.merge("/api/v1/namespaces/stackrox", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": standard}}})

    return enforce


@pytest.fixture
def caller(plane: ControlPlane, cluster: Nodes, stackrox: Callable[[str], None], tmp_path: Path) -> Iterator[Caller]:
    """Of three workers and a node without pods; in the end nothing is there that was not there before."""
    stackrox("privileged")
    cluster.add("main", labels=CONTROL_PLANE)
    cluster.add(*WORKERS)
    made = Caller(plane, tmp_path)
    eventually(lambda: plane.admin.ask("GET", "/api/v1/namespaces/stackrox/configmaps/kube-root-ca.crt")[0] == 200)
    before = made.there()
    yield made
    eventually(lambda: made.there() <= before)


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "this has not come to pass"
        time.sleep(0.1)
