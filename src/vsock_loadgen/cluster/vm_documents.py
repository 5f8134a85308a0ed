"""The objects that stand for simulated VMs in a cluster without KubeVirt: as small as an asker needs them to find the VMs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

GROUP = "kubevirt.io"
VERSION = "v1"
ROOT = f"/apis/{GROUP}/{VERSION}"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
KUBEVIRT = f"kubevirts.{GROUP}"
"""The definition that only KubeVirt itself brings."""

_MANAGED_BY, _US = "app.kubernetes.io/managed-by", "vsock-loadgen"
SELECTOR = f"{_MANAGED_BY}={_US}"
RUNNING = "Running"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object. `status_column` is what `kubectl get` shows of its status."""

    kind: str
    plural: str
    short: str
    status_column: str

    @property
    def definition_name(self) -> str:
        """The name of its definition."""
        return f"{self.plural}.{GROUP}"

    def path(self, namespace: str | None = None) -> str:
        """Where its objects are: of a namespace, or of all."""
        return f"{ROOT}/{self.plural}" if namespace is None else f"{ROOT}/namespaces/{namespace}/{self.plural}"


VM = Kind("VirtualMachine", "virtualmachines", "vm", "printableStatus")
VMI = Kind("VirtualMachineInstance", "virtualmachineinstances", "vmi", "phase")
KINDS = (VM, VMI)
"""In the order in which they are made: an instance without an owner that is not running yet stays unknown to Sensor."""


def is_ours(found: Document) -> bool:
    """Whether this program has made an object."""
    labels = found.get("metadata", {}).get("labels") or {}
    return bool(labels.get(_MANAGED_BY) == _US)


def definition(kind: Kind) -> Document:
    """The definition of a kind. It has no status subresource, so that an object with its status is one request."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        "additionalPrinterColumns": [{"name": "Status", "type": "string", "jsonPath": f".status.{kind.status_column}"}],
    }
    singular = kind.kind.lower()
    names = {"kind": kind.kind, "plural": kind.plural, "singular": singular, "shortNames": [kind.short]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.definition_name, "labels": {_MANAGED_BY: _US}},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def machine(name: str) -> Document:
    """A VirtualMachine that runs."""
    return _object(VM, name, status={VM.status_column: RUNNING}, spec={"runStrategy": "Always", "template": {}})


def instance(name: str, owner_uid: str, cid: int | None) -> Document:
    """The running VirtualMachineInstance of the VirtualMachine of the same name; `cid` is its vsock address, if it has one."""
    owner = {"apiVersion": f"{GROUP}/{VERSION}", "kind": VM.kind, "name": name, "uid": owner_uid, "controller": True}
    status: Document = {VMI.status_column: RUNNING, "guestOSInfo": {"name": "Red Hat Enterprise Linux"}, "nodeName": _US}
    if cid is not None:
        status["VSOCKCID"] = cid
    made = _object(VMI, name, status=status, spec={})
    made["metadata"]["ownerReferences"] = [owner]
    return made


def is_whole(found: Document, owner_uid: str) -> bool:
    """Whether an instance runs and belongs to the VirtualMachine that is there now."""
    owners = [owner.get("uid") for owner in found["metadata"].get("ownerReferences") or ()]
    return owner_uid in owners and (found.get("status") or {}).get(VMI.status_column) == RUNNING


def _object(kind: Kind, name: str, *, status: Document, spec: Document) -> Document:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": kind.kind,
        "metadata": {"name": name, "labels": {_MANAGED_BY: _US}},
        "spec": spec,
        "status": status,
    }
