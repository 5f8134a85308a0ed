"""A terminal that is drawn on as a whole, and given back as it was, however the program ends or is stopped.

Drawing goes to the alternate screen, always from its top left corner and over what is there, so that nothing flickers. A new size
of the window is right with the next frame. There is no thread: a frame is drawn when there is something new to show. rich styles
the text. Its Live does not draw it: that would not give the terminal back for Ctrl-Z, and would keep a size from the environment
(COLUMNS).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

from rich.console import Console
from rich.segment import Segment, Segments

from vsock_loadgen.watching.foreground import is_in_foreground
from vsock_loadgen.watching.keyboard import Keyboard

Line = Sequence[Segment]

_ENTER = "\x1b[?1049h\x1b[?25l"  # the alternate screen, without a cursor
_LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE = "\x1b[H", "\x1b[K"
_DEFAULT_SIZE = os.terminal_size((80, 24))
_PUT_ASIDE = (signal.SIGTSTP, signal.SIGQUIT)  # Ctrl-Z and Ctrl-\
_OFF = frozenset({"", "0", "false", "no"})


def can_be_drawn_on(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that can be drawn on and is watched: not a dumb one, not in CI, not of a job in the
    background."""
    if not stream.isatty() or environment.get("TERM", "dumb") == "dumb":
        return False
    return environment.get("CI", "").lower() in _OFF and is_in_foreground(stream.fileno())


def _cut(line: Line, columns: int) -> list[Segment]:
    return Segment.adjust_line_length(list(line), columns, pad=False)


class Screen:
    """A full screen on a terminal, from the first frame until it is left. Enter it in the main thread.

    Ctrl-Z and Ctrl-\\ give the terminal back before they stop or end the process; a job in the background draws nothing. A terminal
    that has gone away is not written to again. `keys` is the keyboard, taken and given back with the screen.
    """

    def __init__(self, stream: TextIO, keys: TextIO | None = None) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._console = Console(file=stream, force_terminal=True, highlight=False, legacy_windows=False)
        self._is_shown = False
        self._was_stopped = False
        self._is_gone = False
        self.keyboard = Keyboard(keys)
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def has_unicode(self) -> bool:
        """Whether the terminal's encoding has block and line characters."""
        return (self._stream.encoding or "").lower().replace("-", "").startswith("utf")

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines, now."""
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return _DEFAULT_SIZE
        return size if size.columns and size.lines else _DEFAULT_SIZE

    def __enter__(self) -> Self:
        for number in _PUT_ASIDE:
            self._previous[number] = signal.signal(number, self._put_aside)
        self._previous[signal.SIGCONT] = signal.signal(signal.SIGCONT, self._go_on)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._give_back()
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def draw(self, lines: Sequence[Line]) -> None:
        """Show a frame: at most as many lines as the screen has; what is longer than a line is cut off."""
        if self._is_gone or not is_in_foreground(self._descriptor):
            return
        columns, rows = self.size
        drawn = [_cut(line, columns) for line in lines[:rows]]
        with self._console.capture() as capture:
            self._console.print(
                Segments([segment for line in drawn for segment in (*line, Segment.line())]), end="", soft_wrap=True
            )
        texts = capture.get().split("\n")[:-1] + [""] * (rows - len(drawn))
        # After a full line the cursor still stands on its last column, which must not be erased.
        full = [Segment.get_line_length(line) == columns for line in drawn] + [False] * (rows - len(drawn))
        text = "\r\n".join(text if is_full else text + _REST_OF_LINE for text, is_full in zip(texts, full, strict=True))
        try:
            enters = not self._is_shown or self._was_stopped
            self._is_shown, self._was_stopped = True, False  # before: a signal may arrive in the middle of what follows
            if enters:
                self.keyboard.take()
            self._stream.write(f"{_ENTER if enters else ''}{_HOME}{text}")
            self._stream.flush()
            self._is_shown = True
        except (OSError, ValueError):
            self._is_gone = True

    def _give_back(self) -> None:
        """Leave the screen. Written past the stream's buffer, since a signal may have arrived in the middle of a frame."""
        self.keyboard.give_back()
        if self._is_shown and not self._is_gone:
            self._is_shown = False
            try:
                os.write(self._descriptor, _LEAVE.encode())
            except OSError:
                self._is_gone = True

    def _put_aside(self, number: int, frame: FrameType | None) -> None:
        """Give the terminal back, then do what the signal does; when the process goes on, so does the screen."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._put_aside)

    def _go_on(self, number: int, frame: FrameType | None) -> None:
        """The process was stopped, perhaps unnoticed, and another one had the terminal meanwhile."""
        self._was_stopped = True
