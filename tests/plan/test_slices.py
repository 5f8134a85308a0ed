"""Nodes and workers share the fleet out; they only select VMs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.plan.slices import CIDS_PER_NODE, FIRST_CID, split_fleet


@given(vm_count=st.integers(1, 100_000), nodes=st.integers(1, 50))
def test_the_slices_laid_end_to_end_are_the_fleet_and_the_first_nodes_have_one_vm_more(vm_count: int, nodes: int) -> None:
    slices = split_fleet(vm_count, nodes)
    covered = 0
    for node in slices:
        assert node.first_vm == covered
        covered += node.vms
    assert covered == vm_count
    each, more = divmod(vm_count, nodes)
    assert [node.vms for node in slices] == [each + 1] * more + [each] * (nodes - more)


@given(nodes=st.integers(1, 50), per_node=st.integers(1, CIDS_PER_NODE))
def test_no_two_vms_have_one_cid(nodes: int, per_node: int) -> None:
    ranges = [
        range(node.cid(node.first_vm), node.cid(node.first_vm + node.vms - 1) + 1) for node in split_fleet(nodes * per_node, nodes)
    ]
    assert all(before.stop <= after.start for before, after in pairwise(ranges))
    assert [cids.start for cids in ranges] == [FIRST_CID + CIDS_PER_NODE * index for index in range(nodes)]
    assert all(len(cids) == per_node for cids in ranges)


@given(vm_count=st.integers(1, 2_000), nodes=st.integers(1, 7), workers=st.integers(1, 16))
def test_workers_partition_the_vms_of_their_node_evenly(vm_count: int, nodes: int, workers: int) -> None:
    for node in split_fleet(vm_count, nodes):
        parts = [node.for_worker(worker, workers) for worker in range(workers)]
        assert sorted(index for part in parts for index in part) == list(node.indices())
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
