"""The run's log: one line an event, with the wall clock in front."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO


class Log:
    """Writes lines to a stream; one that is gone is not written to again, and the run goes on."""

    def __init__(self, stream: TextIO, wall_seconds: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._wall_seconds = wall_seconds
        self._is_gone = False

    def line(self, text: str) -> None:
        """An event, stamped with the local time."""
        self._write(f"{time.strftime('%H:%M:%S', time.localtime(self._wall_seconds()))} {text}\n")

    def alert(self, text: str) -> None:
        """Something that a person should look at."""
        self.line(f"warning: {text}")

    def block(self, text: str) -> None:
        """Text of several lines, as it is."""
        self._write(text)

    def _write(self, text: str) -> None:
        if self._is_gone:
            return
        try:
            self._stream.write(_encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):
            self._is_gone = True


def _encodable(text: str, encoding: str | None) -> str:
    """The text with a question mark for what the stream's encoding lacks: a bar chart must not end the log."""
    name = encoding or "utf-8"
    return text.encode(name, "replace").decode(name)
