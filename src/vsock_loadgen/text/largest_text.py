"""The VMs with the largest reports, as terminal text: how close to the limit they are, and how fast they have to be read."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.plan.largest import LargestGroup
from vsock_loadgen.text.console import grid, indented
from vsock_loadgen.units import SECOND, format_age, format_bytes, format_number, format_seconds


def largest_parts(largest: LargestGroup) -> list[RenderableType]:
    """The rows, under the name of the group."""
    chart = grid("left", "left")
    for name, value in _rows(largest):
        chart.add_row(Text(name), value)
    vms = f"{largest.group.fleet_vms:,} VM{'' if largest.group.fleet_vms == 1 else 's'}"
    return [Text.assemble(("Largest reports", "bold"), f": {vms} with {largest.group.name} packages"), indented(chart), ""]


def _rows(largest: LargestGroup) -> Iterator[tuple[str, str]]:
    size, most = largest.report_bytes, largest.most_bytes
    limit = f", {format_number(100 * size / most)} % of the limit of {format_bytes(most)}" if most else ""
    yield "report", f"{format_bytes(size)}{limit}"
    yield "on the wire", f"{format_seconds(largest.wire_seconds * SECOND)} at 1 Gbit/s"
    for deadline in largest.deadlines:
        yield (
            deadline.what,
            f"needs {format_bytes(largest.needed(deadline))} per second for a report in {format_age(deadline.within_ns)}",
        )
