"""The plan as a plain JSON document: a contract (`vsock-loadgen/plan/v1`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from fractions import Fraction

from vsock_loadgen.config.blocks import Phase
from vsock_loadgen.plan.asked_document import asked_document
from vsock_loadgen.plan.fleet import Column
from vsock_loadgen.plan.forecast import Forecast
from vsock_loadgen.plan.groups import Group
from vsock_loadgen.plan.largest import LargestGroup
from vsock_loadgen.plan.planning import Attribute, Plan, ProfileRow
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.plan.statistics import cumulative
from vsock_loadgen.units import SECOND

PLAN_SCHEMA = "vsock-loadgen/plan/v1"
MOST_ROWS = 120


def plan_document(plan: Plan, *, with_vms: bool = False, service_time_ns: int | None = None) -> dict[str, object]:
    """The whole plan; `with_vms` adds a row per VM, `service_time_ns` says how many reports are in flight if each takes that long.
    Times are seconds before any time scale; the forecast is after it, and so is the part about a fleet that is `asked`."""
    document: dict[str, object] = {
        "schema": PLAN_SCHEMA,
        "seed": plan.seed,
        "vm_count": plan.fleet.vm_count,
        "time_scale": json_number(plan.time_scale),
        "packages": _attribute(plan.packages, 1) | _curve(plan.fleet.packages, 1),
        "report_interval_seconds": _attribute(plan.report_interval, SECOND) | _curve(plan.fleet.report_interval, SECOND),
        "profiles": [_profile(row) for row in plan.profiles],
        "phases": [_phase(phase) for phase in plan.phases],
        "phases_repeat": plan.shape is not None and plan.shape.repeat,
        "groups": {name: _groups(plan, name) for name in plan.groups.dimensions},
        "forecast": _forecast(plan, service_time_ns),
        "largest_group": _largest(plan.largest),
        **({"asked": asked_document(plan.asked)} if plan.asked else {}),
        "warnings": [asdict(warned) for warned in plan.warnings],
        "nodes": [_node(node, has_cids=not plan.own_cids) for node in plan.nodes],
        "digest": plan.fleet.digest(),
    }
    if with_vms:
        document["vms"] = [_vm(plan, node, index) for node in plan.nodes for index in node.indices()]
    return document


def _profile(row: ProfileRow) -> dict[str, object]:
    return {
        "name": row.name,
        "percent": json_number(row.percent),
        "vms": row.vms,
        "actual_percent": row.actual_percent,
        "packages": _attribute(row.packages, 1) if row.packages else None,
        "report_interval_seconds": _attribute(row.report_interval, SECOND) if row.report_interval else None,
    }


def _groups(plan: Plan, name: str) -> list[dict[str, object]]:
    """The groups of a dimension for which figures are kept, and what each adds to the forecast."""
    return [
        {
            "id": group.id,
            "name": group.name,
            "low": low,
            "high": high,
            "percent": json_number(group.percent),
            "vms": group.fleet_vms,
            "reports_per_second": load.reports_per_second,
            "bytes_per_second": load.bytes_per_second,
            "percent_of_bytes": load.percent,
        }
        for group, load in zip(plan.groups.dimensions[name].groups, plan.group_loads[name], strict=True)
        for low, high in [span_of(group, name)]
    ]


def span_of(group: Group, dimension: str) -> tuple[float | None, float | None]:
    """The smallest and the largest value of a group as documents have them: packages, or seconds; None for profiles."""
    unit = SECOND if dimension == "report_interval" else 1
    low, high = (None if end is None else json_number(Fraction(end, unit)) for end in (group.low, group.high))
    return low, high


def _phase(phase: Phase) -> dict[str, object]:
    return {
        "name": phase.name,
        "duration_seconds": json_number(Fraction(phase.duration_ns, SECOND)),
        "rate": [json_number(phase.rate.start), json_number(phase.rate.end)],
        "vms_percent": [json_number(100 * phase.vms.start), json_number(100 * phase.vms.end)],
    }


def json_number(value: Fraction) -> int | float:
    """A fraction as the JSON number that a person would write."""
    return int(value) if value.denominator == 1 else float(value)


def _attribute(attribute: Attribute, unit: int) -> dict[str, object]:
    def in_unit(value: float) -> int | float:
        return json_number(Fraction(value) / unit)

    statistics = attribute.statistics
    return {
        "configured_mean": in_unit(attribute.configured_mean),
        "mean": in_unit(statistics.mean),
        "p50": in_unit(statistics.p50),
        "p95": in_unit(statistics.p95),
        "p99": in_unit(statistics.p99),
        "min": in_unit(statistics.minimum),
        "max": in_unit(statistics.maximum),
        "buckets": [
            {
                "value": None if row.value is None else in_unit(row.value),
                "percent": json_number(row.percent),
                "vms": row.vms,
                "actual_percent": row.actual_percent,
            }
            for row in attribute.buckets
        ],
    }


def _curve(column: Column, unit: int) -> dict[str, object]:
    """The cumulative distribution: [value, percentage of VMs that have no more]."""
    return {"cumulative": [[json_number(Fraction(value, unit)), percent] for value, percent in cumulative(Counter(column.values))]}


def _forecast(plan: Plan, service_time_ns: int | None) -> dict[str, object]:
    load = plan.forecast
    reported = load.reported_packages
    return {
        "reports_per_second": load.reports_per_second,
        "bytes_per_second": load.bytes_per_second,
        "peak_reports_per_second": load.peak_reports_per_second,
        "peak_at_seconds": load.peak_at_seconds,
        "horizon_seconds": load.horizon_seconds,
        "reports": load.reports,
        "packages_per_vm_mean": load.packages_per_vm,
        "packages_per_report_mean": load.packages_per_report,
        "packages_per_report": {
            "mean": reported.mean,
            "p50": reported.p50,
            "p95": reported.p95,
            "p99": reported.p99,
            "min": reported.minimum,
            "max": reported.maximum,
        },
        "largest_report_bytes": load.largest_report_bytes,
        "herd": _herd(load),
        "concurrency": None if service_time_ns is None else _concurrency(load, service_time_ns),
        "workers": plan.workers,
        "memory_bytes": plan.memory_bytes,
        "over_time": _over_time(load),
    }


def _herd(load: Forecast) -> dict[str, object] | None:
    if load.herd is None:
        return None
    return {
        "reports": load.herd.reports,
        "at_seconds": load.herd.at_ns / SECOND,
        "spread_seconds": load.herd.spread_ns / SECOND,
    }


def _concurrency(load: Forecast, service_time_ns: int) -> dict[str, object]:
    concurrency = load.concurrency(service_time_ns)
    return {"service_time_seconds": service_time_ns / SECOND, "mean": concurrency.mean, "peak": concurrency.peak}


def _largest(largest: LargestGroup) -> dict[str, object]:
    return {
        "id": largest.group.id,
        "name": largest.group.name,
        "vms": largest.group.fleet_vms,
        "report_bytes": largest.report_bytes,
        "most_bytes": largest.most_bytes,
        "wire_seconds": largest.wire_seconds,
        "deadlines": [
            {"what": each.what, "within_seconds": each.within_ns / SECOND, "bytes_per_second": largest.needed(each)}
            for each in largest.deadlines
        ],
    }


def _over_time(load: Forecast) -> dict[str, object]:
    """At most MOST_ROWS stretches of equal width: the reports due in each, and in its busiest second."""
    stretches = load.over_time(MOST_ROWS)
    return {
        "width_seconds": stretches.width_seconds,
        "reports": list(stretches.reports),
        "peak_reports_per_second": list(stretches.peaks),
    }


def _node(node: NodeSlice, *, has_cids: bool) -> dict[str, object]:
    return {
        "index": node.index,
        "vms": node.vms,
        "first_cid": node.first_cid if node.vms and has_cids else None,
        "last_cid": node.first_cid + node.vms - 1 if node.vms and has_cids else None,
    }


def _vm(plan: Plan, node: NodeSlice, index: int) -> dict[str, object]:
    fleet = plan.fleet
    return {
        "index": index,
        "cid": None if plan.own_cids else node.cid(index),
        "node": node.index,
        "packages": fleet.packages.values[index],
        "report_interval_seconds": json_number(Fraction(fleet.report_interval.values[index], SECOND)),
        "phase_seconds": json_number(Fraction(fleet.offset_ns[index], SECOND)),
        "synchronized": fleet.cohorts[fleet.cohort[index]].synchronized,
    }
