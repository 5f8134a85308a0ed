"""A reconciliation as terminal text: what the target's own counters say of the reports."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.sensor_reconciliation import NOTHING, THEIRS, WHOLE, SensorReconciliation
from vsock_loadgen.text.console import grid, indented


def reconciliation_parts(found: Reconciliation) -> list[RenderableType]:
    """The section of a result; or why it is missing, if the counters could not be read."""
    title = "[bold]The target's own counters[/]"
    if found.growth is None:
        return [title, indented(Text(found.problem)), ""]
    chart = grid("left", "right", "left")
    for name, count, remark in _rows(found, found.growth):
        chart.add_row(name, f"{count:,}", remark if count else "")
    return [title, indented(chart), ""]


def sensor_parts(found: SensorReconciliation) -> list[RenderableType]:
    """The section of a result about Sensor's counters; why it is missing, if they could not be read."""
    title = "[bold]Sensor's own counters[/]"
    theirs = found.theirs
    if theirs is None or found.attempts is None:
        return [title, indented(Text(found.problem)), ""]
    chart = grid("left", "right", "right", "left")
    chart.add_row("", "here", "Sensor", "")
    for end, statuses in THEIRS.items():
        here, there = found.ours.get(end, 0), theirs.get(end, 0)
        if here or there or end == WHOLE:
            attempts = {status: found.attempts.get(status, 0) for status in statuses}
            names = [f"{count:,} {status}" for status, count in attempts.items() if count]
            remark = ", ".join(names) if len(names) > 1 or end == NOTHING else ""
            chart.add_row(end.replace("_", " "), f"{here:,}", f"{there:,}", remark)
    if found.nacks:
        chart.add_row("refused by Central", "", f"{found.nacks:,}", "asked for again")
    if found.central:
        outcomes = found.central.outcomes
        counts = found.central.problem if outcomes is None else ", ".join(f"{count:,} {name}" for name, count in outcomes.items())
        chart.add_row("Central's limiter", "", "", counts or "no report came")
    if found.unexplained:
        chart.add_row("unexplained", f"{found.unexplained:,}", "", found.lacks or found.remark)
    return [title, indented(chart), ""]


def _rows(found: Reconciliation, counted: TargetCounters) -> list[tuple[str, int, str]]:
    unexplained = found.unexplained or 0
    return [
        ("sent", found.sent, "delivered reports of this run"),
        ("uncertain", found.uncertain, "not delivered, but may have arrived: given up at a timeout or at the end"),
        ("accepted", counted.accepted, "connections, including those without a report"),
        ("received", counted.received, "reports that were read, decoded and accepted"),
        ("forwarded", counted.forwarded, "reports that were passed on"),
        ("mismatching CID", counted.mismatching_cid, "discarded: not the CID of the connection"),
        ("rate limited", counted.rate_limited, "discarded: too soon after the VM's last one"),
        ("not forwarded", counted.not_forwarded, "discarded: the next stage did not take them"),
        ("no handler", counted.no_handler, "connections closed unread: no handler became free"),
        ("pending", counted.pending, "received, but not passed on so far"),
        ("unexplained", unexplained, "delivered, but in no counter" if unexplained > 0 else "received, but not from this run"),
    ]
