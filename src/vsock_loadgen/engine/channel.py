"""Messages between a worker and its parent: pickled, with their length in front, over a private socket pair.

Unpickling runs what it reads. Only the two processes have an end of the pair: it has no name and is inherited by fork alone.
Another process that could write to it already controls this one, so another format would not keep it out.

A worker must never wait for its parent. What does not fit the socket's buffer stays in an outbox, and the worker cuts no new
snapshot until that is empty.
"""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 18


class Channel:
    """One end of a connection between two processes of the same run."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._outbox = bytearray()
        self._inbox = bytearray()
        self.closed = False

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two connected ends."""
        one, other = socket.socketpair()
        return cls(one), cls(other)

    def fileno(self) -> int:
        """The descriptor, to wait on."""
        return self._sock.fileno()

    def send(self, message: object) -> bool:
        """Send as much of a message as possible without waiting; returns whether all is sent."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._outbox += _LENGTH.pack(len(data)) + data
        return self.flush()

    def flush(self, *, wait: bool = False) -> bool:
        """Send what the outbox holds; returns whether it is empty. A peer that is gone closes the channel."""
        if wait:
            self._sock.setblocking(True)
        try:
            while self._outbox:
                del self._outbox[: self._sock.send(self._outbox)]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
            self._outbox.clear()
        return not self._outbox

    def receive(self) -> list[Any]:
        """The whole messages that have arrived; empty if there are none. `closed` is set when the peer is gone."""
        self._read()
        return list(iter(self._next, None))

    def receive_one(self) -> Any:
        """The first whole message that has arrived; None if there is none. What follows it is kept for the next time, and does not
        make the descriptor readable again."""
        self._read()
        return self._next()

    def _read(self) -> None:
        try:
            while chunk := self._sock.recv(_CHUNK):
                self._inbox += chunk
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def _next(self) -> Any:
        """The first whole message of the inbox; None if it has none."""
        if len(self._inbox) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._inbox)[0]
        if len(self._inbox) < end:
            return None
        message = pickle.loads(self._inbox[_LENGTH.size : end])  # noqa: S301 (written by a fork of this process, see above)
        del self._inbox[:end]
        return message

    def close(self) -> None:
        """Close this end."""
        self.closed = True
        self._sock.close()
