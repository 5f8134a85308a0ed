"""A fleet as objects of a real API server: made, found by whoever lists VMs, and deleted without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apiserver.conftest import eventually
from apiserver.control_plane import ControlPlane
from command import TIMEOUT_SECONDS, vsock_loadgen
from vsock_loadgen.cluster.vm_documents import DEFINITIONS, KINDS, KUBEVIRT, VM, VMI, definition
from vsock_loadgen.cluster.vms import read_running_vms

FAST = ("--rate", "1000")
"""So that no test waits for it."""
RULES = [
    {
        "apiGroups": ["apiextensions.k8s.io"],
        "resources": ["customresourcedefinitions"],
        "verbs": ["get", "create", "delete"],
    },
    {
        "apiGroups": ["kubevirt.io"],
        "resources": ["virtualmachines", "virtualmachineinstances"],
        "verbs": ["get", "list", "create", "patch", "delete", "deletecollection"],
    },
]
"""What docs/pull.md lets an account do."""


@pytest.fixture(autouse=True)
def no_definition_is_left(plane: ControlPlane) -> Iterator[None]:
    yield
    for name in (*(kind.definition_name for kind in KINDS), KUBEVIRT):
        plane.admin.ask("DELETE", f"{DEFINITIONS}/{name}")
        eventually(partial(is_gone, plane, name))


@pytest.fixture
def account(plane: ControlPlane, namespace: str) -> Path:
    """The kubeconfig of an account with RULES and nothing else."""
    root = "/apis/rbac.authorization.k8s.io/v1"
    plane.admin.must("POST", f"{root}/clusterroles", {"metadata": {"name": namespace}, "rules": RULES})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    subject = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
    bound = {"metadata": {"name": namespace}, "roleRef": role, "subjects": [subject]}
    plane.admin.must("POST", f"{root}/clusterrolebindings", bound)
    return plane.kubeconfig_of(namespace, {"token": plane.token(namespace, namespace)})


def is_gone(plane: ControlPlane, name: str) -> bool:
    """Whether there is no definition of that name."""
    return plane.admin.ask("GET", f"{DEFINITIONS}/{name}")[0] == 404


def vms(kubeconfig: Path, action: str, namespace: str, count: int, *options: str) -> dict[str, Any]:
    """The outcome of a call that does what was asked."""
    done = vsock_loadgen(
        "vms", action, "--vm-count", str(count), "--set", f"serve.namespace={namespace}", *FAST, "--format", "json", *options,
        extra={"KUBECONFIG": str(kubeconfig)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_fleet_is_made_counted_found_and_deleted_with_its_definitions(plane: ControlPlane, namespace: str, account: Path) -> None:
    """By an account that may do no more than the docs give it; a list has more than one page, and so has what is deleted."""
    whole = {"namespace": namespace, "wanted": 600, "running": 600, "missing": 0, "beyond": 0, "kept": []}
    assert vms(account, "apply", namespace, 600) == whole
    assert vms(account, "status", namespace, 600) == whole
    found = read_running_vms({"KUBECONFIG": str(plane.kubeconfig)}, patience_seconds=TIMEOUT_SECONDS)
    assert {(vm.namespace, vm.name) for vm in found} == {(namespace, f"loadgen-{index}") for index in range(600)}
    machines = {item["metadata"]["name"]: item["metadata"]["uid"] for item in plane.admin.items(VM.path(namespace))}
    for instance in plane.admin.items(VMI.path(namespace)):
        (owner,) = instance["metadata"]["ownerReferences"]
        assert (owner["name"], owner["uid"]) == (instance["metadata"]["name"], machines[instance["metadata"]["name"]])
        assert instance["status"]["VSOCKCID"] == 3 + int(instance["metadata"]["name"].removeprefix("loadgen-"))
    assert vms(account, "delete", namespace, 600)["kept"] == []
    for kind in KINDS:
        eventually(partial(is_gone, plane, kind.definition_name))


def test_what_was_interrupted_goes_on_and_what_has_changed_is_mended(plane: ControlPlane, namespace: str) -> None:
    kubeconfig = plane.kubeconfig
    vms(kubeconfig, "apply", namespace, 10)
    plane.admin.must("DELETE", VMI.path(namespace) + "/loadgen-3")
    plane.admin.must("DELETE", VM.path(namespace) + "/loadgen-4?propagationPolicy=Orphan")
    eventually(lambda: plane.admin.ask("GET", VM.path(namespace) + "/loadgen-4")[0] == 404)
    plane.admin.merge(VMI.path(namespace) + "/loadgen-5", {"status": {"phase": "Failed"}})
    before = {item["metadata"]["name"]: item["metadata"]["uid"] for item in plane.admin.items(VM.path(namespace))}
    status = vsock_loadgen(
        "vms", "status", "--vm-count", "20", "--set", f"serve.namespace={namespace}", extra={"KUBECONFIG": str(kubeconfig)}
    )
    assert status.returncode == 1
    assert "7 of 20" in status.stdout
    assert vms(kubeconfig, "apply", namespace, 20)["running"] == 20
    after = {item["metadata"]["name"]: item["metadata"]["uid"] for item in plane.admin.items(VM.path(namespace))}
    assert len(after) == 20
    assert before.items() <= after.items()
    assert vms(kubeconfig, "status", namespace, 15)["beyond"] == 5


def test_objects_of_others_stay_and_so_do_the_definitions_of_these(plane: ControlPlane, namespace: str) -> None:
    vms(plane.kubeconfig, "apply", namespace, 3)
    other = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "theirs"}}
    plane.admin.must("POST", VM.path(namespace), other)
    (kept,) = vms(plane.kubeconfig, "delete", namespace, 3)["kept"]
    assert "virtualmachines.kubevirt.io" in kept
    assert f"{namespace}/theirs" in kept
    assert [item["metadata"]["name"] for item in plane.admin.items(VM.path(namespace))] == ["theirs"]


def test_a_name_that_others_have_is_refused_before_anything_is_made(plane: ControlPlane, namespace: str) -> None:
    vms(plane.kubeconfig, "apply", namespace, 1)
    other = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "loadgen-7"}}
    plane.admin.must("POST", VM.path(namespace), other)
    refused = vsock_loadgen(
        "vms", "apply", "--vm-count", "9", "--set", f"serve.namespace={namespace}", extra={"KUBECONFIG": str(plane.kubeconfig)}
    )
    assert refused.returncode == 2
    assert "loadgen-7" in refused.stderr
    assert "serve.namePattern" in refused.stderr
    assert len(plane.admin.items(VM.path(namespace))) == 2


@pytest.mark.parametrize("name", [KUBEVIRT, VM.definition_name])
def test_a_cluster_with_kubevirt_is_refused(plane: ControlPlane, namespace: str, name: str) -> None:
    theirs = definition(VM)
    theirs["metadata"] = {"name": name}
    if name == KUBEVIRT:
        theirs["spec"]["names"] = {"kind": "KubeVirt", "plural": "kubevirts"}
    plane.admin.must("POST", DEFINITIONS, theirs)
    refused = vsock_loadgen("vms", "apply", "--set", f"serve.namespace={namespace}", extra={"KUBECONFIG": str(plane.kubeconfig)})
    assert refused.returncode == 2
    assert name in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_account_without_rights_and_a_namespace_that_is_not_there_are_said(plane: ControlPlane, namespace: str) -> None:
    nobody = plane.kubeconfig_of("nobody", {"token": plane.token(namespace, namespace)})
    refused = vsock_loadgen("vms", "apply", "--set", f"serve.namespace={namespace}", extra={"KUBECONFIG": str(nobody)})
    assert refused.returncode == 2
    assert "403" in refused.stderr
    lost = vsock_loadgen("vms", "apply", "--set", "serve.namespace=nowhere", extra={"KUBECONFIG": str(plane.kubeconfig)})
    assert lost.returncode == 2
    assert "create namespace" in lost.stderr
