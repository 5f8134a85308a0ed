"""A fleet that is asked, as a process, and askers of another library than its own: they say what they are told to, and no more."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen
from vsock_loadgen.payloads.dialects import DIALECTS, Mark, Response

LENGTH = struct.Struct("!I")
QUIET = ("--listen", "http://127.0.0.1:0", "--metrics-port", "0", "--lag-limit", "1h", "--no-live")
"""A fleet that listens on any free port."""
LARGEST = 32 << 20


class Fleet:
    """The running command."""

    def __init__(self, process: subprocess.Popen[str], result: Path) -> None:
        self.process = process
        self._result = result
        log = read_until(process, "listening on")
        found = re.search(r"listening on (https?)://([0-9.]+):([0-9]+)", log)
        assert found, log
        self.scheme, self.host, self.port = found[1], found[2], int(found[3])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def connect(self, vm: int | str = 0, **options: Any) -> ClientConnection:
        """A websocket to a VM's agent."""
        name = vm if isinstance(vm, str) else f"loadgen-{vm}"
        path = f"/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/{name}/vsock?port=818&tls=true"
        return connect(
            f"{self.scheme.replace('http', 'ws')}://{self.host}:{self.port}{path}",
            **{"subprotocols": ["plain.kubevirt.io"], "compression": None, "max_size": LARGEST, "ping_interval": None} | options,
        )

    def ask(self, vm: int | str = 0, known: Mark | None = None, dialect: str = "token") -> Response:
        """Ask as Sensor does, in two messages, and read to the end."""
        with self.connect(vm) as ws:
            send(ws, request(known, dialect))
            return answer(ws, dialect)

    def end(self) -> dict[str, Any]:
        """Stop it; the result, whose accounts are checked."""
        self.process.send_signal(signal.SIGTERM)
        out, log = self.process.communicate(timeout=TIMEOUT_SECONDS)
        assert "Traceback" not in log, log
        result: dict[str, Any] = json.loads(self._result.read_text())
        balanced(result)
        for groups in result["groups"].values():
            for group in groups:
                balanced(group)
        assert "Askings" in out, out
        return result


def balanced(part: dict[str, Any]) -> None:
    """The identities of the accounts, in the whole and in every group."""
    totals, askings = part["totals"], part.get("askings", {"by_kind": {}, "askings": 0, "again": 0, "under_way": 0})
    assert totals["in_flight"] == askings["under_way"] == 0
    assert totals["due"] == totals["delivered"] + totals["failed"] + totals["skipped"] + totals["unfinished"]
    assert totals["failed"] == sum(part["failures"].values())
    assert askings["askings"] == sum(askings["by_kind"].values())
    assert askings["by_kind"].get("whole", 0) == totals["delivered"] + askings["again"]


def explained(result: dict[str, Any], seen: dict[str, Any]) -> None:
    """Every report and every asking that one end has counted, the other has as well, or says why not: an asker that gave up may
    have been heard or not, and may have had all but the last bytes; a report without a receipt may have been read."""
    ends, failures = result["askings"]["by_end"], seen["failures"]
    timeouts = failures.get("timeout", 0)
    assert seen["reports"] - ends["no_receipt"] - ends["cut"] <= ends["whole"] <= seen["reports"] + timeouts
    unheard = timeouts + failures.get("dial_error", 0)
    assert seen["askings"] - unheard <= result["askings"]["askings"] <= seen["askings"]


@contextmanager
def serving(tmp_path: Path, *arguments: str | Path) -> Iterator[Fleet]:
    """The command, until its test is over."""
    result = tmp_path / "result.json"
    process = start_vsock_loadgen("serve", *QUIET, "--result", result, *arguments)
    try:
        yield Fleet(process, result)
    finally:
        process.kill()
        process.communicate()


def request(known: Mark | None = None, dialect: str = "token") -> bytes:
    """The message of an asker that has this report."""
    return DIALECTS[dialect].asking("8f14e45f-ceea-467f-a8f1-000000000000", known or Mark())


def send(ws: ClientConnection, message: bytes) -> None:
    """Length and message, in two messages."""
    ws.send(LENGTH.pack(len(message)))
    ws.send(message)


def read(ws: ClientConnection) -> bytes:
    """One framed message, out of as many as it takes."""
    gathered = b""
    while len(gathered) < LENGTH.size or len(gathered) < LENGTH.size + LENGTH.unpack_from(gathered)[0]:
        piece = ws.recv(timeout=TIMEOUT_SECONDS)
        assert isinstance(piece, bytes)
        gathered += piece
    return gathered[LENGTH.size :]


def answer(ws: ClientConnection, dialect: str = "token") -> Response:
    """What the agent says."""
    return DIALECTS[dialect].response(read(ws))


def upgrade(vm: int) -> bytes:
    """The request for a websocket to a VM's agent, by hand."""
    path = f"/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/loadgen-{vm}/vsock?port=818"
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: plain.kubevirt.io\r\n\r\n"
    ).encode()


class Mute:
    """An asker by hand, over a plain socket: it reads frames, and answers no PING."""

    def __init__(self, fleet: Fleet, vm: int = 0) -> None:
        self.socket = socket.create_connection((fleet.host, fleet.port), timeout=TIMEOUT_SECONDS)
        self._stream = self.socket.makefile("rb")
        self.socket.sendall(upgrade(vm))
        while (line := self._stream.readline()) != b"\r\n":
            assert line, "the connection ended before the upgrade"

    def send(self, message: bytes) -> None:
        """Length and message, in one frame."""
        data = LENGTH.pack(len(message)) + message
        assert len(data) < 126
        self.socket.sendall(bytes([0x82, 0x80 | len(data)]) + bytes(4) + data)

    def frame(self) -> tuple[int, bytes]:
        """(opcode, payload) of the next frame."""
        first, length = self._stream.read(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._stream.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._stream.read(8))
        return first & 0x0F, self._stream.read(length)

    def read(self) -> list[int]:
        """Read a whole message; the opcodes of the frames that it came in, and of those between."""
        opcodes, gathered = [], b""
        while len(gathered) < LENGTH.size or len(gathered) < LENGTH.size + LENGTH.unpack_from(gathered)[0]:
            opcode, payload = self.frame()
            opcodes.append(opcode)
            gathered += payload if opcode == 2 else b""
        return opcodes

    def close(self) -> None:
        """Go, without a word."""
        self._stream.close()
        self.socket.close()
