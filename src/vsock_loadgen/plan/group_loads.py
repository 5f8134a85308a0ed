"""Each group's part of the load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from vsock_loadgen.plan.groups import Groups
from vsock_loadgen.plan.rates import Rates


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """The load of a group of the whole fleet, on average over the run, time scale applied; `percent` of all bytes."""

    reports_per_second: float
    bytes_per_second: float
    percent: float


def loads_of_groups(groups: Groups, rates: Rates, sizes: Mapping[int, int]) -> dict[str, tuple[GroupLoad, ...]]:
    """The load of every group, dimension by dimension, from the rates of the whole fleet and the bytes of a report by its
    packages."""
    reports, size = defaultdict[int, float](float), defaultdict[int, float](float)
    for (cell, packages), rate in rates.reports.items():
        reports[cell] += rate
        size[cell] += rate * sizes[packages]
    whole = sum(size.values()) or 1
    loads = {}
    for place, (name, dimension) in enumerate(groups.dimensions.items()):
        rows = [[0.0, 0.0] for _ in dimension.groups]
        for cell, combination in enumerate(groups.combinations if rows else ()):
            rows[combination[place]][0] += reports[cell]
            rows[combination[place]][1] += size[cell]
        loads[name] = tuple(GroupLoad(rate, each, 100 * each / whole) for rate, each in rows)
    return loads
