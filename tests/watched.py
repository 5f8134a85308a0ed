"""The command under observation: a process, its children and its temporary folder, from its start until nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from command import TIMEOUT_SECONDS, children_of, command_line, environment, read_until

SMALL = (
    *("run", "--target", "embedded", "--vm-count", "20", "--num-packages", "5", "--report-interval", "200ms"),
    *("--metrics-port", "0", "--jitter", "0", "--workers", "1", "--stats-interval", "1s"),
)
"""A run until it is told to stop: a receiver and one worker."""
ONCE = ("--vm-count", "100", "--report-interval", "1s", "--duration", "1s")
"""As fast as `SMALL`, for a second in which every VM reports once: 100 reports, none of which finds its VM busy with another, and
no more than can be started at the last moment. All of them arrive, however busy the machine is."""
_STAT_STATE, _STAT_SESSION = 0, 3


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left of a process: what it said, and how it ended (negative: by that signal)."""

    code: int
    out: str
    log: str


class Watched:
    """A command in a session of its own, so that whatever it starts can be found."""

    def __init__(self, process: subprocess.Popen[str], temporary: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.temporary = temporary

    def read_until(self, text: str) -> str:
        """Read the log up to the line that contains a text."""
        return read_until(self.process, text)

    @property
    def children(self) -> list[int]:
        """The processes that it has started and that were not waited for: the embedded receiver first, then the workers."""
        return children_of(self.pid)

    def kill(self, number: signal.Signals, *pids: int) -> None:
        """Send a signal to these processes, or else to the command."""
        for pid in pids or (self.pid,):
            os.kill(pid, number)

    def kill_all(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, as a terminal does."""
        os.killpg(self.pid, number)

    def ended(self) -> Ended:
        """Wait for the end, see that no process and no temporary file outlives it, and that no traceback was its last word."""
        out, log = self.process.communicate(timeout=TIMEOUT_SECONDS)
        assert "Traceback" not in log, log
        self.until(lambda: not self.session)
        assert list(self.temporary.iterdir()) == []
        return Ended(self.process.returncode, out or "", log or "")

    @property
    def session(self) -> list[int]:
        """The living processes of the command's session."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (fields := _stat(entry)) and fields[_STAT_STATE] not in "ZX":
                found += [int(entry.name)] if int(fields[_STAT_SESSION]) == self.pid else []
        return found

    @staticmethod
    def until(holds: Callable[[], object]) -> None:
        """Wait until something holds, which must come to pass by itself."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.005)


def state_of(pid: int) -> str:
    """The state of a process in one letter, as in /proc: T where it is stopped; empty where it is gone."""
    return (_stat(Path(f"/proc/{pid}")) or [""])[_STAT_STATE]


def _stat(process: Path) -> list[str]:
    """The fields of a process's state from the third one on; empty where it is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@contextmanager
def watched(
    *arguments: str | Path,
    setup: Sequence[str] = (),
    prefix: Sequence[str] = (),
    stdin: int | IO[str] = subprocess.DEVNULL,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] = subprocess.PIPE,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Watched]:
    """Start the command; nothing of it outlives the block.

    `setup` are statements that its interpreter runs first, `prefix` a command that starts it and becomes it.
    """
    line = command_line(*arguments)
    if setup:
        program = "\n".join([*setup, "from vsock_loadgen.cli.main import main", "main()"])
        line = [sys.executable, "-c", program, *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as temporary:  # a socket's path must be short
        process = subprocess.Popen(
            [*prefix, *line],
            env=environment({"TMPDIR": temporary} | dict(extra or {})),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
        one = Watched(process, Path(temporary))
        try:
            yield one
        finally:
            for pid in one.session:
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, signal.SIGKILL)
            process.communicate()


def accounts(path: Path) -> dict[str, Any]:
    """The result in a file, after a look at whether its accounts balance."""
    result: dict[str, Any] = json.loads(path.read_text())
    totals = result["totals"]
    fates = ("delivered", "failed", "skipped", "unfinished", "in_flight")
    assert totals["due"] == sum(totals[fate] for fate in fates), totals
    assert not (result["complete"] and totals["in_flight"])
    assert totals["failed"] == sum(result["failures"].values())
    return result
