"""A node's share of the plan's buckets, and what has become of it: VMs and delivered reports by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vsock_loadgen.plan.fleet import Column
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.plan.schedule import scaled_interval
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.units import format_duration, format_number


@dataclass(frozen=True, slots=True)
class NodeBucket:
    """The VMs of one bucket. Their delivered reports are counted under `key`, a value; None where it holds a distribution."""

    label: str
    vms: int
    key: int | None

    def reports(self, delivered: Mapping[int, int]) -> int | None:
        """Delivered reports of these VMs, None where they cannot be told from others."""
        return None if self.key is None else delivered.get(self.key, 0)


@dataclass(frozen=True, slots=True)
class NodeBuckets:
    """The buckets of one node, by packages and by interval (before any time scale); empty for a continuous distribution.

    A fleet of profiles has these in their place, each under its number.
    """

    packages: tuple[NodeBucket, ...]
    intervals: tuple[NodeBucket, ...]
    profiles: tuple[NodeBucket, ...] = ()


def node_buckets(plan: Plan, node: NodeSlice) -> NodeBuckets:
    """The buckets of a plan with the VMs of a node. Those of equal value are one row, as their reports are counted together."""

    def scaled(interval_ns: int) -> int:
        return scaled_interval(interval_ns, plan.time_scale)

    indices = node.indices()
    profiles = Counter(plan.fleet.profile[index] for index in indices)
    return NodeBuckets(
        _rows(plan.packages, plan.fleet.packages, indices, format_number, int),
        _rows(plan.report_interval, plan.fleet.report_interval, indices, format_duration, scaled),
        tuple(NodeBucket(row.name, profiles[number], number) for number, row in enumerate(plan.profiles)),
    )


def _rows(
    attribute: Attribute, column: Column, indices: range, show: Callable[[int], str], key_of: Callable[[int], int]
) -> tuple[NodeBucket, ...]:
    vms = Counter(column.buckets[index] for index in indices)
    by_value: Counter[int | None] = Counter()
    for number, bucket in enumerate(attribute.buckets):
        by_value[bucket.value] += vms[number]
    return tuple(
        NodeBucket("distribution", count, None) if value is None else NodeBucket(show(value), count, key_of(value))
        for value, count in by_value.items()
    )
