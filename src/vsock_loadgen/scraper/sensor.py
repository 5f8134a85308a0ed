"""Asks a fleet as Sensor does: a tick starts what is due and waits for the slowest of it."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any

import aiohttp

from vsock_loadgen.payloads.dialects import DIALECTS, LENGTH, MOST_RESPONSE_BYTES, Mark, Response
from vsock_loadgen.payloads.frames import FrameReader, TooLargeError
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.scraper.fleet import KnownFleet
from vsock_loadgen.scraper.manners import GOOD, Manners
from vsock_loadgen.scraper.pacing import Pacer
from vsock_loadgen.scraper.tally import FailureName, Tally
from vsock_loadgen.units import SECOND

SUBPROTOCOL = "plain.kubevirt.io"
_RUBBISH = b"\xff" * 64
_KEPT_SECONDS = 60.0
_UPON_BACKOFF = frozenset({"not_ready", "internal", "busy"})
"""Errors of an agent after which it is asked again soon; after any other, at the next poll."""

_WebSocket = aiohttp.ClientWebSocketResponse[Any]


class _FailedError(Exception):
    """A failed asking."""

    def __init__(self, why: FailureName) -> None:
        super().__init__(why)
        self.why = why


class Sensor:
    """Its driver awaits `run`, and calls `stop`: askings in flight finish."""

    def __init__(
        self,
        url: str,
        fleet: KnownFleet,
        settings: Settings,
        *,
        seed: int = 0,
        tls: ssl.SSLContext | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        manners: Manners = GOOD,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._url = url
        self._fleet = fleet
        self._settings = settings
        self._tls = tls
        self._headers = headers
        self._manners = manners
        self._random = random.Random(f"{seed}/manners").random  # noqa: S311 (to be repeated, not to be secret)
        self._clock_ns = clock_ns
        self._dialect = DIALECTS[fleet.dialect]
        self._pacer = Pacer(len(fleet.indices), settings, now_ns=clock_ns(), seed=seed)
        self._known: dict[int, Mark] = {}
        self._refreshed_ns: dict[int, int] = {}
        self._stopped = asyncio.Event()
        self.tally = Tally(fleet)

    def stop(self) -> None:
        """Begin no more askings."""
        self._stopped.set()

    async def run(self) -> None:
        """Tick until it is stopped."""
        connector = aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._tls or True)
        async with aiohttp.ClientSession(connector=connector, headers=self._headers) as session:
            next_ns = self._clock_ns()
            while not self._stopped.is_set():
                await self._tick(session)
                next_ns = max(next_ns + self._settings.tick_ns, self._clock_ns())
                await self._sleep(next_ns - self._clock_ns())

    async def _sleep(self, time_ns: int) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), max(0, time_ns) / SECOND)

    async def _tick(self, session: aiohttp.ClientSession) -> None:
        room = asyncio.Semaphore(self._settings.concurrency)

        async def ask(vm: int) -> None:
            async with room:
                if not self._stopped.is_set():
                    await self._ask(session, vm)

        due = self._pacer.due(self._clock_ns())
        if due:
            await asyncio.gather(*map(ask, due))

    async def _ask(self, session: aiohttp.ClientSession, vm: int) -> None:
        """Ask a VM, count how that ended, and say when it is due again."""
        now_ns = self._clock_ns()
        refresh_ns = self._refreshed_ns.get(vm)
        is_stale = refresh_ns is None or now_ns - refresh_ns >= self._settings.refresh_ns
        known = Mark() if is_stale else self._known.get(vm, Mark())
        try:
            async with asyncio.timeout(self._settings.timeout_ns / SECOND):
                data = await self._exchange(session, vm, known)
            again_soon = self._count(vm, self._dialect.response(data), len(data))
        except _FailedError as failed:
            self.tally.failures[failed.why] += 1
            again_soon = True
        except TimeoutError:
            self.tally.failures["timeout"] += 1
            again_soon = True
        except ValueError:
            self.tally.failures["invalid_report"] += 1
            again_soon = False
        (self._pacer.retry if again_soon else self._pacer.settle)(vm, self._clock_ns())

    def _count(self, vm: int, response: Response, size: int) -> bool:
        """Count a VM's answer; whether it is to be asked again soon."""
        if response.error:
            self.tally.errors[response.error] += 1
            return response.error in _UPON_BACKOFF
        if response.unchanged:
            self.tally.unchanged += 1
            return False
        if response.report is None:
            self.tally.failures["unexpected"] += 1
            return False
        packages = len(response.report.contents.packages)
        self.tally.count_report(vm, packages, size + LENGTH.size, is_as_planned=self._fleet.is_as_planned(vm, response.report))
        if self._random() < self._manners.nacks:
            self._known.pop(vm, None)
            self._refreshed_ns.pop(vm, None)
            return True
        self._known[vm] = response.mark
        self._refreshed_ns[vm] = self._clock_ns()
        return False

    async def _exchange(self, session: aiohttp.ClientSession, vm: int, known: Mark, *, is_second: bool = False) -> bytes:
        """One connection: a request as two messages, a response in as many as come. Raises _FailedError."""
        request = _RUBBISH if self._random() < self._manners.rubbish else self._dialect.asking(str(uuid.uuid4()), known)
        try:
            ws = await session.ws_connect(
                self._url + self._fleet.path(vm),
                protocols=(SUBPROTOCOL,),
                max_msg_size=MOST_RESPONSE_BYTES + LENGTH.size,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _FailedError("dial_error") from error
        async with self._closing(ws):
            if ws.protocol != SUBPROTOCOL:
                raise _FailedError("dial_error")
            try:
                await ws.send_bytes(LENGTH.pack(len(request)))
                if self._manners.asks_twice and not is_second:
                    await self._ask_beside(session, vm)
                await ws.send_bytes(request)
                return await self._response(ws)
            except (aiohttp.ClientError, OSError, TooLargeError) as error:
                raise _FailedError("read_error") from error

    @asynccontextmanager
    async def _closing(self, ws: _WebSocket) -> AsyncIterator[None]:
        """Close a connection in the end, unless that is left to the agent: then it is kept for longer than any agent waits."""
        try:
            yield
        finally:
            if self._manners.never_closes:
                asyncio.get_running_loop().call_later(_KEPT_SECONDS, _let_go, ws)
            else:
                await ws.close()

    async def _ask_beside(self, session: aiohttp.ClientSession, vm: int) -> None:
        """Ask a VM that is being asked; its answer is counted, and changes nothing else."""
        try:
            said = self._dialect.response(await self._exchange(session, vm, Mark(), is_second=True))
        except _FailedError as failed:
            self.tally.failures[failed.why] += 1
        except asyncio.CancelledError:
            self.tally.failures["timeout"] += 1
            raise
        else:
            self.tally.errors[said.error] += 1

    async def _response(self, ws: _WebSocket) -> bytes:
        """Read a whole response, with the asker's faults. Raises _FailedError if it ends before."""
        reader, manners, taken = FrameReader(MOST_RESPONSE_BYTES), self._manners, 0
        while True:
            message = await ws.receive()
            if message.type is not aiohttp.WSMsgType.BINARY:
                raise _FailedError("read_error")
            taken += len(message.data)
            if manners.break_off_bytes is not None and taken >= manners.break_off_bytes:
                ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                raise _FailedError("broken_off")
            if manners.stop_reading_bytes is not None and taken >= manners.stop_reading_bytes:
                await asyncio.Event().wait()  # until the time for one VM is over
            if (response := reader.feed(message.data)) is not None:
                return response
            if manners.read_bytes_per_second:
                await asyncio.sleep(len(message.data) / manners.read_bytes_per_second)


def _let_go(ws: _WebSocket) -> None:
    """Forget this connection: by now the agent has closed it."""
