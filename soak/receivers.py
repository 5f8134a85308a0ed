"""The receivers of a soak, one after the other behind one address, and the sum of what they counted.

The target is a symbolic link to the socket of the receiver that stands, so that one can take over from another without a gap: the
link is switched, the old one is left alone until none of its connections is open any more, and only then ended. What it counted is
exact then.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from bench.running import PRODUCT

CONFIG = "config.json"
"""The run's config, in the soak's folder."""
_SOCKETS = Path("/proc/net/unix")
_READY_SECONDS = 30.0
_END_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_NICENESS = "5"  # a receiver stands for another machine: it must not take the processor from the generator


class SoakError(Exception):
    """The soak could not go on: what was found, what was expected."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What receivers or askers counted: `reports` that came whole, `connections` of any kind, and `lives`, how many of them there
    were. Of an asker's connections, `timeouts` were given up, and may have brought a report all the same; those that were `refused`
    may have been none."""

    reports: int = 0
    connections: int = 0
    lives: int = 0
    timeouts: int = 0
    refused: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(slots=True)
class Standing:
    """A receiver that runs. `books` is where a mortal one writes what it counted; the others print it."""

    process: subprocess.Popen[bytes]
    socket: Path
    output: Path
    books: Path | None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def open_connections(self) -> int:
        """Connections to it that the kernel has, waiting to be accepted or accepted; its listener is none."""
        path = f" {self.socket}"
        return max(0, sum(line.endswith(path) for line in _SOCKETS.read_text().splitlines()) - 1)

    def counted(self) -> Counted:
        """What it counted; to be asked when it has ended. Raises SoakError where it left no books."""
        text = (self.books or self.output).read_text()
        try:
            document = json.loads(text)
            return Counted(document["reports"], document["connections"], 1)
        except (ValueError, KeyError) as error:
            raise SoakError(f"a receiver left {text[-200:]!r}, expected what it had counted") from error


@dataclass(slots=True)
class Receivers:
    """Starts receivers in a private folder and keeps their books. `longest_wait_seconds` bounds every wait for open connections."""

    folder: Path
    longest_wait_seconds: float
    counted: Counted = field(default_factory=Counted)
    _number: int = 0
    _standing: Standing | None = None
    _running: list[Standing] = field(default_factory=list)

    @property
    def target(self) -> Path:
        """Where the reports go."""
        return self.folder / "target.sock"

    @property
    def standing(self) -> Standing:
        """The receiver behind the target."""
        if self._standing is None:
            raise SoakError("no receiver stands, expected one to have been started")
        return self._standing

    def start(self, *options: str, mortal: bool = False) -> Standing:
        """Start another receiver beside the one that stands: `vsock-loadgen receive` with these options, or a mortal one."""
        self._number += 1
        return self._spawn(self.folder / f"receiver-{self._number}.sock", options, mortal=mortal)

    def stand(self, receiver: Standing) -> Standing:
        """Put a receiver behind the target; returns it."""
        link = self.folder / "target.new"
        link.symlink_to(receiver.socket)
        link.replace(self.target)
        self._standing = receiver
        return receiver

    def start_again(self) -> Standing:
        """Start a well-behaved receiver on the socket of one that has ended, and so behind the target."""
        self._number += 1
        self._standing = self._spawn(self.standing.socket, (), mortal=False)
        return self._standing

    def take_over(self, *options: str, mortal: bool = False) -> Standing:
        """Let a new receiver stand in place of the present one, without a gap, and end that one when it has nothing left to do."""
        old = self.standing
        new = self.stand(self.start(*options, mortal=mortal))
        self.settle(old)
        self.end(old)
        return new

    def settle(self, receiver: Standing) -> None:
        """Wait until none of a receiver's connections is open."""
        deadline = time.monotonic() + self.longest_wait_seconds
        while receiver.open_connections() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def end(self, receiver: Standing, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal that ends a receiver, wait for its end, and add what it counted."""
        receiver.send(number)
        try:
            receiver.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise SoakError(f"a receiver did not end within {_END_SECONDS:.0f} s of {number.name}") from error
        self._running.remove(receiver)
        self.counted += receiver.counted()

    def end_all(self) -> Counted:
        """End every receiver that still runs; what all of them counted."""
        for receiver in list(self._running):
            receiver.send(signal.SIGCONT)
            self.end(receiver)
        return self.counted

    def kill_all(self) -> None:
        """Leave nothing running, whatever happened."""
        for receiver in self._running:
            if receiver.process.poll() is None:
                receiver.process.kill()
            receiver.process.wait()

    def _spawn(self, socket: Path, options: Sequence[str], *, mortal: bool) -> Standing:
        stem = self.folder / f"receiver-{self._number}"
        output, log = stem.with_suffix(".out"), stem.with_suffix(".err")
        books = stem.with_suffix(".books") if mortal else None
        command: list[str | Path] = [PRODUCT, "receive", f"unix://{socket}", "--format", "json", *options]
        if books is not None:
            command = [sys.executable, "-m", "soak.mortal", socket, books, *options]
        with output.open("wb") as out, log.open("wb") as err:
            # A session of its own: Ctrl-C in the terminal is for the soak alone.
            process = subprocess.Popen(
                ["nice", "-n", _NICENESS, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                cwd=Path(__file__).resolve().parents[1],
            )
        receiver = Standing(process, socket, output, books)
        self._running.append(receiver)
        self._await_listening(receiver, output if mortal else log)
        return receiver

    def _await_listening(self, receiver: Standing, file: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while "listening on" not in file.read_text():
            if receiver.process.poll() is not None or time.monotonic() > deadline:
                raise SoakError(f"a receiver said {file.read_text()[-500:]!r}, expected 'listening on'")
            time.sleep(_LOOK_SECONDS / 5)
