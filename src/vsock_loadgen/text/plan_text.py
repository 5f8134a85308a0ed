"""A plan as terminal text: the VMs of the fleet, and the load on the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.config.blocks import Level
from vsock_loadgen.plan.fleet import Column
from vsock_loadgen.plan.forecast import Forecast
from vsock_loadgen.plan.group_loads import GroupLoad
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.plan.statistics import Statistics
from vsock_loadgen.text.asked_plan_text import asked_plan_parts
from vsock_loadgen.text.console import columns as upright_bars
from vsock_loadgen.text.console import flowed, grid, indented, rendered, table
from vsock_loadgen.text.curve import cumulative_curve
from vsock_loadgen.text.figure_tables import FigureTable, figure_tables
from vsock_loadgen.text.largest_text import largest_parts
from vsock_loadgen.units import MILLISECOND, SECOND, format_bytes, format_duration, format_number

_MOST_NODES = 12
_CHART_ROWS = 6
_FEWEST_COLUMNS = 5
_INDENT = 2
_IN_THRESHOLDS = "in thresholds"
"""What a threshold on a group begins with, if that is more than its name without commas."""
_FIRST_OUT = (_IN_THRESHOLDS, "assigned", "reports/s", "configured", "interval")


def plan_text(
    plan: Plan, *, width: int = 80, color: bool = False, with_nodes: bool = True, service_time_ns: int | None = None
) -> str:
    """The plan for people. `with_nodes` shows the split, if there are several nodes; `service_time_ns` the reports in flight if
    each takes that long."""
    scale = f", time scale {format_number(float(plan.time_scale))}" if plan.time_scale != 1 else ""
    parts: list[RenderableType] = [f"[bold]Fleet of {plan.fleet.vm_count:,} VMs[/], seed {plan.seed}{scale}", ""]
    parts += _profiles(plan, width)
    parts += _phases(plan)
    parts += _attribute("Packages per VM", plan, "packages", format_number, width)
    parts += _attribute("Report interval", plan, "report_interval", _interval, width)
    parts += _forecast(plan, service_time_ns)
    parts += largest_parts(plan.largest)
    parts += asked_plan_parts(plan.asked, plan.fleet.vm_count) if plan.asked else []
    parts += _over_time(plan, width)
    if with_nodes and len(plan.nodes) > 1:
        parts += _nodes(plan)
    if plan.warnings:
        parts.append("[bold]Warnings[/]")
        marked = grid("left", "left")
        for warned in plan.warnings:
            marked.add_row("[yellow]![/]", Text(warned.message))
        parts += [indented(marked), ""]
    return rendered(parts, width=width, color=color)


def _interval(value: float) -> str:
    """A time to the millisecond; a sampled one above ten seconds to the tenth of a second."""
    grain = MILLISECOND if value < 10 * SECOND else 100 * MILLISECOND
    return format_duration(round(value / grain) * grain)


def _attribute(title: str, plan: Plan, name: str, show: Callable[[float], str], width: int) -> list[RenderableType]:
    """What the VMs have, and the load of each group: the buckets, the few values, or bands of many."""
    attribute: Attribute = getattr(plan, name)
    column: Column = getattr(plan.fleet, name)
    statistics = attribute.statistics
    figures = {
        "mean": statistics.mean,
        "P50": statistics.p50,
        "P95": statistics.p95,
        "P99": statistics.p99,
        "min": statistics.minimum,
        "max": statistics.maximum,
    }
    if show(attribute.configured_mean) != show(statistics.mean):
        figures["configured mean"] = attribute.configured_mean
    line = flowed([f"{each} {show(value)}" for each, value in figures.items()], width=width)
    groups = plan.groups.dimensions[name].groups
    are_buckets = len(groups) == len(attribute.buckets)
    if are_buckets or all(group.low == group.high for group in groups):
        return [f"[bold]{title}[/]", line, _groups(plan, name, width, has_configured=are_buckets), ""]
    starts = [(group.name, group.low) for group in groups if group.low is not None and group.fleet_vms]
    chart = indented(Text("\n".join(cumulative_curve(column.values, show, starts, width=width - _INDENT))))
    loads = [f"[bold]Load by {name.replace('_', ' ')}[/]", _groups(plan, name, width), ""] if len(groups) > 1 else []
    return [f"[bold]{title}[/]", line, chart, "", *loads]


def _groups(plan: Plan, name: str, width: int, *, has_configured: bool = False) -> RenderableType:
    """The groups of a dimension, and if there are several, their load, with a bar for each share of the bytes."""
    groups, loads = plan.groups.dimensions[name].groups, plan.group_loads[name]
    shares = [group.fleet_vms / plan.fleet.vm_count for group in groups]
    heading = name.rpartition("_")[2]
    configured = {"configured": [_percent(float(group.percent)) for group in groups]} if has_configured else {}
    columns = configured | {
        "assigned": [_percent(100 * share) for share in shares],
        "VMs": [f"{group.fleet_vms:,}" for group in groups],
    }
    bars: list[float] = []
    if len(groups) > 1:
        columns |= _loads(loads)
        bars = [load.percent / 100 for load in loads]
        if any(group.id != group.name.replace(",", "") for group in groups):
            columns |= {_IN_THRESHOLDS: [f"{heading}.{group.id}" for group in groups]}
    chart = FigureTable("", heading, [group.name for group in groups], columns, bars)
    return indented(figure_tables([chart], width=width - _INDENT, first_out=_FIRST_OUT)[0])


def _loads(loads: Sequence[GroupLoad | None]) -> dict[str, list[str]]:
    """Columns of the groups' load on average; a dash if that is unknown."""
    return {
        "reports/s": ["-" if load is None else format_number(load.reports_per_second) for load in loads],
        "bytes/s": ["-" if load is None else format_bytes(load.bytes_per_second) for load in loads],
        "of bytes": ["-" if load is None else _percent(load.percent) for load in loads],
    }


