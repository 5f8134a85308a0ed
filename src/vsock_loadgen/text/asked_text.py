"""The outcome of a fleet that was asked for its reports: what the asker knows, and how askings ended."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.measures.askings import Kind
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.known import Known, is_at_least
from vsock_loadgen.results.measured import TimeSummary
from vsock_loadgen.text.console import grid, indented
from vsock_loadgen.units import format_age


@dataclass(frozen=True, slots=True)
class Words:
    """What accounts and times mean in a mode."""

    skipped: str
    unfinished: str
    response: str
    service: str
    lag: str


def asked_words(counts: Counts) -> Words:
    """Those of a fleet that is asked."""
    since = [f"{count:,} {_SINCE[why]}" for why, count in counts.ended_by.items() if count]
    return Words(
        skipped=f"not asked for in time ({', '.join(since)})" if since else "not asked for in time",
        unfinished="still waiting at the end",
        response="from due until the asker had this report or a newer one, every due report",
        service="from the connection to the receipt, every delivered report",
        lag="from the whole request to the first byte of the answer: the generator's own lateness",
    )


_SINCE = {
    "replaced": "replaced by a newer scan",
    "off": "of VMs that were switched off",
    "restarted": "of agents that were restarted",
}
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("whole", "took the whole report"),
    ("unchanged", "had the report already"),
    ("errors", "an error of the agent, or an injected fault"),
    ("failed", "broke off half-way"),
    ("refused", "refused before the upgrade"),
    ("cut", "in flight at the end"),
)


def asked_parts(counts: Counts, known: Known, response: TimeSummary, seen: object = None) -> list[RenderableType]:
    """What the asker knows, and the accounts of the askings; `seen` is how many reports an embedded asker has counted."""
    parts: list[RenderableType] = [indented(Text(line)) for line in _known(counts, known, response)]
    chart = grid("left", "right", "left")
    for kind, says in _KINDS:
        chart.add_row(kind, f"{counts.asked_of(kind):,}", f"{says}{_of(counts, kind)}" if counts.asked_of(kind) else "")
    if isinstance(seen, int):
        parts.append(indented(Text(f"the asker counted {seen:,} reports, and {counts.asked_of('whole'):,} were taken")))
    return [*parts, "", f"[bold]Askings: {counts.askings:,}[/]", indented(chart), ""]


def _of(counts: Counts, kind: Kind) -> str:
    """The ways in which askings of a kind ended, if there are several or the kind does not say it."""
    if kind == "whole":
        return f", {counts.again:,} of them again" if counts.again else ""
    if kind == "unchanged":
        return f", {counts.claimed:,} of them reports that were never delivered here" if counts.claimed else ""
    ways = [
        f"{count:,} {way}" for way, count in sorted(counts.asked.items(), key=lambda item: -item[1]) if way.kind == kind and count
    ]
    return f": {', '.join(ways)}" if kind != "cut" else ""


def _known(counts: Counts, known: Known, response: TimeSummary) -> list[str]:
    """What the scanner knew of the fleet, in sentences."""
    lines = []
    if counts.initial:
        lines.append(f"{counts.initial:,} of the due reports are from before the run and have no response time")
    if known.known_after_ns is not None:
        lines.append(f"the whole fleet was known after {format_age(known.known_after_ns)}")
    else:
        lines.append(f"{known.known_vms:,} of {known.vms:,} VMs were known at the end")
    if response.p99 is not None:
        least = "at least " if is_at_least(response.p99, known.youngest_open_ns) else ""
        lines.append(f"what the scanner knows is up to {least}{format_age(response.p99)} old (P99)")
    age = known.age
    if age.p50 is not None and age.p99 is not None:
        lines.append(f"reports were {format_age(age.p50)} old when they were taken (P50), {format_age(age.p99)} (P99)")
    if known.open:
        were = "report was" if known.open == 1 else "reports were"
        lines.append(f"{known.open:,} {were} open at the end: what is counted is the least that the response time can be")
    return lines
