"""What a user hands over as a file, or as stdin: read whole, up to a limit, with what is wrong in words."""

from __future__ import annotations

import sys
from pathlib import Path

STDIN = Path("-")
"""Stands for stdin in place of a file that is read."""


class InputError(ValueError):
    """A file that cannot be used. `line` is the wrong line, from 1; 0 if it is the whole file."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def name_of(path: Path, line: int = 0) -> str:
    """An input as messages name it, with the wrong line if there is one."""
    name = "stdin" if path == STDIN else str(path)
    return f"{name}:{line}" if line else name


def read_input(path: Path, most_bytes: int, too_large: str) -> bytes:
    """The content of an input. Raises InputError, with the words `too_large` for one of more than `most_bytes`."""
    try:
        if path == STDIN:
            content = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with path.open("rb") as file:
                content = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # the latter of a name that cannot be one
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > most_bytes:
        raise InputError(too_large)
    return content


def text_of(content: bytes) -> str:
    """Content as text, without a byte order mark. Raises InputError with the line of what is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"found byte 0x{content[error.start]:02X}, expected UTF-8", line) from None