def _percent(value: float) -> str:
    return f"{format_number(value)} %"


def _phases(plan: Plan) -> list[RenderableType]:
    """The phases of load, each with when it begins and lasts after the time scale."""
    if plan.shape is None:
        return []
    chart = table("", "phase", "begins", "lasts", "rate", "VMs on")
    for phase, (begin_ns, length_ns) in zip(plan.phases, plan.shape.stretches_ns, strict=True):
        chart.add_row(
            Text(phase.name),
            format_duration(begin_ns),
            format_duration(length_ns),
            _level(phase.rate, 1, ""),
            _level(phase.vms, 100, " %"),
        )
    then = "then repeated" if plan.shape.repeat else "the load at the end stays"
    return [f"[bold]Phases of load[/], {then}", indented(chart), ""]


def _level(level: Level, factor: int, unit: str) -> str:
    start, end = (format_number(float(factor * value)) for value in (level.start, level.end))
    return f"{start}{unit}" if start == end else f"{start} to {end}{unit}"


def _profiles(plan: Plan, width: int) -> list[RenderableType]:
    rows = plan.profiles
    if not rows:
        return []
    groups, loads = plan.groups.dimensions["profile"].groups, plan.group_loads["profile"]
    counted = groups if len(groups) == len(rows) else groups[:-1]  # the last has those that are not counted apart
    load_of = {group.name: load for group, load in zip(counted, loads, strict=False)}
    columns = {
        "configured": [_percent(float(row.percent)) for row in rows],
        "assigned": [_percent(row.actual_percent) for row in rows],
        "VMs": [f"{row.vms:,}" for row in rows],
        "packages": [format_number(row.packages.statistics.mean) if row.packages else "-" for row in rows],
        "interval": [_interval(row.report_interval.statistics.mean) if row.report_interval else "-" for row in rows],
    }
    if len(rows) > 1:
        columns |= _loads([load_of.get(row.name) for row in rows])
    chart = FigureTable("", "profile", [row.name for row in rows], columns)
    drawn = figure_tables([chart], width=width - _INDENT, first_out=_FIRST_OUT)[0]
    parts: list[RenderableType] = ["[bold]Profiles[/], packages and interval on average", indented(drawn)]
    if len(counted) < len(groups):
        parts.append(f"  Those without a load are counted together: {_percent(loads[-1].percent)} of the bytes")
    return [*parts, ""]


