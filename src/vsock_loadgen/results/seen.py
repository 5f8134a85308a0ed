"""What the receiver saw, held against the plan: VMs by package count, and by the interval at which their reports came."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vsock_loadgen.plan.fleet import Column
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.plan.schedule import scaled_interval
from vsock_loadgen.record import As, Record
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class SeenRow(Record):
    """One value of an attribute (packages, or nanoseconds before any time scale), and the VMs that were to have it and had it."""

    value: int
    planned: int
    seen: int


def _in_seconds(rows: Sequence[SeenRow]) -> list[dict[str, object]]:
    return [row.to_json() | {"value": row.value / SECOND} for row in rows]


@dataclass(frozen=True, slots=True)
class Seen(Record):
    """The VMs that arrived, by every value that the plan gives; empty for a continuous distribution, and of intervals also where
    phases of load change the gaps between reports.

    `strangers` arrived with a number of packages that the plan does not give; `ungrouped` sent fewer than two reports, so that
    their interval is not known.
    """

    packages: Annotated[tuple[SeenRow, ...], Field(alias="vms_by_packages")]
    intervals: Annotated[tuple[SeenRow, ...], As(list[object], _in_seconds, tuple), Field(alias="vms_by_interval_seconds")]
    strangers: int
    ungrouped: int


def seen_by_receiver(receipt: Receipt, plan: Plan, vms: range) -> Seen:
    """Sort the VMs of a receipt into the plan's buckets; `vms` are the global indices of those that this node was to send.

    A VM belongs to the interval whose ratio to the mean gap between its reports is nearest to one.
    """
    gaps = [vm.mean_gap for vm in receipt.vms]
    known = [gap for gap in gaps if gap is not None and gap > 0]  # none where the wall clock was set back
    profiles = [row for row in plan.profiles if row.packages and row.report_interval]
    packages = [row.packages for row in profiles] or [plan.packages]
    intervals = [row.report_interval for row in profiles] or [plan.report_interval]
    planned_packages = _planned(packages, plan.fleet.packages, vms)
    planned_intervals = Counter[int]() if plan.shape else _planned(intervals, plan.fleet.report_interval, vms)
    by_packages = receipt.vms_by_packages()
    effective = {scaled_interval(value, plan.time_scale) / SECOND: value for value in planned_intervals}
    by_interval = Counter(effective[_nearest(gap, effective)] for gap in known) if effective else Counter()
    return Seen(
        _rows(planned_packages, by_packages),
        _rows(planned_intervals, by_interval),
        sum(vms for count, vms in by_packages.items() if count not in planned_packages) if planned_packages else 0,
        len(gaps) - len(known),
    )


def _planned(attributes: Iterable[Attribute | None], column: Column, vms: range) -> Counter[int]:
    """VMs by value; empty where some values are sampled, since those are no buckets to sort into. `attributes` are those of the
    profiles, or that of the whole fleet."""
    for attribute in attributes:
        if attribute is None or not attribute.buckets or any(row.value is None for row in attribute.buckets):
            return Counter()
    return Counter(column.values[index] for index in vms)


def _rows(planned: Mapping[int, int], seen: Mapping[int, int]) -> tuple[SeenRow, ...]:
    return tuple(SeenRow(value, vms, seen.get(value, 0)) for value, vms in sorted(planned.items()))


def _nearest(gap: float, intervals: Iterable[float]) -> float:
    return min(intervals, key=lambda interval: abs(math.log(gap / interval)))
