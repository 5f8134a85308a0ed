"""What the receiver saw of each group of VMs: matched by CID, or by packages if all VMs have one CID."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from vsock_loadgen.plan.groups import Dimension, Group
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.schedule import scaled_interval
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.record import UNWRITTEN, Record
from vsock_loadgen.results.groups import SeenGroup
from vsock_loadgen.results.receipt import Receipt, VmReceipt
from vsock_loadgen.results.scraped import NOTHING, Scraped
from vsock_loadgen.units import SECOND

INTERVALS = "report_interval"
_SLACK = 0.05
"""How far a mean gap may be from an interval, beside its jitter: what is early or late at both ends of a short run."""
_PHASES = "phases of load change the gaps between reports"


@dataclass(frozen=True, slots=True)
class Seen(Record):
    """What arrived, compared with the plan. `groups` has a dimension's groups in order; `not_seen` says why a dimension has none.

    `strangers` are VMs that are not of this slice or arrived with another number of packages than planned; `ungrouped` sent fewer
    than two reports, so that their interval is unknown.
    """

    groups: Annotated[Mapping[str, Sequence[SeenGroup]], UNWRITTEN]
    not_seen: Mapping[str, str]
    strangers: int
    ungrouped: int

    def of(self, dimension: str, count: int) -> Sequence[SeenGroup | None]:
        """What was seen of each group; None if nothing can be known."""
        return self.groups.get(dimension) or [None] * count


def seen_by_receiver(receipt: Receipt, plan: Plan, mine: NodeSlice, own_cid: int | None = None) -> Seen:
    """Sort a receipt into the groups of the plan; `mine` are the VMs that were to send, with `own_cid` all under that one."""
    if own_cid is not None:
        return _by_packages(receipt, plan, mine)
    arrived = list(_arrived(receipt, mine))
    packages = plan.fleet.packages.values
    is_as_planned = [vm.packages == packages[index] for index, vm in arrived]
    known = [(index, vm) for index, vm in arrived if _gap(vm) is not None]
    groups, not_seen = {}, {}
    for name, dimension in plan.groups.dimensions.items():
        if name == INTERVALS and plan.shape is not None:
            not_seen[name] = _PHASES
            continue
        if name == INTERVALS:
            knowable = dimension.vms([index for index, _ in known])
            intervals = _Intervals(plan, dimension)
            vms = dimension.vms([index for index, vm in known if intervals.fit(index, _gap(vm) or 0)])
        else:
            knowable = dimension.vms([index for index, _ in arrived])
            fitting = zip(arrived, is_as_planned, strict=True)
            vms = dimension.vms([index for (index, _), fits in fitting if fits or name != "packages"])
        reports = [0] * len(dimension.groups)
        for index, vm in arrived if reports else ():
            reports[dimension.of_vm[index]] += vm.reports
        groups[name] = [SeenGroup(*row) for row in zip(reports, vms, knowable, strict=True)]
    strangers = len(receipt.vms) - sum(is_as_planned)
    return Seen(groups, not_seen, strangers, sum(_gap(vm) is None for vm in receipt.vms))


def seen_by_asker(scraped: Scraped, plan: Plan) -> Seen:
    """Sort what an asker has counted into the groups of the plan: it knows every VM by its name. Intervals it cannot know."""
    groups = {}
    for name, dimension in plan.groups.dimensions.items():
        found = scraped.groups.get(name, {})
        if found:
            of_groups = [found.get(group.id, NOTHING) for group in dimension.groups]
            groups[name] = [SeenGroup(each.reports, each.as_planned, each.vms) for each in of_groups]
    return Seen(groups, {}, scraped.strangers, 0)


def _arrived(receipt: Receipt, mine: NodeSlice) -> Iterator[tuple[int, VmReceipt]]:
    """The VMs of the slice that arrived, with their global indices."""
    for vm in receipt.vms:
        number = int(vm.cid) - mine.first_cid if vm.cid.isascii() and vm.cid.isdecimal() and len(vm.cid) < 12 else -1
        if 0 <= number < mine.vms:
            yield mine.first_vm + number, vm


def _gap(vm: VmReceipt) -> float | None:
    """Mean seconds between a VM's reports; None if that is not known, or the wall clock was set back."""
    gap = vm.mean_gap
    return gap if gap is not None and gap > 0 else None


class _Intervals:
    """Whether gaps between reports are those of a VM's group: the nearest to it, as a ratio, or its own within jitter."""

    def __init__(self, plan: Plan, dimension: Dimension) -> None:
        self._fleet = plan.fleet
        self._of_vm = dimension.of_vm
        self._spans = [self._scaled(group, plan) for group in dimension.groups]

    @staticmethod
    def _scaled(group: Group, plan: Plan) -> tuple[float, float]:
        low, high = (scaled_interval(end or 1, plan.time_scale) / SECOND for end in (group.low, group.high))
        return low, high

    def fit(self, index: int, gap: float) -> bool:
        """Whether a VM's mean gap, in seconds, is that of its group."""
        own = self._of_vm[index]
        slack = 1 + max(_SLACK, float(self._fleet.cohorts[self._fleet.cohort[index]].jitter))
        low, high = self._spans[own]
        return low / slack <= gap <= high * slack or own == min(range(len(self._spans)), key=lambda number: self._off(number, gap))

    def _off(self, number: int, gap: float) -> float:
        low, high = self._spans[number]
        return abs(math.log(gap / min(max(gap, low), high)))


def _by_packages(receipt: Receipt, plan: Plan, mine: NodeSlice) -> Seen:
    """Of VMs that have one CID, reports tell groups apart if each number of packages is of one group only."""
    counts = [plan.fleet.packages.values[index] for index in mine.indices()]
    groups, not_seen = {}, {}
    for name, dimension in plan.groups.dimensions.items():
        of_count: dict[int, set[int]] = {}
        for index, count in zip(mine.indices(), counts, strict=True):
            of_count.setdefault(count, set()).add(dimension.of_vm[index])
        shared = [count for count, numbers in sorted(of_count.items()) if len(numbers) > 1]
        if shared:
            not_seen[name] = f"all VMs have one CID, and several groups have VMs with {shared[0]:,} packages"
            continue
        reports = [0] * len(dimension.groups)
        for count, arrived in receipt.packages.items() if reports else ():
            for number in of_count.get(count, ()):
                reports[number] += arrived
        groups[name] = [SeenGroup(each, None, None) for each in reports]
    is_strange = any(count not in set(counts) for count in receipt.packages)
    return Seen(groups, not_seen, int(is_strange), 0)