def _forecast(plan: Plan, service_time_ns: int | None) -> list[RenderableType]:
    load = plan.forecast
    chart = grid("left", "left")
    rows = [
        ("new reports per second" if plan.asked else "reports per second", f"{format_number(load.reports_per_second)} on average"),
        (
            "",
            f"{load.peak_reports_per_second:,} at the peak, {_after(load.peak_at_seconds)} after the start, "
            f"out of {_after(len(load.per_second))}",
        ),
        ("bytes per second", format_bytes(load.bytes_per_second)),
        ("largest report", format_bytes(load.largest_report_bytes)),
        ("packages", f"{format_number(load.packages_per_report)} per report, {format_number(load.packages_per_vm)} per VM"),
        ("", f"of a report: {_spread(load.reported_packages)}"),
        *_together(load),
        *_under_way(load, service_time_ns),
        *_to_send(plan),
    ]
    if load.reports is not None:
        rows.insert(2, ("reports in total", f"{load.reports:,}"))
    for name, value in rows:
        chart.add_row(name, value)
    return ["[bold]Forecast[/]", indented(chart), ""]


def _to_send(plan: Plan) -> list[tuple[str, str]]:
    """The processes that send, if reports are sent."""
    if plan.asked:
        return []
    workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''}"
    return [("to send", f"{workers}, {format_bytes(plan.memory_bytes)} of memory in total")]


def _spread(packages: Statistics) -> str:
    figures = {"P50": packages.p50, "P95": packages.p95, "P99": packages.p99, "max": packages.maximum}
    return ", ".join(f"{name} {format_number(value)}" for name, value in figures.items())


def _together(load: Forecast) -> list[tuple[str, str]]:
    """The largest herd, if VMs keep time with the clock."""
    herd = load.herd
    if herd is None:
        return []
    spread = f" within {format_duration(herd.spread_ns)}" if herd.spread_ns else " at one instant"
    return [("herd", f"{herd.reports:,} reports due{spread}, {_interval(herd.at_ns)} after the start")]


def _under_way(load: Forecast, service_time_ns: int | None) -> list[tuple[str, str]]:
    """Reports in flight at a time, if it is given how long each takes."""
    if service_time_ns is None:
        return []
    concurrency = load.concurrency(service_time_ns)
    figures = f"{format_number(concurrency.mean)} reports on average, {format_number(concurrency.peak)} at the peak"
    return [("in flight", f"{figures}, if each takes {format_duration(service_time_ns)}")]


def _over_time(plan: Plan, width: int) -> list[RenderableType]:
    """Reports per second over time: bars for the mean of a stretch, shaded up to its busiest second."""
    load = plan.forecast
    highest = load.peak_reports_per_second
    top = f"{highest:,}"
    stretches = load.over_time(max(1, width - _INDENT - len(top) - 1))
    if len(stretches.reports) < _FEWEST_COLUMNS or not highest:
        return []
    seconds = [stretches.width_seconds] * len(stretches.reports)
    seconds[-1] = len(load.per_second) - sum(seconds[:-1])
    means = [reports / length for reports, length in zip(stretches.reports, seconds, strict=True)]
    lines = upright_bars(means, stretches.peaks, highest, _CHART_ROWS)
    labels = [top, *[""] * (_CHART_ROWS - 2), "0"]
    end = _after(len(load.per_second))
    axis = "0s" + end.rjust(len(means) - 2)
    drawn = [f"{label:>{len(top)}} {line}" for label, line in zip(labels, lines, strict=True)]
    expected = len(load.per_second) - load.horizon_seconds
    notes = []
    if stretches.width_seconds > 1:
        notes.append(f"A column is {_after(stretches.width_seconds)}, and shaded up to its busiest second.")
    if expected > 0:
        notes.append(f"The first {_after(load.horizon_seconds)} are counted, the rest is estimated.")
    text = Text("\n".join([*drawn, f"{'':{len(top)}} {axis}"]))
    return ["[bold]Reports per second over time[/]", indented(text), *(f"  {note}" for note in notes), ""]


def _after(seconds: int) -> str:
    return format_duration(seconds * SECOND)


def _nodes(plan: Plan) -> list[RenderableType]:
    chart = table("", "node", "VMs", "first CID", "last CID")
    for node in plan.nodes[:_MOST_NODES]:
        cids = ("-", "-") if not node.vms else (str(node.first_cid), str(node.first_cid + node.vms - 1))
        chart.add_row(str(node.index), f"{node.vms:,}", *(("its own", "its own") if plan.own_cids and node.vms else cids))
    more = len(plan.nodes) - _MOST_NODES
    parts: list[RenderableType] = ["[bold]Nodes[/]", indented(chart)]
    if more > 0:
        parts.append(f"  ... and {more} more (--format json has them all)")
    return [*parts, ""]
