"""Parts of documents that a program writes: each stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Parts = Mapping[str, Callable[[], str]]
"""What stands between the marks of each name."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def current(text: str, name: str, parts: Parts) -> str:
    """A document's text with every part as it should be. Raises ValueError if one has no place in it."""
    for part_name, part in parts.items():
        opening, closing = f"<!-- generated: {part_name} -->", f"<!-- end: {part_name} -->"
        found = re.findall(f"{opening}.*?{closing}", text, re.DOTALL)
        if len(found) != 1:
            raise ValueError(f"{name} has {len(found)} places for {opening}, expected one")
        text = text.replace(found[0], f"{opening}\n{part()}\n{closing}")
    return text


def renew(document: Path, parts: Parts, command: str, *, check: bool) -> None:
    """Write a document, or compare it; ends with a message that names the command if it is not current."""
    put(document, current(document.read_text(), document.name, parts), command, check=check)


def put(document: Path, text: str, command: str, *, check: bool) -> None:
    """As `renew`, of a document that has nothing else."""
    if not check:
        document.write_text(text)
    elif document.read_text() != text:
        sys.exit(f"{document.name} is not what the code says: run {command}")
