"""A comparison in Markdown, to be pasted into a ticket or a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vsock_loadgen.printable import printable
from vsock_loadgen.results.comparison import Comparison
from vsock_loadgen.results.conditions import JudgedCondition
from vsock_loadgen.text.comparison_sheet import HEADINGS, SPREAD_MEANING, sheet_of


def comparison_markdown(comparison: Comparison, judged: Sequence[JudgedCondition] = ()) -> str:
    """The comparison as a document of its own."""
    sheet = sheet_of(comparison, judged)
    parts = ["## Comparison"]
    if sheet.verdict:
        parts += [f"**{sheet.verdict}**", "\n".join(f"- {_escaped(condition)}" for condition in sheet.conditions)]
    parts.append(_table(("side", "run", "verdict"), sheet.runs))
    parts += [_escaped(f"{name} proves nothing about its target: {'; '.join(reasons)}") for name, reasons in sheet.invalid]
    parts.append(sheet.plan)
    for title, differing in (("setup", sheet.setup), ("machine", sheet.machines)):
        if differing:
            parts.append(_table((title, *sheet.letters), differing))
    for letter, rows in zip(sheet.letters[1:], sheet.figures, strict=True):
        parts.append(_table(("figure", "A", letter, *HEADINGS), rows))
    for letter, groups in zip(sheet.letters[1:], sheet.groups, strict=True):
        if groups:
            rows = [row for group in groups.values() for row in group]
            parts += ["### By group of VMs", _table(("figure", "A", letter, *HEADINGS), rows)]
    parts.append(f"{SPREAD_MEANING.capitalize()}.")
    return "\n\n".join(parts) + "\n"


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *(tuple(map(_escaped, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """The text with nothing in it that Markdown would take for markup, on one line."""
    return re.sub(r"([\\`*\[\]<>|#~&$]|(?<!\w)_|_(?!\w))", r"\\\1", printable(" ".join(text.split())))
