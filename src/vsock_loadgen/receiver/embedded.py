"""A receiver in a process of its own, on a unix socket in a private directory."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from vsock_loadgen.companion import STOP, Companion
from vsock_loadgen.config.address import UnixAddress, parse_address
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.receiver.tally import Decoded
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import SECOND

DRAIN_NS = 10 * SECOND
_SOCKET = "receiver.sock"


class EmbeddedReceiver:
    """Takes reports in a forked process until it is stopped, or until this process is gone.

    `start` before any thread exists. The child ignores the terminal's signals, since the run still sends while it drains, and
    leaves nothing behind: it removes its directory and ends when this process vanishes. A context manager that starts and, if that
    was not done, stops.
    """

    def __init__(self, *, decode: Callable[[bytes], Decoded], behaviour: Behaviour | None = None) -> None:
        self._decode = decode
        self._behaviour = behaviour
        self._address: UnixAddress | None = None
        self._directory: Path | None = None
        self._companion = Companion("receiver", Receipt, longest_stop_seconds=30.0, longest_end_seconds=15.0)

    @property
    def address(self) -> UnixAddress:
        """The address of the started receiver."""
        if self._address is None:
            raise InternalError("the embedded receiver's address was asked for before it was started")
        return self._address

    @property
    def pid(self) -> int:
        """The process of the started receiver."""
        return self._companion.pid

    def start(self) -> UnixAddress:
        """Listen, fork, and return the address. Raises TargetError if the temporary directory takes no socket."""
        self._directory = _private_directory()
        try:
            self._address, listener = _listen_in(self._directory)
            with listener:
                live = partial(_serve, listener, self._directory, self._decode, self._behaviour)
                self._companion.start(live)
        except BaseException:
            _remove(self._directory)
            raise
        return self._address

    def stop(self) -> Receipt:
        """Receive what is on its way, end the process and return what it counted. Raises CompanionLostError if it is gone."""
        try:
            return self._companion.stop()
        finally:
            self._end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._companion.end()
        if self._directory is not None:
            _remove(self._directory)


def _private_directory() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="vsock-loadgen-"))
    except OSError as error:
        raise TargetError(
            f"no folder can be made for the embedded receiver's socket: {error.strerror or error}",
            "set TMPDIR to a folder that can be written to",
        ) from error


def _remove(directory: Path) -> None:
    """Remove the private directory. That needs no descriptor: none may be left."""
    with suppress(OSError):
        (directory / _SOCKET).unlink(missing_ok=True)
        directory.rmdir()


def _listen_in(directory: Path) -> tuple[UnixAddress, socket.socket]:
    try:
        address = parse_address(f"unix://{directory / _SOCKET}")
    except ValueError as error:
        raise TargetError(f"no socket can be made in {directory}: {error}", "set TMPDIR to a folder with a shorter path") from error
    return cast(UnixAddress, address), listen(address)


def _serve(
    listener: socket.socket,
    directory: Path,
    decode: Callable[[bytes], Decoded],
    behaviour: Behaviour | None,
    pipe: Connection,
) -> None:
    """The child's life: take reports until the pipe has a word, or EOF."""
    try:
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        with closing(receiver):
            receiver.serve(pipe.fileno())
            with suppress(EOFError, OSError):
                if pipe.recv_bytes() == STOP:
                    receiver.drain(DRAIN_NS)
                    receiver.close()
                    pipe.send(receiver.receipt())
    finally:
        _remove(directory)
