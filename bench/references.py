"""The references: built here with cc and go, run as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import BenchError, end, spawn

_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE / "reference"
BUILD = _HERE / "build"
_READY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class References:
    """The built programs; `go_missing` says why there is no Go sender."""

    sink: Path
    floor: Path
    gosender: Path | None
    go_missing: str = ""


@dataclass(frozen=True, slots=True)
class SinkReceipt:
    """What a receiver counted over its life. `first_byte_ns` is on the clock of time.monotonic_ns, 0 where nothing came."""

    connections: int
    bytes: int
    first_byte_ns: int
    cpu_seconds: float


def build() -> References:
    """Build what has changed. Raises BenchError where the C compiler is missing or refuses."""
    BUILD.mkdir(exist_ok=True)
    if shutil.which("cc") is None:
        raise BenchError("no C compiler found, expected `cc` (Debian: apt-get install gcc libc6-dev)")
    for name in ("sink", "floor"):
        source = _SOURCES / f"{name}.c"
        _compile(["cc", "-O2", "-Wall", "-Wextra", "-o"], BUILD / name, [source], source)
    if shutil.which("go") is None:
        return References(
            BUILD / "sink", BUILD / "floor", None, "no `go` found: the Go sender is skipped (apt-get install golang-go)"
        )
    gosender = _SOURCES / "gosender"
    _compile(["go", "build", "-o"], BUILD / "gosender", list(gosender.iterdir()), Path())
    return References(BUILD / "sink", BUILD / "floor", BUILD / "gosender")


def _compile(command: Sequence[str], program: Path, sources: Sequence[Path], argument: Path) -> None:
    if program.exists() and program.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return
    offline = os.environ | {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOCACHE": str(BUILD / "go-cache")}
    whole = [*command, str(program), str(argument)]
    done = subprocess.run(whole, cwd=sources[0].parent, env=offline, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"`{' '.join(whole)}` failed, expected it to build:\n{done.stderr}")


class Sink:
    """A running receiver."""

    def __init__(self, process: subprocess.Popen[bytes], scratch: Path) -> None:
        self._process = process
        self._scratch = scratch

    def stop(self) -> SinkReceipt:
        """End the receiver and read its count."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_READY_SECONDS)
        seen = json.loads((self._scratch / "sink.out").read_text())
        return SinkReceipt(seen["connections"], seen["bytes"], seen["first_byte_ns"], seen["user_seconds"] + seen["system_seconds"])


@contextmanager
def running_sink(references: References, path: Path, cpus: frozenset[int]) -> Iterator[Sink]:
    """A receiver that listens on `path` for as long as the context lasts. Raises BenchError where it does not come up."""
    path.unlink(missing_ok=True)
    process = spawn([references.sink, path], cpus, path.parent, "sink")
    try:
        await_socket(process, path)
        yield Sink(process, path.parent)
    finally:
        end(process)


def await_socket(process: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until a receiver's socket is there. Raises BenchError."""
    deadline = time.monotonic() + _READY_SECONDS
    while not path.is_socket():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"the receiver did not listen on {path.name}, exit code {process.poll()}")
        time.sleep(0.005)


def last_json_line(text: str) -> dict[str, Any]:
    """The JSON object in the last line of a reference's output. Raises BenchError."""
    lines = text.strip().splitlines()
    if not lines:
        raise BenchError("a reference printed nothing, expected a line of JSON")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
