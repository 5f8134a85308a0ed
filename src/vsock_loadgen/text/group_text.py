"""The fates of each group's reports, as terminal text: a table for each way in which the fleet is grouped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.measures.cells import are_several
from vsock_loadgen.results.groups import DIMENSIONS, GroupResult, SeenGroup
from vsock_loadgen.results.known import is_at_least
from vsock_loadgen.results.result import Result
from vsock_loadgen.text.console import grid, indented
from vsock_loadgen.text.figure_tables import AT_LEAST, FigureTable, figure_tables, time_text

_FIRST_OUT = ("due", "planned", "age P99", "P50", "skipped", "seen", "delivered")


def group_parts(result: Result, *, width: int) -> list[RenderableType]:
    """The tables, and remarks on what the receiver saw. Nothing if all VMs are in one group of each dimension."""
    shown = {name: groups for name in DIMENSIONS if result.groups and _tells(groups := result.groups.of(name))}
    if not shown:
        return []
    has_skipped = any(group.counts.skipped for groups in shown.values() for group in groups)
    tables = [
        FigureTable(
            f"By {_words(name)}",
            "",
            [group.name for group in groups],
            _columns(groups, has_skipped=has_skipped, has_receiver=result.receiver is not None),
        )
        for name, groups in shown.items()
    ]
    parts: list[RenderableType] = []
    for chart in figure_tables(tables, width=width, first_out=_FIRST_OUT):
        parts += [chart, ""]
    has_vms = any(group.seen is not None and group.seen.vms is not None for groups in shown.values() for group in groups)
    remarks = [Text(remark) for remark in _remarks(result.receiver or {}, list(shown))]
    return [*parts[:-1], indented(_meaning(result, has_vms=has_vms)), *map(indented, remarks), ""]


def _meaning(result: Result, *, has_vms: bool) -> RenderableType:
    meaning = grid("left", "left")
    meaning.add_row("planned", "VMs")
    meaning.add_row("P50, P99", "response time")
    if result.asked is not None:
        meaning.add_row("age P99", "age of delivered reports when they were taken")
    if result.groups and any(_is_at_least(group) for name in DIMENSIONS for group in result.groups.of(name)):
        meaning.add_row(AT_LEAST, "at least: a report of that age or more was open at the end")
    if result.receiver is not None:
        seen = "VMs that arrived as planned, of those that can be identified" if has_vms else "reports that arrived"
        meaning.add_row("seen", seen)
    return meaning


def _tells(groups: Sequence[GroupResult]) -> bool:
    """Whether groups say more than the whole: there are several, or not all VMs of the only one arrived as planned."""
    if are_several(groups):
        return True
    return any(group.seen is not None and group.seen.vms != group.seen.knowable for group in groups)


def _is_at_least(group: GroupResult) -> bool:
    """Whether the group's P99 may be longer than it says."""
    return group.asked is not None and is_at_least(group.response.p99, group.asked.youngest_open_ns)


def _words(dimension: str) -> str:
    return dimension.replace("_", " ")


def _columns(groups: Sequence[GroupResult], *, has_skipped: bool, has_receiver: bool) -> dict[str, list[str]]:
    response = [group.response for group in groups]
    columns = {
        "planned": [f"{group.vms:,}" for group in groups],
        "due": [f"{group.counts.due:,}" for group in groups],
        "delivered": [f"{group.counts.delivered:,}" for group in groups],
        "failed": [f"{group.counts.failed:,}" for group in groups],
    }
    if has_skipped:
        columns["skipped"] = [f"{group.counts.skipped:,}" for group in groups]
    columns["P50"] = [time_text(summary, summary.p50) for summary in response]
    columns["P99"] = [
        time_text(summary, summary.p99, at_least=_is_at_least(group)) for group, summary in zip(groups, response, strict=True)
    ]
    if any(group.asked for group in groups):
        columns["age P99"] = [time_text(group.asked.age, group.asked.age.p99) if group.asked else "-" for group in groups]
    if has_receiver:
        columns["seen"] = [_seen(group.seen) for group in groups]
    return columns


def _seen(seen: SeenGroup | None) -> str:
    if seen is None:
        return "-"
    if seen.vms is None or seen.knowable is None:
        return f"{seen.reports:,} reports"
    return f"{seen.vms:,} of {seen.knowable:,}"


def _remarks(receiver: Mapping[str, object], dimensions: Sequence[str]) -> Iterator[str]:
    """Why figures of the receiver are missing, and what else it saw."""
    ungrouped, strangers, not_seen = (receiver.get(name) for name in ("ungrouped", "strangers", "not_seen"))
    reasons = not_seen if isinstance(not_seen, Mapping) else {}
    if isinstance(ungrouped, int) and ungrouped and "report_interval" in dimensions and "report_interval" not in reasons:
        yield f"{_vms(ungrouped)} sent fewer than two reports, so their interval is unknown"
    if isinstance(strangers, int) and strangers:
        yield f"{_vms(strangers)} arrived with an unplanned CID or number of packages"
    for name in dimensions:
        if name in reasons:
            yield f"seen by {_words(name)} is unknown: {reasons[name]}"


def _vms(count: int) -> str:
    return f"{count:,} VM{'' if count == 1 else 's'}"
