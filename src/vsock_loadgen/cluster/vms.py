"""The VMs that run in a Kubernetes cluster with KubeVirt, as its API server lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vsock_loadgen.cluster.api_server import PAGE_ITEMS, PATIENCE_SECONDS, Listing

if TYPE_CHECKING:
    from lightkube import Client

_RESOURCES = "virtualmachineinstances"


@dataclass(frozen=True, slots=True, order=True)
class RunningVm:
    """Where a VM's agent is found."""

    namespace: str
    name: str


def read_running_vms(environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> list[RunningVm]:
    """The running VMs of all namespaces in order, as `Listing.read` reads them. Raises ClusterError."""
    return VMS.read(environment, patience_seconds=patience_seconds)


def _listed(client: Client) -> list[RunningVm]:
    return sorted(_running(client))


def _running(client: Client) -> Iterator[RunningVm]:
    from lightkube.generic_resource import create_namespaced_resource

    instances = create_namespaced_resource("kubevirt.io", "v1", "VirtualMachineInstance", _RESOURCES)
    for instance in client.list(instances, namespace="*", chunk_size=PAGE_ITEMS):
        found: Mapping[str, Any] = instance
        if (found.get("status") or {}).get("phase") == "Running":
            yield _vm(found["metadata"])


def _vm(metadata: Mapping[str, Any]) -> RunningVm:
    """As Sensor finds it: under the name of the VirtualMachine that owns the instance, if there is one. Raises ValueError."""
    owners = [owner["name"] for owner in metadata.get("ownerReferences") or () if owner.get("kind") == "VirtualMachine"]
    namespace, name = metadata["namespace"], [*owners, metadata["name"]][0]
    if not (isinstance(namespace, str) and isinstance(name, str) and namespace and name):
        raise ValueError("a VM without a name")
    return RunningVm(namespace, name)


VMS = Listing(
    "VMs", "the cluster is to list the VMs", "or leave --vms-from out: then the config's VMs are asked", _RESOURCES, _listed
)
