"""A comparison of searches as terminal text and in Markdown: how much more or less holds, then what each search found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import JustifyMethod, RenderableType
from rich.text import Text

from vsock_loadgen.capacity.comparison import Comparison, JudgedHolds
from vsock_loadgen.text.capacity_comparison_sheet import sheet_of
from vsock_loadgen.text.console import grid, indented, rendered
from vsock_loadgen.text.markdown import escaped, markdown_table

ASKED, MACHINES = "Differences of goals and bounds", "Differences of the machines"


def comparison_text(comparison: Comparison, judged: Sequence[JudgedHolds] = (), *, width: int = 80, color: bool = False) -> str:
    """The comparison for people."""
    sheet = sheet_of(comparison, judged)
    parts: list[RenderableType] = []
    if sheet.verdict:
        style = "bold green" if sheet.verdict == "passed" else "bold red"
        parts += [f"[{style}]Comparison: {sheet.verdict}[/]", *(indented(Text(condition)) for condition in sheet.conditions), ""]
    for change, bounds in sheet.changes:
        parts += [Text(change, style="bold"), indented(Text(bounds))]
    parts += [Text(warning, style="bold yellow") for warning in sheet.warnings]
    parts += ["", "[bold]Searches[/], A is the baseline", *_rows(sheet.sides), "", *_rows([("", *sheet.letters), *sheet.found])]
    for title, rows in ((ASKED, sheet.asked), (MACHINES, sheet.machines)):
        if rows:
            parts += ["", title, *_rows([("", *sheet.letters), *rows])]
    return rendered(parts, width=width, color=color)


def _rows(rows: Sequence[tuple[str, ...]]) -> list[RenderableType]:
    columns: list[JustifyMethod] = ["left"] * len(rows[0])
    chart = grid(*columns)
    for row in rows:
        chart.add_row(*map(Text, row))
    return [indented(chart)]


def comparison_markdown(comparison: Comparison, judged: Sequence[JudgedHolds] = ()) -> str:
    """The comparison as a document of its own."""
    sheet = sheet_of(comparison, judged)
    parts = ["## Comparison of capacities"]
    if sheet.verdict:
        parts += [f"**{sheet.verdict}**", _listed(sheet.conditions)]
    parts += [f"**{escaped(change)}**; {escaped(bounds)}" for change, bounds in sheet.changes]
    if sheet.warnings:
        parts.append(_listed(sheet.warnings))
    parts.append(markdown_table(("", *sheet.letters), [("search", *(name for _, name in sheet.sides)), *sheet.found]))
    for title, rows in (("asked", sheet.asked), ("machine", sheet.machines)):
        if rows:
            parts.append(markdown_table((title, *sheet.letters), rows))
    return "\n\n".join(parts) + "\n"


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(text)}" for text in texts)
