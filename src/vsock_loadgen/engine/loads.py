"""What each worker of a node sends: its part of the plan, as columns."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.plan.fleet import part_of
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.slices import NodeSlice


@dataclass(frozen=True, slots=True)
class Load:
    """The VMs of one worker, as columns in step with those of the schedule; `places` has each VM's place among the `cells`."""

    schedule: Schedule
    cids: Sequence[int]
    packages: Sequence[int]
    places: Sequence[int]
    cells: Cells

    @property
    def position_bits(self) -> int:
        """Bits that hold any position among these VMs, beside a due time in one number.

        As few as possible, since numbers above 2**60 are slower: those of 10,000 VMs get there after 19 hours, those of a million
        after 18 minutes.
        """
        return (len(self.schedule.indices) - 1).bit_length()


def loads_of(plan: Plan, mine: NodeSlice, own_cid: int | None) -> list[Load]:
    """The VMs of a node, by worker; with an `own_cid`, every report carries that in place of a CID for each VM."""
    cells = plan.cells(mine)
    return [_load(plan, mine, mine.for_worker(number, plan.workers), own_cid, cells) for number in range(plan.workers)]


def _load(plan: Plan, mine: NodeSlice, indices: range, own_cid: int | None, cells: Cells) -> Load:
    cids = mine.cids(indices) if own_cid is None else array("q", [own_cid]) * len(indices)
    packages = array("i", part_of(plan.fleet.packages.values, indices))
    places = array("H", part_of(plan.groups.cell, indices))
    return Load(plan.schedule(indices), cids, packages, places, cells)
