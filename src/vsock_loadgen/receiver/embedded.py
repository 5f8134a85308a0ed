"""A receiver in a process of its own, on a unix socket in a private directory."""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from vsock_loadgen.config.address import UnixAddress, parse_address
from vsock_loadgen.errors import CompanionLostError, InternalError, TargetError, exit_code_of, how_it_ended
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.receiver.tally import Decoded
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import SECOND

DRAIN_NS = 10 * SECOND
_STOP = b"stop"
_SOCKET = "receiver.sock"
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST_STOP_SECONDS = 30.0
_LONGEST_END_SECONDS = 15.0


class EmbeddedReceiver:
    """Takes reports in a forked process until it is stopped, or until this process is gone.

    `start` before any thread exists. The child ignores the signals of the terminal, since the run still sends while it
    comes to its end, and leaves nothing behind: it removes its directory and ends when this process vanishes without a
    word. A context manager that starts and, where that was not done, stops.
    """

    def __init__(self, *, decode: Callable[[bytes], Decoded], behaviour: Behaviour | None = None) -> None:
        self._decode = decode
        self._behaviour = behaviour
        self._address: UnixAddress | None = None
        self._directory: Path | None = None
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    @property
    def address(self) -> UnixAddress:
        """Where the started receiver listens."""
        if self._address is None:
            raise InternalError("the embedded receiver's address was asked for before it was started")
        return self._address

    @property
    def pid(self) -> int:
        """The process of the started receiver."""
        if self._process is None or self._process.pid is None:
            raise InternalError("the embedded receiver's process was asked for before it was started")
        return self._process.pid

    def start(self) -> UnixAddress:
        """Listen, fork, and return the address. Raises TargetError where the temporary directory takes no socket."""
        self._directory = _private_directory()
        try:
            self._address, listener = _listen_in(self._directory)
            with listener:
                self._pipe, self._process = self._fork(listener, self._directory)
        except BaseException:
            _remove(self._directory)
            raise
        # When the interpreter ends, multiprocessing waits for its children, and this one waits for the pipe's end.
        atexit.register(self._pipe.close)
        return self._address

    def _fork(self, listener: socket.socket, directory: Path) -> tuple[Connection, BaseProcess]:
        """The pipe to the child, and the child."""
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_serve,
            args=(listener, directory, ours, theirs, self._decode, self._behaviour),
            name="vsock-loadgen-receiver",
        )
        # A signal between the fork and the child's own settings must not reach it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        return ours, process

    def stop(self) -> Receipt:
        """Have what is on its way taken, end the process and return what it counted. Raises CompanionLostError if it is gone."""
        if self._pipe is None:
            raise InternalError("the embedded receiver was stopped without having been started, or twice")
        try:
            self._pipe.send_bytes(_STOP)
            receipt = self._pipe.recv() if self._pipe.poll(_LONGEST_STOP_SECONDS) else None
        except (EOFError, OSError):
            receipt = None
        ended = self._end()
        if not isinstance(receipt, Receipt):
            raise CompanionLostError("the embedded receiver", ended)
        return receipt

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> str:
        """Close the pipe, which ends the child, wait for it, and make sure that nothing is left of it. Says how it ended."""
        if self._pipe is None or self._process is None or self._directory is None:
            return ""
        atexit.unregister(self._pipe.close)
        self._pipe.close()
        self._pipe = None
        self._process.join(_LONGEST_END_SECONDS)
        ended = how_it_ended(self._process.exitcode)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._process.close()
        self._process = None
        _remove(self._directory)
        return ended


def _private_directory() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="vsock-loadgen-"))
    except OSError as error:
        raise TargetError(
            f"no folder can be made for the embedded receiver's socket: {error.strerror or error}",
            "set TMPDIR to a folder that can be written to",
        ) from error


def _remove(directory: Path) -> None:
    """Remove the private directory. That takes no descriptor, of which there may be none left."""
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
    parents_end: Connection,
    pipe: Connection,
    decode: Callable[[bytes], Decoded],
    behaviour: Behaviour | None,
) -> None:
    """The child's life. Only the pipe ends it: by a word, or by its end when the parent is gone."""
    signal.set_wakeup_fd(-1)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
    parents_end.close()
    try:
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        with closing(receiver):
            receiver.serve(pipe.fileno())
            with suppress(EOFError, OSError):
                if pipe.recv_bytes() == _STOP:
                    receiver.drain(DRAIN_NS)
                    receiver.close()
                    pipe.send(receiver.receipt())
    except (MemoryError, OSError) as error:
        sys.exit(exit_code_of(error))  # the parent says it
    finally:
        _remove(directory)
