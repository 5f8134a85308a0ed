"""The command `vsock-loadgen` as users run it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLES = PROJECT / "examples"
TIMEOUT_SECONDS = 240
"""How long a test waits for what must come to pass: long enough for a machine that does much else, since only a hang gets there."""
_PATIENT = {"LOADGEN_LAG_LIMIT": "1h", "LOADGEN_MAX_LOST": "100%"}
"""A run whose verdict is about the target, not about how busy this machine is; what is about lateness says --lag-limit itself, and
what is about lost reports --max-lost (a busy machine skips some)."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would reconfigure a run, but for a patience that outlasts a busy machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOADGEN_") and key != "NODE_NAME"}
    return kept | _PATIENT | dict(extra or {})


def command_line(*arguments: str | Path) -> list[str]:
    """The full command with these arguments."""
    return [sys.executable, "-m", "vsock_loadgen", *map(str, arguments)]


def vsock_loadgen(*arguments: str | Path, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command_line(*arguments),
        env=environment(extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def start_vsock_loadgen(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command; whoever called it waits for it."""
    return subprocess.Popen(
        command_line(*arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read the process's log up to the line that contains a text; the lines read. Fails when the log ends before."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"the log ended before {text!r}: {''.join(lines)}")


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hold_up_a_worker(process: subprocess.Popen[str]) -> None:
    """Make a run late by hand: its last worker gets no processor for half a second."""
    worker = children_of(process.pid)[-1]
    os.kill(worker, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(worker, signal.SIGCONT)


def alive(pids: Iterable[int]) -> list[int]:
    """Those of the processes that still run (a zombie does not)."""
    running = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            continue
        if state != "Z":
            running.append(pid)
    return running
