"""The VMs that an asker knows of, from the config that the fleet itself has, and what it may expect of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vsock_loadgen.config.serve import Serve
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice

_ROOT = "/apis/subresources.kubevirt.io/v1"


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """By position: global `indices`, `packages`, and for each dimension the id of every VM's group; `orders` are the ids of each
    dimension in order."""

    serve: Serve
    indices: Sequence[int]
    packages: Sequence[int]
    groups: Mapping[str, Sequence[str]]
    orders: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, plan: Plan, mine: NodeSlice, serve: Serve) -> KnownFleet:
        """The VMs of a node."""
        indices = mine.indices()
        groups = {
            name: [dimension.groups[dimension.of_vm[index]].id for index in indices]
            for name, dimension in plan.groups.dimensions.items()
            if dimension.groups
        }
        orders = {name: [group.id for group in plan.groups.dimensions[name].groups] for name in groups}
        return cls(serve, indices, [plan.fleet.packages.values[index] for index in indices], groups, orders)

    def path(self, position: int) -> str:
        """Where a VM's agent is found."""
        name = self.serve.name_of(self.indices[position])
        return f"{_ROOT}/namespaces/{self.serve.namespace}/virtualmachineinstances/{name}/vsock?port=818&tls=true"

    def is_as_planned(self, position: int, report: Any) -> bool:
        """Whether an IndexReport is that of a VM: by its hash id, which ends with the VM's index, and by its packages."""
        return (
            report.hash_id.endswith(f"{self.indices[position]:012x}") and len(report.contents.packages) == self.packages[position]
        )
