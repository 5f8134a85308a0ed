"""Keys as they are pressed, without a line's end and without being shown, on a terminal that is given back as it was.

Ctrl-C and Ctrl-Z stay signals. A job in the background does not touch the terminal: reading it (SIGTTIN) or setting it (SIGTTOU)
would stop the job.
"""

from __future__ import annotations

import os
import select
import signal
import termios
from typing import Any, TextIO

from vsock_loadgen.watching.foreground import is_in_foreground

_LOCAL_MODES, _SPECIAL_CHARACTERS = 3, 6
_MOST_AT_ONCE = 3
"""A longer piece is pasted text, not a key."""


class Keyboard:
    """The keys of a terminal. Between `take` and `give_back`, which may be called repeatedly, they come one by one. `stream` None,
    or one that is not a terminal, has no keys."""

    def __init__(self, stream: TextIO | None) -> None:
        self._descriptor = stream.fileno() if stream is not None and stream.isatty() else None
        self._before: list[Any] | None = None
        self._on_reading: Any = None

    @property
    def is_there(self) -> bool:
        """Whether there are keys to press."""
        return self._descriptor is not None

    def take(self) -> None:
        """Have keys come one by one, if this process is in the foreground."""
        if self._descriptor is None or not is_in_foreground(self._descriptor):
            return
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTSTP, signal.SIGQUIT))  # their effect is to be undone
        try:
            now = termios.tcgetattr(self._descriptor)
            if self._before is None:
                self._before = termios.tcgetattr(self._descriptor)
                self._on_reading = signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # put into the background in this very moment
            now[_LOCAL_MODES] &= ~(termios.ICANON | termios.ECHO)
            now[_SPECIAL_CHARACTERS][termios.VMIN] = now[_SPECIAL_CHARACTERS][termios.VTIME] = 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, now)
        except (OSError, termios.error):
            self._descriptor = None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def give_back(self) -> None:
        """Leave the terminal as it was, unless another process has it by now."""
        before, self._before = self._before, None
        if self._descriptor is None or before is None:
            return
        signal.signal(signal.SIGTTIN, self._on_reading)
        if not is_in_foreground(self._descriptor):
            return
        try:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, before)
        except (OSError, termios.error):
            self._descriptor = None

    def pressed(self) -> str:
        """The keys since the last time, without waiting."""
        if self._descriptor is None or self._before is None or not is_in_foreground(self._descriptor):
            return ""
        try:
            ready, _, _ = select.select([self._descriptor], [], [], 0)
            keys = os.read(self._descriptor, 1_024).decode("ascii", "ignore") if ready else ""
        except (OSError, ValueError):
            return ""
        return keys if len(keys) <= _MOST_AT_ONCE and keys.isprintable() else ""
