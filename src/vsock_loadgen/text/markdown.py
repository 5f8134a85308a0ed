"""Pieces of Markdown in which nothing that comes from elsewhere is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vsock_loadgen.printable import printable


def markdown_table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; the headings are markup, the cells are not."""
    lines = [headings, ("---",) * len(headings), *(tuple(map(escaped, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """The text with nothing in it that Markdown would take for markup, on one line."""
    return re.sub(r"([\\`*\[\]<>|#~&$]|(?<!\w)_|_(?!\w))", r"\\\1", printable(" ".join(text.split())))
