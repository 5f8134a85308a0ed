"""How reports are told apart when they are counted: by the phase of load that they fell due in, and by the groups of their VM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

PHASE = "phase"
"""The dimension of the phases of load, which are parts of a run as groups of VMs are."""
MOST_CELLS = 256
"""Combinations of groups that are counted one by one."""


ENDS = ("largest", "smallest")
"""In place of a group's id: the group with the largest values of its dimension, and that with the smallest."""


class Valued(Protocol):
    """A group with the values that its VMs have, if they have any."""

    @property
    def id(self) -> str: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def fleet_vms(self) -> int: ...


def ends_of(groups: Sequence[Valued]) -> tuple[str, ...]:
    """The ids that ENDS stand for in a dimension; none where its groups have no values."""
    ordered = sorted((group.high, group.low or 0, group.id) for group in groups if group.high is not None and group.fleet_vms)
    return (ordered[-1][2], ordered[0][2]) if ordered else ()


def ids_of(groups: Sequence[Valued]) -> tuple[str, ...]:
    """Everything by which a group of a dimension may be named."""
    return (*(group.id for group in groups), *(ENDS if ends_of(groups) else ()))


def id_meant(wanted: str, ends: Sequence[str]) -> str:
    """The id that a name means: itself, or that of `ends` which a word of ENDS stands for."""
    return dict(zip(ENDS, ends, strict=False)).get(wanted, wanted)


def are_several(groups: Sequence[Valued]) -> bool:
    """Whether the groups of a dimension say more than the whole does: VMs are in more than one of them."""
    return sum(group.fleet_vms > 0 for group in groups) > 1


@dataclass(frozen=True, slots=True)
class Cells:
    """The parts into which reports fall, dimension by dimension.

    `groups` has the ids of a dimension's groups, `vms` how many VMs of each this process sends, `ends` the ids that ENDS stand for,
    and `members` the number of the group that each cell belongs to; a cell is one combination of groups. A report is entered once,
    under the number of its cell and its phase: `number`.
    """

    phases: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many cells there are; without groups, everything is in one."""
        return max(map(len, self.members.values()), default=1)

    @property
    def books(self) -> int:
        """How many numbers there are under which a report may be entered."""
        return self.count * self._stride

    def number(self, cell: int, phase: int = 0) -> int:
        """Under which number a report is entered."""
        return cell * self._stride + phase

    def parts(self, dimension: str) -> tuple[str, ...]:
        """The names of a dimension's parts, in order."""
        return self.phases if dimension == PHASE else self.groups[dimension]

    def found(self, dimension: str, name: str) -> int | None:
        """The number of the part of that name; None if there is none, or this process sends none of its VMs."""
        known = id_meant(name, self.ends.get(dimension, ()))
        parts = self.parts(dimension)
        if known not in parts:
            return None
        number = parts.index(known)
        return number if dimension == PHASE or self.vms[dimension][number] else None

    def parts_of(self, number: int) -> dict[str, int]:
        """For each dimension, the part that holds what is entered under a number; none does if that is beyond `books`."""
        if number >= self.books:
            return {}
        cell, phase = divmod(number, self._stride)
        found = {dimension: members[cell] for dimension, members in self.members.items() if self.groups[dimension]}
        return found | {PHASE: phase} if self.phases else found

    @property
    def _stride(self) -> int:
        return max(1, len(self.phases))
