"""What owns the terminal while it is entered."""

from __future__ import annotations

import signal
from types import TracebackType
from typing import Self

from vsock_loadgen.log import Log
from vsock_loadgen.watching.screen import Screen


class OnScreen:
    """To be inherited by what draws on a screen: while it is entered, it holds the log's lines back until the terminal is free."""

    def __init__(self, screen: Screen, log: Log) -> None:
        self._screen = screen
        self._log = log

    def __enter__(self) -> Self:
        self._screen.__enter__()
        self._log.hold()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._screen.__exit__(kind, error, trace)
        self._log.release()

    def pressed(self) -> str:
        """The keys that were pressed since the last time, but for `q`, which does what Ctrl-C does."""
        keys = self._screen.keyboard.pressed()
        for _ in range(keys.count("q")):
            signal.raise_signal(signal.SIGINT)
        return keys.replace("q", "")
