"""Pieces of Markdown in which foreign text is never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vsock_loadgen.printable import printable


def markdown_table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; the headings are markup, the cells are not."""
    lines = [headings, ("---",) * len(headings), *(tuple(map(escaped, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """The text on one line, with all markup escaped."""
    return re.sub(r"([\\`*\[\]<>|#~&$]|(?<!\w)_|_(?!\w))", r"\\\1", printable(" ".join(text.split())))
