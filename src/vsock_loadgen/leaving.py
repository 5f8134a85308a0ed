"""What a stop signal does while no verb handles it: it ends the command, with 128 and the signal's number.

The handler raises SystemExit, so that files and sockets are put away. Some code does not let that pass: a finalizer, an interpreter
that turns it into another error (Python 3.11 within `__set_name__`), an import of another project that tries something else after
any error. The command ends all the same, as the signal is remembered and a timer looks after it.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS_TO_LEAVE = 5.0


class Leaving:
    """The signal that ends the command, if one came.

    That holds for the first process of a container too, which signals do not end by default.
    """

    def __init__(self) -> None:
        self._exit_code: int | None = None

    def __enter__(self) -> None:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves SIGHUP
                signal.signal(number, self._leave)
        sys.unraisablehook = self._leave_anyway

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """The outcome is settled, and the interpreter's shutdown is no place for an exception. Whatever error the command ended
        with, a signal came first."""
        _ignore_signals()
        if self._exit_code is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.exit(self._exit_code)

    def _leave(self, number: int, frame: FrameType | None) -> NoReturn:
        _ignore_signals()  # a second one must not disturb what is written now
        self._exit_code = exit_code = 128 + number
        signal.signal(signal.SIGALRM, lambda *_: os._exit(exit_code))
        signal.setitimer(signal.ITIMER_REAL, _SECONDS_TO_LEAVE)
        sys.exit(exit_code)

    def _leave_anyway(self, unraised: UnraisableHookArgs) -> None:
        """End the process if `_leave` could not: what is raised in a finalizer, as an import runs some, is caught nowhere. Without
        this it would be shown as a traceback, and the command would continue for as long as the timer lets it."""
        if self._exit_code is not None and isinstance(unraised.exc_value, SystemExit):
            os._exit(self._exit_code)
        sys.__unraisablehook__(unraised)


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
