"""One asking, from the upgrade to the receipt: read one framed request, write one framed response, and see that it was read.

A PING goes out before the last piece of a report. An asker that answers it has read everything before; whether it read the last
piece, which follows at once, the agent cannot know unless it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientError, WSMsgType, web

from vsock_loadgen.answering.accounts import Asking
from vsock_loadgen.answering.agents import Agents, Place
from vsock_loadgen.answering.places import SUBPROTOCOL
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.payloads.dialects import LENGTH, MOST_REQUEST_BYTES, MOST_RESPONSE_BYTES
from vsock_loadgen.payloads.frames import FrameReader, TooLargeError, pieces
from vsock_loadgen.payloads.reports import Buffer
from vsock_loadgen.units import SECOND

MESSAGE_BYTES = 32 * 1024
_BUFFERED_BYTES = 32 * 1024
_LARGEST_FRAME = MOST_REQUEST_BYTES + MESSAGE_BYTES
_PROBE = b"read?"
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an agent waits, in nanoseconds: for a whole connection, and for the request of an asker while it is busy."""

    connection_ns: int = 30 * SECOND
    busy_ns: int = 2 * SECOND


PATIENCE = Patience()


class BrokenError(Exception):
    """The asker is gone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an asking ended, when, and the bytes of a whole report. What is still to be sent or closed does not concern the
    accounts."""

    how: Asked
    at_ns: int
    size: int = 0


async def opened(request: web.BaseRequest) -> web.WebSocketResponse | None:
    """The websocket that a request asks for, open; None if it asks for none. Raises OSError if the asker is gone."""
    if request.method != "GET":
        return None
    ws = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        autoping=False,
        autoclose=False,
        timeout=_CLOSE_SECONDS,
        max_msg_size=_LARGEST_FRAME,
    )
    try:
        await ws.prepare(request)
    except web.HTTPException:
        return None
    _bound_buffers(request)
    return ws


