"""Askers of a fleet that is asked: what is no HTTP, upgrades that are wrong, frames that lie, requests that are none, in any pieces
and over several connections at once."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fuzz.confinement import confined
from fuzz.draws import Draws
from fuzz.oracle import hold
from vsock_loadgen.answering.exchange import Patience
from vsock_loadgen.answering.places import ROOT
from vsock_loadgen.answering.server import AnsweringOrders, AnsweringWorker
from vsock_loadgen.answering.tls import LOGGER
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.loads import Load, loads_of
from vsock_loadgen.engine.worker import Command, Start
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.payloads.dialects import DIALECTS, LENGTH, Facts, Mark
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.preparing import prepare
from vsock_loadgen.units import MILLISECOND

_VMS, _MOST_STEPS, _MOST_CONNECTIONS = 3, 24, 4
_TURN_SECONDS = 0.001
_PATIENCE = Patience(connection_ns=40 * MILLISECOND, busy_ns=10 * MILLISECOND)
_AGENT = f"{ROOT}/namespaces/default/virtualmachineinstances/loadgen-{{}}/vsock?port=818"
_PATHS = (_AGENT.format(0), _AGENT.format(1), _AGENT.format(9), "/healthz", ROOT, "/openapi/v2", "/openapi/v3", "*", "//", "/%00")
_HEADERS = (
    "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: plain.kubevirt.io",
)  # fmt: skip
_WRONG = (
    "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 99", "Sec-WebSocket-Protocol: other", "Content-Length: 5", "Connection: close",
    "Sec-WebSocket-Extensions: permessage-deflate", "Transfer-Encoding: chunked", "Expect: 100-continue", "x" * 9_000, ":",
    "\xff: \xff",
)  # fmt: skip
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "CONNECT", "PRI", "get", "")
_OPCODES = (0x82, 0x81, 0x80, 0x02, 0x88, 0x89, 0x8A, 0xC2, 0x8F, 0x00)


def check(data: bytes) -> None:
    """The server stays up, everything is said in HTTP or not at all, and the accounts hold."""
    draws = Draws(data)
    with confined() as folder, _unhandled() as trouble:
        counts = asyncio.run(_play(draws, folder))
        hold(not trouble, "nothing is left to the library to handle", *trouble)
    ends = counts.delivered + counts.failed + counts.skipped + counts.unfinished
    hold(counts.due == ends >= _VMS, "each report has one end", counts)
    hold(counts.in_flight == counts.asking == 0, "nothing is under way in the end", counts)
    hold(counts.asked.get(Asked.WHOLE, 0) == counts.delivered + counts.again, "a whole taking is a delivery, or one more", counts)


@cache
def _fleet() -> tuple[Load, ReportFactory]:
    said = {"vmCount": str(_VMS), "packages": "150", "reportInterval": "168h"}
    config = load(None, environment={}, overrides=[Override("", name, value) for name, value in said.items()]).config
    plan, factory = prepare(config)
    return loads_of(plan, plan.nodes[0], None)[0], factory


async def _play(draws: Draws, folder: Path) -> Counts:
    """A worker from its start to its end, and the askers of an input."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        listener.listen()
        listener.setblocking(False)
        ours, theirs = Channel.pair()
        worker = AnsweringWorker(0, _fleet()[0], _orders(listener), theirs)
        now_ns = time.monotonic_ns()
        for _ in worker.walk(0, 0):
            pass
        serving = asyncio.create_task(worker._serve(Start(now_ns, time.time_ns())))
        askers = _Askers(draws, folder / "s")
        try:
            for _ in range(_MOST_STEPS):
                if draws.is_over:
                    break
                await askers.step()
            await askers.look()
        finally:
            askers.go()
            ours.send(Command.STOP)
            await serving
            ours.close()
            theirs.close()
    return sum((book.counts for book in worker.accounts._ledger.books), Counts())


def _orders(listener: socket.socket) -> AnsweringOrders:
    return AnsweringOrders(
        duration_ns=0,
        answers=Answers(_fleet()[1], DIALECTS["token"], Facts("fuzz", {}), 0),
        listener=listener,
        namespace="default",
        name_of="loadgen-{}".format,
        patience=_PATIENCE,
    )


@dataclass
class _Askers:
    """Connections that are open, and what is done with them."""

    draws: Draws
    address: Path
    _open: list[socket.socket] = field(default_factory=list)

    async def step(self) -> None:
        """One thing that an asker does, and a moment for the server."""
        if not self._open or (len(self._open) < _MOST_CONNECTIONS and self.draws.flag()):
            asker = socket.socket(socket.AF_UNIX)
            asker.setblocking(False)
            asker.connect(str(self.address))
            self._open.append(asker)
        asker = self.draws.pick(self._open)
        match self.draws.number(7):
            case 0:
                self._send(asker, self.draws.data())
            case 1:
                self._send(asker, self._request())
            case 2 | 3:
                self._send(asker, _upgrade(self.draws.number(2), ()))
            case 4:
                self._send(asker, self._frame())
            case 5:
                request = DIALECTS["token"].asking("id", Mark())
                self._send(asker, _framed(0x82, LENGTH.pack(len(request)) + request))
            case 6:
                with suppress(OSError):
                    asker.recv(1 << 20)
            case 7:
                self._open.remove(asker)
                asker.close()
        await asyncio.sleep(_TURN_SECONDS if self.draws.flag() else 0)

    def _request(self) -> bytes:
        """A head that may be wrong in any place."""
        draws = self.draws
        headers = [header for header in _HEADERS if draws.number(7)] + [draws.pick(_WRONG) for _ in range(draws.number(2))]
        line = f"{draws.pick(_METHODS)} {draws.pick(_PATHS)} HTTP/{draws.pick(('1.1', '1.0', '9.9', ''))}"
        return "\r\n".join([line, *headers, "", draws.text(20)]).encode("latin-1", "replace")

    def _frame(self) -> bytes:
        """A frame that may say anything of itself."""
        payload = self.draws.data(60)
        if self.draws.flag():
            return _framed(self.draws.pick(_OPCODES), payload)
        length = self.draws.pick((b"\x80", b"\xfe\xff\xff", b"\xff" + b"\xff" * 8, b"\x05", b"\xfe\x00\x01"))
        return bytes([self.draws.pick(_OPCODES)]) + length + bytes(4) + payload

    def _send(self, asker: socket.socket, data: bytes) -> None:
        with suppress(OSError):
            asker.send(data)

    async def look(self) -> None:
        """Whatever askers do, a look at the server's health is answered."""
        reader, writer = await asyncio.open_unix_connection(self.address)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        hold(answer.startswith(b"HTTP/1.1 200 "), "a look is answered", answer)

    def go(self) -> None:
        """Close whatever is open."""
        for asker in self._open:
            asker.close()


def _upgrade(vm: int, more: Sequence[str]) -> bytes:
    return "\r\n".join([f"GET {_AGENT.format(vm)} HTTP/1.1", *_HEADERS, *more, "", ""]).encode()


def _framed(first: int, payload: bytes) -> bytes:
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


class _Trouble(logging.Handler):
    """Keeps what the library logs of its own accord."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an entry, with its exception."""
        self.said.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


@contextmanager
def _unhandled() -> Iterator[list[str]]:
    """What nobody has handled meanwhile."""
    trouble, loggers = _Trouble(), [LOGGER, logging.getLogger("aiohttp.server"), logging.getLogger("asyncio")]
    for logger in loggers:
        logger.addHandler(trouble)
    try:
        yield trouble.said
    finally:
        for logger in loggers:
            logger.removeHandler(trouble)
