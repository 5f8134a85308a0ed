"""What an asker would make of a fleet, as terminal text: how often it asks, and how stale the scanner's knowledge would be."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from vsock_loadgen.plan.asked import AskedForecast, Central
from vsock_loadgen.text.console import grid, indented
from vsock_loadgen.units import format_age, format_bytes, format_duration, format_number


def asked_plan_parts(asked: AskedForecast, vms: int) -> list[RenderableType]:
    """The rows, under a title that says who asks."""
    chart = grid("left", "left")
    for name, value in _rows(asked, vms):
        chart.add_row(name, value)
    asker, release = asked.asker, "September" if asked.asker.is_spread else "August"
    spread = f" and up to {format_duration(asker.spread_ns)} more" if asker.spread_ns else ""
    says = f"Sensor of {release} 2026, every {format_duration(asker.poll_ns)}{spread}"
    return [f"[bold]Asked for its reports[/] by {says}", indented(chart), ""]


def _rows(asked: AskedForecast, vms: int) -> Iterator[tuple[str, str]]:
    """Name and value; a row without a name continues the one above."""
    yield "askings per second", f"{format_number(asked.askings_per_second)}: a VM is asked every {format_age(asked.interval_ns)}"
    if asked.most_askings is not None:
        yield "", f"at most {format_number(asked.most_askings)}, {asked.starts:,} in each tick of {format_age(asked.tick_ns)}"
    yield "taken", f"{format_number(asked.whole_rate)} whole reports and {format_bytes(asked.bytes_per_second)} per second"
    yield "asked once", f"all {vms:,} VMs {_after(asked)}"
    half, most = (format_age(asked.response_ns(percent)) for percent in (50, 99))
    yield "response time", f"{half} (P50), {most} (P99): the age of what the scanner knows"
    yield "never asked for", f"{format_number(asked.never_asked_percent)} % of the new reports, replaced by a newer one first"
    if len(asked.never_asked) > 1:
        shares = ", ".join(f"{group.name} {format_number(group.percent)} %" for group in asked.never_asked)
        yield "", f"by report interval: {shares}"
    if (central := asked.central) is not None:
        yield "Central", f"takes {central.rate:g} per second: the first reports are through {_through(asked, central)}"


def _after(asked: AskedForecast) -> str:
    is_at_once = asked.asked_once_ns < asked.tick_ns
    return f"in the first tick, {asked.asker.concurrency} at once" if is_at_once else f"after {format_age(asked.asked_once_ns)}"


def _through(asked: AskedForecast, central: Central) -> str:
    is_at_once = central.first_reports_ns <= asked.asked_once_ns
    return "by then" if is_at_once else f"after {format_age(central.first_reports_ns)}"
