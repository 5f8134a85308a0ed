"""An asker in a process of its own, beside the fleet that it asks."""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from vsock_loadgen.errors import CompanionLostError, InternalError, exit_code_of, how_it_ended
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.sensor import Sensor

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP = b"stop"
_LONGEST_STOP_SECONDS = 45.0
_LONGEST_END_SECONDS = 5.0


class EmbeddedAsker:
    """Asks in a forked process until it is stopped, or until this process is gone. Enter it before any thread exists; leaving it
    ends the process, whatever happened."""

    def __init__(self, make: Callable[[], Sensor]) -> None:
        self._make = make
        self._pipe: Connection | None = None
        self._process: BaseProcess | None = None

    def __enter__(self) -> Self:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_ask, args=(self._make, ours, theirs), name="vsock-loadgen-asker"
        )
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)  # none may reach it before it ignores them
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._pipe, self._process = ours, process
        atexit.register(ours.close)  # the interpreter waits for its children, and this one for the pipe's end
        return self

    def stop(self) -> Scraped:
        """Let what is under way come to its end, end the process and return what it counted. Raises CompanionLostError."""
        if self._pipe is None:
            raise InternalError("the embedded asker was stopped without having been started, or twice")
        found = None
        with suppress(EOFError, OSError):
            self._pipe.send_bytes(_STOP)
            found = self._pipe.recv() if self._pipe.poll(_LONGEST_STOP_SECONDS) else None
        ended = self._end()
        if not isinstance(found, Scraped):
            raise CompanionLostError("the embedded asker", ended)
        return found

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> str:
        """Close the pipe, which ends the child, and see that it has gone. Says how it ended."""
        if self._pipe is None or self._process is None:
            return ""
        atexit.unregister(self._pipe.close)
        self._pipe.close()
        self._process.join(_LONGEST_END_SECONDS)
        ended = how_it_ended(self._process.exitcode)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._process.close()
        self._pipe = self._process = None
        return ended


def _ask(make: Callable[[], Sensor], parents_end: Connection, pipe: Connection) -> None:
    """The child's life: only the pipe ends it, by a word, or by its end when the parent is gone."""
    signal.set_wakeup_fd(-1)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
    parents_end.close()
    try:
        asyncio.run(_until_told(make, pipe))
    except (MemoryError, OSError) as error:
        sys.exit(exit_code_of(error))  # the parent says it


async def _until_told(make: Callable[[], Sensor], pipe: Connection) -> None:
    sensor = make()
    loop = asyncio.get_running_loop()

    def told() -> None:
        loop.remove_reader(pipe.fileno())
        sensor.stop()

    loop.add_reader(pipe.fileno(), told)
    await sensor.run()
    with suppress(EOFError, OSError):
        if pipe.recv_bytes() == _STOP:
            pipe.send(sensor.tally.scraped())
