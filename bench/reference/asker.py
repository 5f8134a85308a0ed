"""Whoever asks, cheaply: websockets by hand over one event loop, one fresh connection for each asking.

    python -m bench.reference.asker '{"port": 1234, "vms": 100, ...}'

Prints a line of JSON when it has begun to be a load, and one with what it did when its time is over.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import uvloop

from vsock_loadgen.payloads.dialects import DIALECTS, LENGTH, Mark

Manner = Literal["ask", "hold", "stop"]
"""What is done with a connection: read all that comes, say nothing after the upgrade, or ask and read nothing."""

_PATH = "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/loadgen-{}/vsock?port=818&tls=true"
_PROBES = ("/healthz", "/apis/subresources.kubevirt.io/v1", "/openapi/v2")
_PROBE_PAUSE_SECONDS = 0.2
_DRAIN_SECONDS = 5.0
_SMALL_WINDOW = 4_096
_OPENING_AT_ONCE = 50
_PING, _CLOSE, _PONG = 0x89, 0x88, 0x8A
_MASKED = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Ask the VMs 0 to `vms` - 1 in turn for `seconds`, `at_once` of them at a time; or at `rate` askings a second (0: as fast as
    answers come). Any manner but "ask" keeps `at_once` connections open. A `certificate` with its key makes that TLS."""

    port: int
    vms: int
    seconds: float
    at_once: int = 20
    rate: float = 0.0
    manner: Manner = "ask"
    certificate: str = ""
    ca: str = ""


@dataclass(slots=True)
class Done:
    """What was done: `whole` answers, their bytes on the wire, what went wrong, the longest that a probe took."""

    whole: int = 0
    bytes: int = 0
    broken: int = 0
    probes: int = 0
    longest_probe_seconds: float = 0.0


class Asking(asyncio.Protocol):
    """One connection, from the upgrade to the end of the answer."""

    def __init__(self, order: Order, vm: int, done: Callable[[int], None], opened: Callable[[], None] = lambda: None) -> None:
        request = DIALECTS["token"].asking("8f14e45f-ceea-467f-a8f1-000000000000", Mark())
        self._request = _frame(0x82, LENGTH.pack(len(request))) + _frame(0x82, request)
        self._order = order
        self._vm = vm
        self._done = done
        self._opened = opened
        self._is_open = False
        self._wanted = self._taken = self._skip = 0
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by descent
        if self._order.manner == "stop":
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)
        self._transport.write(_upgrade(self._vm))

    def data_received(self, data: bytes) -> None:
        """Take what comes, as the manner is."""
        if not self._is_open:
            head, end, data = (self._rest + data).partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._is_open, self._rest = True, b""
            self._opened()
            if self._order.manner != "hold":
                self._transport.write(self._request)
            if self._order.manner == "stop":
                self._transport.pause_reading()
            if not data:
                return
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Walk along the frames, and look into none but the first."""
        data, at = self._rest + data if self._rest else data, 0
        size = len(data)
        while at < size:
            if self._skip:
                step = min(self._skip, size - at)
                self._skip -= step
                at += step
                continue
            head = _head(data, at)
            if head is None or size < at + head[1] + (head[2] if head[0] in (_PING, _CLOSE) else 0 if self._taken else LENGTH.size):
                break
            opcode, start, length = head
            at += start
            if opcode == _CLOSE:
                self._transport.close()
                return
            if opcode == _PING:
                self._transport.write(_frame(_PONG, data[at : at + length]))
                at += length
                continue
            if not self._taken:
                self._wanted = LENGTH.size + LENGTH.unpack_from(data, at)[0]
            self._taken += length
            self._skip = length
        self._rest = data[at:]
        if self._wanted and self._taken >= self._wanted and not self._skip:
            self._transport.write(_frame(_CLOSE, b"\x03\xe8"))

    def connection_lost(self, error: Exception | None) -> None:
        """It is over, well or not."""
        self._done(self._taken if self._wanted and self._taken >= self._wanted and not self._skip else 0)


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """(first byte, bytes of the head, bytes of the payload) of the frame that begins there; None where it is not there yet."""
    if len(data) < at + 10 and (len(data) < at + 2 or len(data) < at + {126: 4, 127: 10}.get(data[at + 1], 2)):
        return None
    length = data[at + 1]
    if length == 126:
        return data[at], 4, int.from_bytes(data[at + 2 : at + 4], "big")
    if length == 127:
        return data[at], 10, int.from_bytes(data[at + 2 : at + 10], "big")
    return data[at], 2, length


def _frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame, masked with zeros."""
    assert len(payload) < 126
    return bytes([opcode, _MASKED | len(payload)]) + bytes(4) + payload


