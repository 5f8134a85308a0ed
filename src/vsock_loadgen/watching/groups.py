"""What the live view knows of the groups of VMs: their names and VMs from the plan, and the fates of their reports so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle

from vsock_loadgen.measures.cells import are_several
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice

_AN_UPDATE = 2
"""Groups whose quantiles are recalculated with an update."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group with its VMs of this node. `response` are P50 and P99 in nanoseconds, a moment ago; None if nothing was recorded,
    or if it falls among the reports that were `undelivered` by then."""

    id: str
    name: str
    vms: int
    counts: Counts = field(default_factory=Counts)
    response: Sequence[int | None] = (None, None)
    undelivered: int = 0


@dataclass(frozen=True, slots=True)
class GroupRows:
    """The groups of one dimension, in the order of the plan."""

    dimension: str
    rows: tuple[GroupRow, ...]


def groups_of(plan: Plan, node: NodeSlice) -> tuple[GroupRows, ...]:
    """The groups of every dimension in which the fleet has several, before a report was due."""
    found = []
    for name, dimension in plan.groups.dimensions.items():
        if are_several(dimension.groups):
            vms = dimension.vms(node.indices())
            rows = (GroupRow(group.id, group.name, here) for group, here in zip(dimension.groups, vms, strict=True))
            found.append(GroupRows(name, tuple(rows)))
    return tuple(found)


class GroupWatch:
    """Follows the groups: the counts with every update, the quantiles of a few groups in turn, since they are what costs."""

    def __init__(self, groups: Sequence[GroupRows]) -> None:
        self.tables = list(groups)
        self._turns = cycle([(place, number) for place, table in enumerate(groups) for number in range(len(table.rows))])

    def follow(self, totals: RunTotals) -> None:
        """Bring the figures up to date."""
        for place, table in enumerate(self.tables):
            counts = totals.counts_of(table.dimension)
            rows = (replace(row, counts=each) for row, each in zip(table.rows, counts, strict=True))
            self.tables[place] = replace(table, rows=tuple(rows))
        for _ in range(_AN_UPDATE if self.tables else 0):
            self._measure(*next(self._turns), totals)

    def _measure(self, place: int, number: int, totals: RunTotals) -> None:
        """Work out the quantiles of one group."""
        table = self.tables[place]
        row = table.rows[number]
        part = totals.part(table.dimension, row.id)
        if part is None:
            return
        undelivered = part.counts.unanswered
        measured = replace(row, response=part.times.response.quantiles((0.5, 0.99), undelivered), undelivered=undelivered)
        self.tables[place] = replace(table, rows=(*table.rows[:number], measured, *table.rows[number + 1 :]))
