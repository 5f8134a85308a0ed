"""A plan as terminal text: what every VM will be like, and what that will ask of the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from vsock_loadgen.plan.distributions import CONTINUOUS
from vsock_loadgen.plan.fleet import Column
from vsock_loadgen.plan.planning import Attribute, Plan
from vsock_loadgen.report.console import bar, bar_cells, flowed, grid, indented, rendered, table
from vsock_loadgen.units import MILLISECOND, SECOND, format_bytes, format_duration, format_number

_HISTOGRAM_ROWS = 10
_MOST_NODES = 12


def plan_text(plan: Plan, *, width: int = 80, color: bool = False, with_nodes: bool = True) -> str:
    """The plan for people. `with_nodes` shows how it is split, where there are several nodes."""
    scale = f", time scale {format_number(float(plan.time_scale))}" if plan.time_scale != 1 else ""
    parts: list[RenderableType] = [f"[bold]Fleet of {plan.fleet.vm_count:,} VMs[/], seed {plan.seed}{scale}", ""]
    parts += _attribute("Packages per VM", plan.packages, plan.fleet.packages, format_number, width)
    parts += _attribute("Report interval", plan.report_interval, plan.fleet.report_interval, _interval, width)
    parts += _forecast(plan)
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
    """A time to the millisecond; where it is a sampled one beyond ten seconds, to the tenth of a second."""
    grain = MILLISECOND if value < 10 * SECOND else 100 * MILLISECOND
    return format_duration(round(value / grain) * grain)


def _attribute(title: str, attribute: Attribute, column: Column, show: Callable[[float], str], width: int) -> list[RenderableType]:
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
    line = flowed([f"{name} {show(value)}" for name, value in figures.items()], width=width)
    cells = bar_cells(width)
    chart = _buckets(attribute, show, cells) if attribute.buckets else _histogram(column, show, cells)
    return [f"[bold]{title}[/]", line, indented(chart), ""]


def _buckets(attribute: Attribute, show: Callable[[float], str], cells: int) -> Table:
    chart = table("", "value", "configured", "assigned", "VMs", "")
    chart.columns[4].justify = "left"
    for row in attribute.buckets:
        chart.add_row(
            "distribution" if row.value is None else show(row.value),
            f"{format_number(float(row.percent))} %",
            f"{format_number(row.actual_percent)} %",
            f"{row.vms:,}",
            bar(row.actual_percent / 100, cells),
        )
    return chart


def _histogram(column: Column, show: Callable[[float], str], cells: int) -> Table:
    """Equal steps from the smallest to the largest value, and how many VMs lie in each."""
    chart = table("", "from", "to", "VMs", "")
    chart.columns[0].justify, chart.columns[3].justify = "right", "left"
    assert CONTINUOUS in column.buckets
    edges, counts = _binned(column.values)
    for number, count in enumerate(counts):
        chart.add_row(show(edges[number]), show(edges[number + 1]), f"{count:,}", bar(count / max(counts), cells))
    return chart


def _binned(values: Sequence[int]) -> tuple[list[float], list[int]]:
    low, high = min(values), max(values)
    rows = min(_HISTOGRAM_ROWS, high - low) or 1
    counts = [0] * rows
    for value in values:
        counts[min(rows - 1, (value - low) * rows // max(1, high - low))] += 1
    return [low + (high - low) * number / rows for number in range(rows + 1)], counts


def _forecast(plan: Plan) -> list[RenderableType]:
    load = plan.forecast
    chart = grid("left", "left")
    rows = [
        ("reports a second", f"{format_number(load.reports_per_second)} on average"),
        (
            "",
            f"{load.peak_reports_per_second:,} at the peak, {_after(load.peak_at_seconds)} after the start, "
            f"out of {_after(load.horizon_seconds)}",
        ),
        ("bytes a second", format_bytes(load.bytes_per_second)),
        ("largest report", format_bytes(load.largest_report_bytes)),
        ("packages", f"{format_number(load.packages_per_report)} per report, {format_number(load.packages_per_vm)} per VM"),
    ]
    if load.reports is not None:
        rows.insert(2, ("reports in all", f"{load.reports:,}"))
    for name, value in rows:
        chart.add_row(name, value)
    return ["[bold]Forecast[/]", indented(chart), ""]


def _after(seconds: int) -> str:
    return format_duration(seconds * SECOND)


def _nodes(plan: Plan) -> list[RenderableType]:
    chart = table("", "node", "VMs", "first CID", "last CID")
    for node in plan.nodes[:_MOST_NODES]:
        last = node.first_cid + node.vms - 1
        chart.add_row(str(node.index), f"{node.vms:,}", *((str(node.first_cid), str(last)) if node.vms else ("-", "-")))
    more = len(plan.nodes) - _MOST_NODES
    parts: list[RenderableType] = ["[bold]Nodes[/]", indented(chart)]
    if more > 0:
        parts.append(f"  ... and {more} more (--format json has them all)")
    return [*parts, ""]
