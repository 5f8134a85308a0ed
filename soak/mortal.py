"""A receiver that can die at once and still be accounted for: `python -m soak.mortal SOCKET BOOKS [--backlog N]`.

A process that gets SIGKILL says nothing any more, so nobody would know what it had taken. This one kills itself: on SIGUSR1,
between two reads, it writes its books and then sends itself SIGKILL, with connections half read, others in its backlog, and its
socket file left behind. To its peers that is a death like any other.

What it has read of an open connection decides that report's fate: where it is all of the report, the kernel shows the peer a clean
end, and the report counts as taken; where it is less, or some of it is still unread, the peer sees it break off. SIGTERM ends it in
order: it takes what is on its way, then writes the same books.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.transport.listening import listen, stop_listening

_READ_BYTES = 256 * 1024


class Mortal:
    """Reads every connection to its end and counts it. `reports` are those that came whole; `broken` ended before they were."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._open: dict[int, tuple[socket.socket, bytearray]] = {}
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self.connections = self.reports = self.empty = self.broken = 0

    def turn(self, wait_seconds: float) -> bool:
        """Take what has come; whether anything had."""
        ready = self._epoll.poll(wait_seconds)
        for fileno, _ in ready:
            if fileno == self._listener.fileno():
                self._accept()
            else:
                self._read(fileno)
        return bool(ready)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        self._open[sock.fileno()] = (sock, bytearray())
        self._epoll.register(sock, select.EPOLLIN)
        self.connections += 1

    def _read(self, fileno: int) -> None:
        sock, data = self._open[fileno]
        try:
            chunk = sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        data += chunk
        if not chunk:
            del self._open[fileno]
            self._count(data)
            sock.close()

    def _count(self, data: bytearray) -> None:
        if not data:
            self.empty += 1
        elif is_whole(bytes(data)):
            self.reports += 1
        else:
            self.broken += 1

    def books(self) -> dict[str, int]:
        """The counts, were it to end now: open connections by what was read of them."""
        whole = sum(is_whole(bytes(data)) for _, data in self._open.values())
        return {
            "connections": self.connections,
            "reports": self.reports + whole,
            "empty": self.empty,
            "broken": self.broken + len(self._open) - whole,
        }

    def close(self) -> None:
        """Break off what is open, and listen no more."""
        for sock, _ in self._open.values():
            sock.close()
        self._epoll.close()
        stop_listening(self._listener)


def is_whole(data: bytes) -> bool:
    """Whether this is all of a report."""
    try:
        decode(data)
    except ValueError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    """Take reports until told to die or to end."""
    parser = argparse.ArgumentParser(prog="python -m soak.mortal", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("socket", type=Path)
    parser.add_argument("books", type=Path)
    parser.add_argument("--backlog", type=int, default=4096)
    given = parser.parse_args(arguments)
    told: list[int] = []
    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    listener = listen(UnixAddress(str(given.socket)), backlog=given.backlog)
    mortal = Mortal(listener)
    print(f"listening on unix://{given.socket}", flush=True)
    while not told:
        mortal.turn(0.1)
    if signal.SIGUSR1 in told:
        given.books.write_text(json.dumps(mortal.books()))
        os.kill(os.getpid(), signal.SIGKILL)
    while mortal.turn(0.1):
        pass
    mortal.close()
    given.books.write_text(json.dumps(mortal.books()))


if __name__ == "__main__":
    main()
