"""A process beside a run that is its other side: it is forked, stopped through a pipe, and returns what it counted."""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from vsock_loadgen.errors import CompanionLostError, InternalError, exit_code_of, how_it_ended
from vsock_loadgen.leaving import STOP_SIGNALS

STOP = b"stop"
"""The word that asks it for what it has counted."""

T = TypeVar("T")


class Companion(Generic[T]):
    """A forked process that ends when it is stopped, or when this process is gone. It counts something of a `kind`.

    `name` is its name among processes and in messages. It ignores the terminal's signals, since the run still needs it while it
    drains.
    """

    def __init__(self, name: str, kind: type[T], *, longest_stop_seconds: float, longest_end_seconds: float) -> None:
        self._name = name
        self._kind = kind
        self._longest_stop_seconds = longest_stop_seconds
        self._longest_end_seconds = longest_end_seconds
        self._pipe: Connection | None = None
        self._process: BaseProcess | None = None

    @property
    def pid(self) -> int:
        """The process."""
        if self._process is None or self._process.pid is None:
            raise InternalError(f"the embedded {self._name}'s process was asked for before it was started")
        return self._process.pid

    def start(self, live: Callable[[Connection], None]) -> None:
        """Fork it, before any thread exists: `live` is its life, and ends when its end of the pipe has STOP, or is at its end."""
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_lived, args=(live, ours, theirs), name=f"vsock-loadgen-{self._name}"
        )
        # A signal between the fork and the child's own settings must not reach it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._pipe, self._process = ours, process
        # When the interpreter ends, multiprocessing waits for its children, and this one waits for the pipe's end.
        atexit.register(ours.close)

    def stop(self) -> T:
        """Let what is in flight finish, end the process and return what it counted. Raises CompanionLostError."""
        if self._pipe is None:
            raise InternalError(f"the embedded {self._name} was stopped without having been started, or twice")
        try:
            self._pipe.send_bytes(STOP)
            counted = self._pipe.recv() if self._pipe.poll(self._longest_stop_seconds) else None
        except (EOFError, OSError):
            counted = None
        ended = self.end()
        if not isinstance(counted, self._kind):
            raise CompanionLostError(f"the embedded {self._name}", ended)
        return counted

    def end(self) -> str:
        """Close the pipe, which ends the child, wait for it, and make sure that nothing is left of it. Returns how it ended."""
        if self._pipe is None or self._process is None:
            return ""
        atexit.unregister(self._pipe.close)
        self._pipe.close()
        self._pipe = None
        self._process.join(self._longest_end_seconds)
        ended = how_it_ended(self._process.exitcode)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._process.close()
        self._process = None
        return ended


def _lived(live: Callable[[Connection], None], parents_end: Connection, pipe: Connection) -> None:
    """The child's life. Only the pipe ends it: by a word, or by EOF when the parent is gone."""
    signal.set_wakeup_fd(-1)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    parents_end.close()
    try:
        live(pipe)
    except (MemoryError, OSError) as error:
        sys.exit(exit_code_of(error))  # the parent says it
