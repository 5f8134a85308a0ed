"""A comparison in Markdown, for a ticket or a merge request."""

from __future__ import annotations

from collections.abc import Sequence

from vsock_loadgen.results.comparison import Comparison
from vsock_loadgen.results.conditions import JudgedCondition
from vsock_loadgen.text.comparison_sheet import HEADINGS, SPREAD_MEANING, sheet_of
from vsock_loadgen.text.markdown import escaped, markdown_table


def comparison_markdown(comparison: Comparison, judged: Sequence[JudgedCondition] = (), *, only_beyond: bool = False) -> str:
    """The comparison as a document of its own; with `only_beyond`, without the differences that are within the spread."""
    sheet = sheet_of(comparison, judged, only_beyond=only_beyond)
    parts = ["## Comparison"]
    if sheet.verdict:
        parts += [f"**{sheet.verdict}**", "\n".join(f"- {escaped(condition)}" for condition in sheet.conditions)]
    parts.append(markdown_table(("side", "run", "verdict"), sheet.runs))
    parts += [escaped(f"{name} proves nothing about its target: {'; '.join(reasons)}") for name, reasons in sheet.invalid]
    parts += [" ".join(filter(None, (sheet.plan, sheet.order))), *sheet.warnings]
    for title, differing in (("setup", sheet.setup), ("machine", sheet.machines)):
        if differing:
            parts.append(markdown_table((title, *sheet.letters), differing))
    for letter, rows in zip(sheet.letters[1:], sheet.figures, strict=True):
        parts.append(_figures(letter, rows))
    for letter, groups in zip(sheet.letters[1:], sheet.groups, strict=True):
        if groups:
            parts += ["### By group of VMs", _figures(letter, [row for group in groups.values() for row in group])]
    if sheet.left_out:
        parts.append(f"{sheet.left_out:,} figures differ only within their own spread (--all shows them).")
    parts.append(f"{SPREAD_MEANING.capitalize()}.")
    return "\n\n".join(parts) + "\n"


def _figures(letter: str, rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return f"No figure of the whole run differs between A and {letter} by more than its own spread."
    return markdown_table(("figure", "A", letter, *HEADINGS), rows)
