"""How a trial's reports are counted: by the batches of its window, for every goal's part of the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.trial import BATCHES
from vsock_loadgen.config.blocks import Phase
from vsock_loadgen.measures.cells import PHASE, Cells, id_meant
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.totals import RunTotals


def phases_of(settle_ns: int, window_ns: int) -> tuple[Phase, ...]:
    """The stretches of a trial: what comes before its window, then the batches."""
    each_ns = window_ns // BATCHES
    return (Phase("settle", settle_ns), *(Phase(f"batch {number}", each_ns) for number in range(1, BATCHES + 1)))


@dataclass(frozen=True, slots=True)
class TrialCells(Cells):
    """Cells whose dimensions are the scopes of goals, each with the stretches of the trial as its parts.

    `cells_of` has the cells of a scope that is a part of the fleet.
    """

    cells_of: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Cells, goals: Sequence[Goal]) -> TrialCells:
        """Those of a fleet's cells."""
        scopes = {goal.scope: _members(cells, goal) for goal in goals if goal.dimension}
        parts = dict.fromkeys(scopes, cells.phases)
        return cls(cells.phases, parts, dict.fromkeys(scopes, ()), dict.fromkeys(scopes, ()), cells.members, scopes)

    def parts(self, dimension: str) -> tuple[str, ...]:
        """The stretches of the trial, for every scope."""
        return self.phases

    def parts_of(self, number: int) -> dict[str, int]:
        """For each scope that contains what is entered under a number, the stretch that it is in."""
        cell, phase = divmod(number, len(self.phases))
        return {PHASE: phase} | {scope: phase for scope, cells in self.cells_of.items() if cell in cells}


def _members(cells: Cells, goal: Goal) -> frozenset[int]:
    wanted = cells.groups[goal.dimension].index(id_meant(goal.part, cells.ends[goal.dimension]))
    return frozenset(cell for cell, group in enumerate(cells.members[goal.dimension]) if group == wanted)


def window_of(totals: RunTotals, scope: str) -> list[PartFigures]:
    """The batches of a trial's window, in order."""
    return list(totals.parts(scope))[1:]
