"""Requests to stop, from signals, a timer or the run: the first asks for an orderly end, the second for one without waiting."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from vsock_loadgen.errors import StoppedError
from vsock_loadgen.leaving import STOP_SIGNALS
from vsock_loadgen.units import SECOND

_SHORTEST_TIMER_SECONDS = 1e-6  # zero would mean no timer


class StopRequests:
    """While entered, counts stop signals instead of dying from them; its descriptor becomes readable with each. A SIGHUP that is
    ignored, as nohup leaves it, stays ignored.

    With `after_ns` a request comes from a timer after that many nanoseconds. Must be entered in the main thread.
    """

    def __init__(self, *, after_ns: int | None = None) -> None:
        self.count = 0
        self.first_signal: signal.Signals | None = None
        """The stop signal that came first; None if there is none, or if the run itself had asked before."""
        self._signals = 0
        self._raises = False
        self._after_ns = after_ns
        self._reader, self._writer = socket.socketpair()
        self._previous: dict[signal.Signals, Any] = {}
        self._previous_wakeup = -1

    def fileno(self) -> int:
        """The descriptor, to wait on."""
        return self._reader.fileno()

    def request(self) -> None:
        """Ask for an orderly end, unless one was asked for already."""
        if self.count == 0:
            self.count = 1
            self._writer.send(b"\0")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While entered, a signal, present or past, raises StoppedError: for waits before a run, which listen to nothing else."""
        self._raises = True
        try:
            self.check()
            yield
        finally:
            self._raises = False

    def settle(self) -> None:
        """Ignore signals once this is left: how the process ends is settled."""
        self._previous.update({number: signal.SIG_IGN for number in self._previous if number in STOP_SIGNALS})

    def wait_for_signal(self) -> None:
        """Return once a signal has arrived; at once if one has already. A request of the run itself does not count."""
        while not self._signals:
            select.select([self], [], [])
            self.clear()

    def clear(self) -> None:
        """Make the descriptor unreadable until the next signal."""
        while True:
            try:
                self._reader.recv(64)
            except BlockingIOError:
                return

    def _count(self, number: int, frame: FrameType | None) -> None:
        if self.count == 0 and number in STOP_SIGNALS:
            self.first_signal = signal.Signals(number)
        self.count += 1
        self._signals += 1
        if self._raises:
            self.check()

    def check(self) -> None:
        """Raise StoppedError if a signal has arrived."""
        if self.first_signal:
            raise StoppedError(self.first_signal.name, self.first_signal)

    def __enter__(self) -> Self:
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._previous_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGALRM):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            self._previous[number] = signal.signal(number, self._count)
        if self._after_ns is not None:
            signal.setitimer(signal.ITIMER_REAL, max(self._after_ns / SECOND, _SHORTEST_TIMER_SECONDS))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_wakeup)
        self._reader.close()
        self._writer.close()
