"""What a user hands over as a file: read whole, up to a limit, with what is wrong in words."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """A file that cannot be used. `line` is the one to look at, from 1; 0 where it is the whole."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_input(path: Path, most_bytes: int, too_large: str) -> bytes:
    """The content of a file. Raises InputError, with the words `too_large` for one of more than `most_bytes`."""
    try:
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
