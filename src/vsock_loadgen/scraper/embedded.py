"""An asker in a process of its own, beside the fleet that it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from vsock_loadgen.companion import STOP, Companion
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.scraper.sensor import Sensor


class EmbeddedAsker:
    """Asks in a forked process until it is stopped, or until this process is gone. Enter it before any thread exists; leaving it
    ends the process, whatever happened."""

    def __init__(self, make: Callable[[], Sensor]) -> None:
        self._make = make
        self._companion = Companion("asker", Scraped, longest_stop_seconds=45.0, longest_end_seconds=5.0)

    def __enter__(self) -> Self:
        self._companion.start(partial(_ask, self._make))
        return self

    def stop(self) -> Scraped:
        """Let what is in flight finish, end the process and return what it counted. Raises CompanionLostError."""
        return self._companion.stop()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._companion.end()


def _ask(make: Callable[[], Sensor], pipe: Connection) -> None:
    """The child's life."""
    asyncio.run(_until_told(make, pipe))


async def _until_told(make: Callable[[], Sensor], pipe: Connection) -> None:
    sensor = make()
    loop = asyncio.get_running_loop()

    def told() -> None:
        loop.remove_reader(pipe.fileno())
        sensor.stop()

    loop.add_reader(pipe.fileno(), told)
    await sensor.run()
    with suppress(EOFError, OSError):
        if pipe.recv_bytes() == STOP:
            pipe.send(sensor.tally.scraped())