class Exchange:
    """Asker and agent over one open websocket. `answer` says how it ended."""

    def __init__(
        self, ws: web.WebSocketResponse, asking: Asking, agents: Agents, patience: Patience, clock_ns: Callable[[], int]
    ) -> None:
        self._ws = ws
        self._asking = asking
        self._agents = agents
        self._patience = patience
        self._clock_ns = clock_ns
        self._so_far = Asked.NO_REQUEST

    async def answer(self) -> Outcome:
        """Let the agent of the VM answer: every possible end is an outcome."""
        place = self._agents.enter(self._asking.position)
        if place is None:
            return self._ended(await self._turn_away())
        if self._asking.fault is not None:
            return await self._fail(self._asking.fault, place)
        try:
            async with asyncio.timeout(self._patience.connection_ns / SECOND):
                return await self._serve(place)
        except TimeoutError:
            return self._ended(self._so_far)
        except (BrokenError, ClientError, OSError):
            is_reading = self._so_far is Asked.STOPPED_READING
            return self._ended(Asked.BROKEN_OFF if is_reading else self._so_far)
        finally:
            place.leave()

    async def _fail(self, fault: Asked, place: Place) -> Outcome:
        """Answer with an injected fault, however the asker reacts."""
        try:
            async with asyncio.timeout(self._patience.connection_ns / SECOND):
                if fault is Asked.BUSY:
                    await self._turn_away()
                elif fault is not Asked.DROP:
                    await _request(self._ws)
                    await self._send_faulty(fault)
        except (TimeoutError, BrokenError, TooLargeError, ClientError, OSError):
            pass
        finally:
            place.leave()
        return self._ended(fault)

    async def _send_faulty(self, fault: Asked) -> None:
        """The answer that a fault leaves; one that is stalled lasts until the asker goes, or the agent's time is over."""
        if fault not in (Asked.TRUNCATED, Asked.STALLED, Asked.OVERSIZED):
            await self._ws.send_bytes(self._agents.error(fault, "an injected fault"))
            return
        cut = pieces(self._agents.whole(self._asking.position), MESSAGE_BYTES)
        if fault is Asked.OVERSIZED:
            cut[0] = LENGTH.pack(MOST_RESPONSE_BYTES + 1) + bytes(cut[0][LENGTH.size :])
        for piece in cut[: (len(cut) + 1) // 2]:
            await self._ws.send_bytes(piece)  # type: ignore[arg-type]
        if fault is not Asked.TRUNCATED:
            await _receipt(self._ws)  # which never comes, since no PING asks for one

    async def _turn_away(self) -> Asked:
        """An agent that is busy says so before it has read the request, which it then takes."""
        try:
            async with asyncio.timeout(self._patience.busy_ns / SECOND):
                await self._ws.send_bytes(self._agents.busy)
                await _request(self._ws)
        except (TimeoutError, BrokenError, TooLargeError, ClientError, OSError):
            pass
        return Asked.BUSY

    async def _serve(self, place: Place) -> Outcome:
        agents = self._agents
        try:
            data = await _request(self._ws)
        except TooLargeError as error:
            return await self._refuse(Asked.REQUEST_TOO_LARGE, str(error))
        asked_ns = self._clock_ns()
        self._so_far = Asked.STOPPED_READING
        try:
            request = agents.dialect.request(data)
        except ValueError as error:
            return await self._refuse(Asked.MALFORMED_REQUEST, str(error))
        if request.method != "get_report":
            return await self._refuse(Asked.UNKNOWN_METHOD, f"found {request.method or 'no method'}, expected get_report")
        if delay_ns := agents.delay_ns(self._asking.position):
            self._so_far = Asked.STALLED  # if the agent's timeout is over by then
            await asyncio.sleep(delay_ns / SECOND)
            self._so_far = Asked.STOPPED_READING
        answer = agents.answer(self._asking, request)
        self._asking.book.lag(max(0, self._clock_ns() - asked_ns - delay_ns) + agents.lateness_ns)
        if isinstance(answer, bytes):
            await self._ws.send_bytes(answer)
            return self._ended(Asked.UNCHANGED if self._asking.report else Asked.NOT_READY)
        return await self._hand_over(answer, place)

    async def _hand_over(self, report: list[Buffer], place: Place) -> Outcome:
        """Write a report to its end, which frees the agent for others, and wait for the receipt."""
        ws = self._ws
        *before, last = pieces(report, MESSAGE_BYTES)
        for piece in before:
            await ws.send_bytes(piece)  # type: ignore[arg-type]
        await ws.ping(_PROBE)
        await ws.send_bytes(last)  # type: ignore[arg-type]
        place.leave()
        self._so_far = Asked.NO_RECEIPT
        await _receipt(ws)
        return self._ended(Asked.WHOLE, sum(map(len, report)))

    async def _refuse(self, how: Asked, text: str) -> Outcome:
        await self._ws.send_bytes(self._agents.error(how, text))
        return self._ended(how)

    def _ended(self, how: Asked, size: int = 0) -> Outcome:
        return Outcome(how, self._clock_ns(), size)


def _bound_buffers(request: web.BaseRequest) -> None:
    """Hold no more of a report than this for a slow asker: the rest stays in memory that all reports share."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=_BUFFERED_BYTES)


async def _request(ws: web.WebSocketResponse) -> bytes:
    """The one request of a connection. Raises BrokenError if the asker is gone before, TooLargeError."""
    reader = FrameReader(MOST_REQUEST_BYTES)
    while True:
        message = await ws.receive()
        if message.type is WSMsgType.BINARY:
            if (request := reader.feed(message.data)) is not None:
                return request
        else:
            await _attend(ws, message)


async def _receipt(ws: web.WebSocketResponse) -> None:
    """Wait for the answer to our PING. Raises BrokenError if the asker is gone before."""
    while True:
        message = await ws.receive()
        if message.type is WSMsgType.PONG and bytes(message.data) == _PROBE:
            return
        await _attend(ws, message)


async def _attend(ws: web.WebSocketResponse, message: object) -> None:
    """Other messages: a PING is answered, and unexpected data is skipped. Raises BrokenError at EOF."""
    kind = getattr(message, "type", None)
    if kind is WSMsgType.PING:
        await ws.pong(getattr(message, "data", b""))
    elif kind not in (WSMsgType.PONG, WSMsgType.BINARY, WSMsgType.TEXT):
        raise BrokenError
