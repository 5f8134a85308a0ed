"""The run's log: an entry per event, as a line for people or as a JSON object for machines."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TextIO

from vsock_loadgen.printable import encodable, printable

Level = Literal["info", "warning", "error"]
Format = Literal["text", "json"]

_MOST_RECENT = 200
_MOST_HELD = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `wall_seconds` is seconds since the epoch; `event` is its kind, a stable word; `fields` are its figures."""

    wall_seconds: float
    level: Level
    event: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def as_text(self) -> str:
        """A line for people, with the local time in front; always one line, even if the message quotes several."""
        clock = time.strftime("%H:%M:%S", time.localtime(self.wall_seconds))
        return f"{clock} {'' if self.level == 'info' else f'{self.level}: '}{printable(self.message)}"

    def as_json(self) -> str:
        """One JSON object in one line: time (RFC 3339, UTC), level, event, message, then the fields."""
        moment = datetime.fromtimestamp(self.wall_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"time": moment, "level": self.level, "event": self.event, "message": self.message}
        return json.dumps(head | dict(self.fields))


class Log:
    """Writes entries to a stream; if it is gone, nothing more is written, and the run continues."""

    def __init__(self, stream: TextIO, wall_seconds: Callable[[], float] = time.time, style: Format = "text") -> None:
        self.style = style
        self._stream = stream
        self._wall_seconds = wall_seconds
        self._is_gone = False
        self._recent: deque[Entry] = deque(maxlen=_MOST_RECENT)
        self._held: deque[str] | None = None
        self._left_out = 0

    def line(self, text: str, event: str = "note", fields: Mapping[str, object] | None = None) -> None:
        """An event of the run."""
        self._add("info", text, event, fields)

    def alert(self, text: str, event: str = "note", fields: Mapping[str, object] | None = None) -> None:
        """Something that a person should check."""
        self._add("warning", text, event, fields)

    def error(self, text: str, event: str = "note", fields: Mapping[str, object] | None = None) -> None:
        """Something that ends the run."""
        self._add("error", text, event, fields)

    def block(self, text: Callable[[], str], message: str, event: str, fields: Callable[[], Mapping[str, object]]) -> None:
        """An event that has several lines: for people the text as it is, for machines the message and the fields. Only what is
        wanted is made."""
        if self.style == "json":
            self.line(message, event, fields())
        else:
            self._write(text())

    def recent(self) -> list[Entry]:
        """The last entries, oldest first."""
        return list(self._recent)

    def hold(self) -> None:
        """Write nothing until `release`: something else has the terminal."""
        if self._held is None:
            self._held = deque(maxlen=_MOST_HELD)

    def release(self) -> None:
        """Write what was held back, the oldest left out if it was too much."""
        held, self._held = self._held, None
        if self._left_out:
            self._write(f"... {self._left_out:,} earlier lines left out\n")
            self._left_out = 0
        for text in held or ():
            self._write(text)

    def _add(self, level: Level, message: str, event: str, fields: Mapping[str, object] | None) -> None:
        entry = Entry(self._wall_seconds(), level, event, message, fields or {})
        self._recent.append(entry)
        self._write((entry.as_json() if self.style == "json" else entry.as_text()) + "\n")

    def _write(self, text: str) -> None:
        if self._held is not None:
            self._left_out += len(self._held) == _MOST_HELD
            self._held.append(text)
            return
        if self._is_gone:
            return
        try:
            self._stream.write(encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError):
            self._is_gone = True
