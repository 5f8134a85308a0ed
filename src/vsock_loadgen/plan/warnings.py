"""What a person should know before starting the load: limits of the real pipeline that the plan would pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vsock_loadgen.config.model import Config, Normal, Percentile
from vsock_loadgen.plan.distributions import configured_mean
from vsock_loadgen.plan.fleet import Column, Fleet
from vsock_loadgen.plan.forecast import Forecast
from vsock_loadgen.plan.slices import CIDS_PER_NODE, NodeSlice
from vsock_loadgen.units import MILLISECOND, SECOND, format_bytes, format_duration, format_number

RELAY_MOST_BYTES = 16_384 * 1024
RELAY_SHORTEST_INTERVAL_NS = 60 * SECOND
CLUSTER_REPORTS_PER_SECOND = 0.3
MEAN_SHIFT = 0.01


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: `kind` is a stable short name, `message` says what was found, against which limit, and what to change."""

    kind: str
    message: str


def plan_warnings(
    config: Config, fleet: Fleet, nodes: Sequence[NodeSlice], load: Forecast, *, real_target: bool
) -> tuple[Warned, ...]:
    """Every warning that the plan gives reason to. Limits of the real pipeline apply to a real target only."""
    found = [*_bucket_warnings(config, fleet), *_mean_warnings(config, fleet), *_node_warnings(nodes)]
    if real_target:
        found += _pipeline_warnings(load)
    return tuple(found)


def _attributes(config: Config, fleet: Fleet) -> tuple[tuple[str, Percentile | Normal | object, Column], ...]:
    return (
        ("packages", config.packages, fleet.packages),
        ("reportInterval", config.report_interval, fleet.report_interval),
    )


def _bucket_warnings(config: Config, fleet: Fleet) -> list[Warned]:
    found = []
    for key, distribution, column in _attributes(config, fleet):
        if isinstance(distribution, Percentile):
            present = set(column.buckets)
            for number, bucket in enumerate(distribution.buckets):
                if number not in present:
                    found.append(
                        Warned(
                            "empty_bucket",
                            f"{key}.buckets[{number}] ({format_number(float(bucket.percent))} %) gets no VM out of "
                            f"{fleet.vm_count:,}: raise vmCount to have it represented",
                        )
                    )
    return found


def _mean_warnings(config: Config, fleet: Fleet) -> list[Warned]:
    found = []
    for key, distribution, column in _attributes(config, fleet):
        if isinstance(distribution, Normal):
            configured = float(configured_mean(distribution))
            actual = sum(column.values) / len(column.values)
            if configured and abs(actual - configured) > MEAN_SHIFT * configured:
                shown = format_number if key == "packages" else _to_the_millisecond
                found.append(
                    Warned(
                        "clamped_mean",
                        f"{key}: clamping at min and max moves the mean from {shown(round(configured))} to "
                        f"{shown(round(actual))}: widen the range, or lower stddev",
                    )
                )
    return found


def _node_warnings(nodes: Sequence[NodeSlice]) -> list[Warned]:
    most = max(node.vms for node in nodes)
    if most <= CIDS_PER_NODE:
        return []
    return [
        Warned(
            "vms_per_node",
            f"{most:,} VMs on one node: beyond {CIDS_PER_NODE:,} their CIDs would collide with those of a second node",
        )
    ]


def _pipeline_warnings(load: Forecast) -> list[Warned]:
    found = []
    if load.largest_report_bytes > RELAY_MOST_BYTES:
        found.append(
            Warned(
                "report_size",
                f"the largest report has {format_bytes(load.largest_report_bytes)}; the relay reads at most "
                f"{format_bytes(RELAY_MOST_BYTES)} (ROX_VIRTUAL_MACHINES_VSOCK_CONN_MAX_SIZE_KB): use fewer packages",
            )
        )
    if load.shortest_interval_seconds * SECOND < RELAY_SHORTEST_INTERVAL_NS:
        found.append(
            Warned(
                "reports_per_vm",
                f"the shortest interval is {_to_the_millisecond(load.shortest_interval_seconds * SECOND)}; the relay forwards "
                "one report a minute per VM (ROX_VM_RELAY_MAX_REPORTS_PER_MINUTE) and drops the rest",
            )
        )
    if load.reports_per_second > CLUSTER_REPORTS_PER_SECOND:
        found.append(
            Warned(
                "cluster_rate",
                f"{format_number(load.reports_per_second)} reports a second; Central accepts {CLUSTER_REPORTS_PER_SECOND} a second "
                "from a whole cluster (ROX_VM_INDEX_REPORT_RATE_LIMIT): raise it, or expect the rest to be dropped",
            )
        )
    return found


def _to_the_millisecond(nanoseconds: float) -> str:
    return format_duration(round(nanoseconds / MILLISECOND) * MILLISECOND)
