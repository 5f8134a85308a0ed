"""What an asker counted, as terminal text."""

from __future__ import annotations

from rich.console import RenderableType

from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.text.console import grid, indented, rendered
from vsock_loadgen.text.figure_tables import FigureTable, figure_tables
from vsock_loadgen.units import format_bytes


def scraped_text(scraped: Scraped, *, width: int = 80, color: bool = False) -> str:
    """The summary for people."""
    chart = grid("left", "right", "left")
    chart.add_row("askings", f"{scraped.askings:,}", "")
    chart.add_row("reports", f"{scraped.reports:,}", f"{format_bytes(scraped.bytes)}, of {scraped.vms:,} VMs")
    chart.add_row("unchanged", f"{scraped.unchanged:,}", "")
    for said, counts in (("the agent's error", scraped.errors), ("failed", scraped.failures)):
        for name, count in counts.items():
            chart.add_row(name, f"{count:,}", said)
    parts: list[RenderableType] = ["[bold]Asked[/]", indented(chart), ""]
    if scraped.strangers:
        parts += [indented(f"{scraped.strangers:,} VMs had an unplanned report"), ""]
    tables = [
        FigureTable(
            f"By {name.replace('_', ' ')}",
            "",
            list(groups),
            {
                "reports": [f"{group.reports:,}" for group in groups.values()],
                "VMs": [f"{group.vms:,}" for group in groups.values()],
                "as planned": [f"{group.as_planned:,}" for group in groups.values()],
            },
        )
        for name, groups in scraped.groups.items()
        if len(groups) > 1
    ]
    for table in figure_tables(tables, width=width) if tables else ():
        parts += [table, ""]
    return rendered(parts, width=width, color=color)
