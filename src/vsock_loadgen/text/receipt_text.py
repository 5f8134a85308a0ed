"""A receipt as terminal text: what a receiver read, and from how many VMs."""

from __future__ import annotations

from rich.console import RenderableType

from vsock_loadgen.results.receipt import Receipt, Rejection
from vsock_loadgen.text.console import bar, bar_cells, grid, indented, rendered, table
from vsock_loadgen.units import format_bytes

_MOST_ROWS = 20


def receipt_text(receipt: Receipt, *, width: int = 80, color: bool = False) -> str:
    """The receipt for people."""
    chart = grid("left", "right", "left")
    formats = ", ".join(f"{count:,} {name}" for name, count in sorted(receipt.formats.items()))
    for name, count, remark in (
        ("reports", receipt.reports, formats),
        *_thrown_away(receipt),
        ("malformed", receipt.malformed, ""),
        ("rejected", receipt.rejected, _reasons(receipt)),
        ("empty", receipt.empty, "connections without a byte"),
        ("unfinished", receipt.unfinished, ""),
        ("connections", receipt.connections, ""),
    ):
        chart.add_row(name, f"{count:,}", remark if count else "")
    title = f"[bold]Received {format_bytes(receipt.bytes)} from {len(receipt.vms):,} VMs[/]"
    return rendered([title, indented(chart), "", *_by_packages(receipt, bar_cells(width))], width=width, color=color)


_REASONS: dict[Rejection, str] = {
    "no_handler": "no free handler (--max-connections)",
    "too_large": "larger than --max-bytes",
    "read_deadline": "slower than --read-deadline",
    "closed_early": "closed on request (--close-after)",
}


def _reasons(receipt: Receipt) -> str:
    """Why connections were rejected; with a number each if there are several reasons."""
    counts = [(count, _REASONS[reason]) for reason, count in receipt.rejections.items() if count]
    return ", ".join(f"{count:,} {reason}" for count, reason in counts) if len(counts) > 1 else "".join(each[1] for each in counts)


def _thrown_away(receipt: Receipt) -> list[tuple[str, int, str]]:
    """Rows for what a receiver discarded on request; none if it was not asked to, or had no cause."""
    rows = [
        ("mismatching CID", receipt.mismatching_cid, "of the reports, discarded"),
        ("rate limited", receipt.rate_limited, "of the reports, discarded"),
    ]
    return [row for row in rows if row[1]]


def _by_packages(receipt: Receipt, cells: int) -> list[RenderableType]:
    rows = list(receipt.vms_by_packages().items())
    if not rows:
        return []
    chart = table("VMs by packages", "packages", "VMs", "")
    chart.columns[2].justify = "left"
    for packages, vms in rows[:_MOST_ROWS]:
        chart.add_row(f"{packages:,}", f"{vms:,}", bar(vms / len(receipt.vms), cells))
    more = len(rows) - _MOST_ROWS
    return [chart, f"  ... and {more:,} more counts (--format json has them all)" if more > 0 else ""]
