"""Which VMs belong to which node, and under which CIDs. Splitting only selects VMs; it changes none."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_CID = 3
CIDS_PER_NODE = 10_000


@dataclass(frozen=True, slots=True)
class NodeSlice:
    """The VMs of one node: global indices first_vm..first_vm+vms-1, with CIDs that count up from first_cid."""

    index: int
    first_vm: int
    vms: int

    @property
    def first_cid(self) -> int:
        """CID of this node's first VM."""
        return FIRST_CID + CIDS_PER_NODE * self.index

    def indices(self) -> range:
        """Global indices of this node's VMs."""
        return range(self.first_vm, self.first_vm + self.vms)

    def cid(self, vm: int) -> int:
        """CID of the VM with this global index."""
        return self.first_cid + vm - self.first_vm

    def cids(self, vms: range) -> range:
        """CIDs of the VMs with these global indices."""
        return range(self.cid(vms.start), self.cid(vms.stop), vms.step)

    def for_worker(self, worker: int, workers: int) -> range:
        """Every `workers`-th VM of this node, from the `worker`-th: equal parts of every attribute, since VMs are shuffled."""
        return self.indices()[worker::workers]


def split_fleet(vm_count: int, nodes: int) -> tuple[NodeSlice, ...]:
    """Split the fleet into contiguous slices, one per node; the first vm_count mod nodes nodes get one VM more."""
    each, more = divmod(vm_count, nodes)
    return tuple(NodeSlice(index, index * each + min(index, more), each + (1 if index < more else 0)) for index in range(nodes))
