"""The VMs that an asker knows of, from the config that the fleet itself has or from a cluster, and what it may expect of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vsock_loadgen.cluster.vms import RunningVm
from vsock_loadgen.config.serve import Serve
from vsock_loadgen.payloads.dialects import DialectName
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice

_ROOT = "/apis/subresources.kubevirt.io/v1"


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """By position: where VMs are found, their global `indices` and `packages`, and for each dimension the id of every VM's group,
    all None for a VM without a config; `orders` are the ids of each dimension in order."""

    dialect: DialectName
    place_of: Callable[[int], RunningVm]
    indices: Sequence[int | None]
    packages: Sequence[int | None]
    groups: Mapping[str, Sequence[str | None]]
    orders: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, plan: Plan, mine: NodeSlice, serve: Serve) -> KnownFleet:
        """The VMs of a node."""
        indices = mine.indices()
        return cls._made(serve, lambda position: _planned(serve, indices[position]), indices, plan)

    @classmethod
    def found(cls, vms: Sequence[RunningVm], serve: Serve, plan: Plan | None) -> KnownFleet:
        """VMs that a cluster has; of those that a plan has too, what it says is expected."""
        planned = {_planned(serve, index): index for index in range(plan.fleet.vm_count)} if plan else {}
        return cls._made(serve, vms.__getitem__, [planned.get(vm) for vm in vms], plan)

    @classmethod
    def _made(
        cls, serve: Serve, place_of: Callable[[int], RunningVm], indices: Sequence[int | None], plan: Plan | None
    ) -> KnownFleet:
        dimensions = {name: found for name, found in plan.groups.dimensions.items() if found.groups} if plan else {}
        return cls(
            serve.dialect,
            place_of,
            indices,
            [None if plan is None or index is None else plan.fleet.packages.values[index] for index in indices],
            {
                name: [None if index is None else found.groups[found.of_vm[index]].id for index in indices]
                for name, found in dimensions.items()
            },
            {name: [group.id for group in found.groups] for name, found in dimensions.items()},
        )

    def path(self, position: int) -> str:
        """Where a VM's agent is found."""
        vm = self.place_of(position)
        return f"{_ROOT}/namespaces/{vm.namespace}/virtualmachineinstances/{vm.name}/vsock?port=818&tls=true"

    def is_as_planned(self, position: int, report: Any) -> bool:
        """Whether an IndexReport is that of a VM: by its hash id, which ends with the VM's index, and by its packages. Without an
        expectation, any is."""
        index, packages = self.indices[position], self.packages[position]
        return index is None or (report.hash_id.endswith(f"{index:012x}") and len(report.contents.packages) == packages)


def _planned(serve: Serve, index: int) -> RunningVm:
    return RunningVm(serve.namespace, serve.name_of(index))
