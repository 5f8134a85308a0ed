"""A cumulative distribution as lines of text: the share of a fleet with at most each value, with the groups of values below."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vsock_loadgen.text.console import columns

_ROWS = 6
_LABELS = {0: "100 %", _ROWS // 2: "50 %", _ROWS - 1: "0 %"}
_INDENT = len("100 % ")
_LOGARITHMIC_FROM = 10
"""Ratio of the largest to the smallest value from which an axis is logarithmic, if half of the values lie in its first quarter."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to a higher `high` over `cells`: each is a factor if it `is_logarithmic`, or else a step."""

    low: int
    high: int
    cells: int
    is_logarithmic: bool

    @classmethod
    def of(cls, ascending: Sequence[int], cells: int) -> Axis:
        """One on which these values can be told apart."""
        low, middle, high = ascending[0], ascending[len(ascending) // 2], ascending[-1]
        is_steep = middle < low + (high - low) / 4
        return cls(low, high, cells, is_steep and high >= _LOGARITHMIC_FROM * low > 0)

    def value(self, cell: float) -> float:
        """The value at a cell's left end."""
        part = cell / self.cells
        return self.low * (self.high / self.low) ** part if self.is_logarithmic else self.low + (self.high - self.low) * part

    def cell(self, value: float) -> int:
        """The cell that a value is in."""
        if self.is_logarithmic:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return min(self.cells - 1, int(part * self.cells))


def cumulative_curve(
    values: Sequence[int], show: Callable[[float], str], groups: Sequence[tuple[str, int]], *, width: int
) -> list[str]:
    """The chart of values of which at least two differ, its axis, and a line with the name of each of the `groups` where its least
    value is; a name that has no room is left out. Nothing is wider than `width` cells."""
    ascending = sorted(values)
    axis = Axis.of(ascending, max(2, width - _INDENT))
    edges = [axis.value(cell) for cell in range(1, axis.cells)]
    shares = [bisect_right(ascending, edge) / len(ascending) for edge in edges] + [1.0]
    drawn = columns(shares, shares, 1.0, _ROWS)
    lines = [f"{_LABELS.get(number, ''):>{_INDENT - 1}} {line}".rstrip() for number, line in enumerate(drawn)]
    middle = [(axis.cells * part // 4, show(axis.value(axis.cells * part / 4))) for part in (1, 2, 3)]
    ends = [(0, show(axis.low)), (axis.cells, show(axis.high))]
    lines.append(_placed([*ends, *middle], axis.cells))
    if groups:
        lines.append(_placed([(axis.cell(low), f"\N{BOX DRAWINGS LIGHT UP AND RIGHT}{name}") for name, low in groups], axis.cells))
    return lines


def _placed(labels: Sequence[tuple[int, str]], cells: int) -> str:
    """Labels at their cells, the first ones first; one beyond the end is moved to it, one that would touch another is left out."""
    line = [" "] * cells
    for cell, label in labels:
        start = max(0, min(cell, cells - len(label)))
        around = line[max(0, start - 1) : start + len(label) + 1]
        if len(label) <= cells and not "".join(around).strip():
            line[start : start + len(label)] = label
    return (" " * _INDENT + "".join(line)).rstrip()
