"""The list of worker nodes, as a real API server gives it to whom it may concern."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from apiserver.control_plane import Api, ControlPlane
from apiserver.nodes import add_node
from certificates import Pair
from command import TIMEOUT_SECONDS
from kubernetes_api import CONTROL_PLANE, WORKER
from vsock_loadgen.cluster.api_server import PAGE_ITEMS
from vsock_loadgen.cluster.nodes import WorkerNodes, read_worker_nodes
from vsock_loadgen.errors import ClusterError

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def account(plane: ControlPlane, namespace: str) -> str:
    """A namespace with a service account of the same name that may list nodes."""
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}
    plane.admin.must("POST", f"{RBAC}/clusterroles", {"metadata": {"name": namespace}, "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    subject = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
    plane.admin.must(
        "POST", f"{RBAC}/clusterrolebindings", {"metadata": {"name": namespace}, "roleRef": role, "subjects": [subject]}
    )
    return namespace


def seen(plane: ControlPlane, token: str) -> WorkerNodes:
    path = plane.kubeconfig_of("reader", {"token": token})
    return read_worker_nodes({"KUBECONFIG": str(path)}, patience_seconds=TIMEOUT_SECONDS)


def test_workers_are_the_labelled_nodes(plane: ControlPlane, account: str) -> None:
    for name, labels in {"w-2": WORKER, "infra": {}, "w-10": WORKER, "main": CONTROL_PLANE}.items():
        add_node(plane, name, labels)
    found = seen(plane, plane.token(account, account))
    assert found == WorkerNodes(("w-10", "w-2"), "labelled node-role.kubernetes.io/worker")


def test_where_none_is_labelled_workers_are_all_without_a_control_plane_role(plane: ControlPlane, account: str) -> None:
    for name, labels in {"b": {}, "main": CONTROL_PLANE, "a": {}}.items():
        add_node(plane, name, labels)
    assert seen(plane, plane.token(account, account)).names == ("a", "b")


def test_a_long_list_is_read_page_by_page(plane: ControlPlane, account: str) -> None:
    """In more than two pages; each token of a page that the server gives is good for the next."""
    names = [f"worker-{number:04}" for number in range(2 * PAGE_ITEMS + 200)]
    with ThreadPoolExecutor(4) as together:
        list(together.map(lambda name: add_node(plane, name, WORKER), names))
    assert seen(plane, plane.token(account, account)).names == tuple(names)
    page = plane.admin.must("GET", f"/api/v1/nodes?limit={PAGE_ITEMS}")
    assert len(page["items"]) == PAGE_ITEMS
    assert page["metadata"]["continue"]


def test_an_account_without_rights_is_refused_with_the_role_that_it_takes(plane: ControlPlane, namespace: str) -> None:
    with pytest.raises(ClusterError) as caught:
        seen(plane, plane.token(namespace, namespace))
    assert "does not allow to list nodes (403)" in caught.value.message
    assert f'User "system:serviceaccount:{namespace}:{namespace}" cannot list resource "nodes"' in caught.value.message
    assert "--verb=get,list --resource=nodes" in caught.value.remedy


def test_a_token_that_has_expired_is_not_accepted(plane: ControlPlane, account: str) -> None:
    token = plane.token(account, account)
    with Api(plane.url, plane.authority.file, token=token) as api:
        assert api.ask("GET", "/api/v1/nodes")[0] == 200
    with pytest.raises(ClusterError) as caught:
        seen(plane, expired(token, plane.accounts))
    assert "does not accept the credentials (401): Unauthorized" in caught.value.message
    assert "has not expired" in caught.value.remedy


def expired(token: str, signer: Pair) -> str:
    """The token as it would be if it had been given long ago."""
    head, body, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims |= {claim: claims[claim] - 100_000 for claim in ("iat", "nbf", "exp")}
    text = f"{head}.{_encoded(json.dumps(claims).encode())}"
    key = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{_encoded(b''.join(part.to_bytes(32, 'big') for part in signature))}"


def _encoded(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()