def _upgrade(vm: int) -> bytes:
    return (
        f"GET {_PATH.format(vm)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: plain.kubevirt.io\r\n\r\n"
    ).encode()


class Asker:
    """Does what an order says."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._done = Done()
        self._tls = _tls(order)
        self._next = 0
        self._end = time.monotonic() + order.seconds

    async def run(self) -> Done:
        """All of it."""
        probing = asyncio.create_task(self._probe())
        if self._order.manner != "ask":
            await self._keep()
        elif self._order.rate:
            await self._paced()
        else:
            await asyncio.gather(*(self._keep_asking() for _ in range(self._order.at_once)))
        probing.cancel()
        return self._done

    async def _connect(self, done: Callable[[int], None], opened: Callable[[], None] = lambda: None) -> None:
        vm, self._next = self._next % self._order.vms, self._next + 1
        loop = asyncio.get_running_loop()
        made = Asking(self._order, vm, done, opened)
        await loop.create_connection(lambda: made, "127.0.0.1", self._order.port, ssl=self._tls)

    async def _ask(self) -> None:
        ended = asyncio.get_running_loop().create_future()
        try:
            await self._connect(ended.set_result)
            taken = await ended
        except OSError:
            taken = 0
        self._done.whole += taken > 0
        self._done.broken += taken == 0
        self._done.bytes += taken

    async def _keep_asking(self) -> None:
        while time.monotonic() < self._end:
            await self._ask()

    async def _paced(self) -> None:
        started, asked = time.monotonic(), 0
        under_way: set[asyncio.Task[None]] = set()
        while (now := time.monotonic()) < self._end:
            while asked < (now - started) * self._order.rate:
                task = asyncio.create_task(self._ask())
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                asked += 1
            await asyncio.sleep(max(0.0, started + (asked + 1) / self._order.rate - time.monotonic()))
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=_DRAIN_SECONDS)
            self._done.broken += len(late)

    async def _keep(self) -> None:
        """Open so many connections, say so, and keep them."""
        for start in range(0, self._order.at_once, _OPENING_AT_ONCE):
            opened = [asyncio.Event() for _ in range(min(_OPENING_AT_ONCE, self._order.at_once - start))]
            await asyncio.gather(*(self._connect(self._lost, event.set) for event in opened))
            await asyncio.gather(*(event.wait() for event in opened))
            self._done.whole += len(opened)
        print(json.dumps({"open": self._done.whole}), flush=True)
        await asyncio.sleep(max(0.0, self._end - time.monotonic()))

    def _lost(self, _: int) -> None:
        if time.monotonic() < self._end:
            self._done.broken += 1

    async def _probe(self) -> None:
        """Look at what everybody gets, on a connection of its own each time."""
        while True:
            for path in _PROBES:
                began = time.monotonic()
                reader, writer = await asyncio.open_connection("127.0.0.1", self._order.port, ssl=self._tls)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                await reader.read()
                writer.close()
                self._done.probes += 1
                self._done.longest_probe_seconds = max(self._done.longest_probe_seconds, time.monotonic() - began)
            await asyncio.sleep(_PROBE_PAUSE_SECONDS)


def _tls(order: Order) -> ssl.SSLContext | None:
    if not order.certificate:
        return None
    context = ssl.create_default_context(cafile=order.ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(order.certificate)
    return context


def main(arguments: list[str]) -> int:
    """Do what the order says that is the one argument, as JSON."""
    order = Order(**json.loads(arguments[0]))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began, before = time.monotonic(), os.times()
    done = uvloop.run(Asker(order).run())
    used = os.times()
    said: dict[str, Any] = {
        **asdict(done),
        "elapsed_seconds": time.monotonic() - began,
        "cpu_seconds": used.user + used.system - before.user - before.system,
    }
    print(json.dumps(said), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
