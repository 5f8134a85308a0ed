"""Where Linux's parts are missing, whatever sends nothing runs, and whatever needs them says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from command import EXAMPLES, PROJECT, TIMEOUT_SECONDS, environment

RESULT = PROJECT / "tests" / "golden" / "results" / "plain.json"
ELSEWHERE = """
import os, select, socket, sys
for module, words in ((select, ("epoll", "EPOLL")), (socket, ("VSOCK", "VMADDR")), (os, ("sched_", "eventfd", "memfd"))):
    for name in dir(module):
        if any(word in name for word in words):
            delattr(module, name)
from vsock_loadgen.cli.main import main
main()
"""


def ran(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("init",),
        ("schema",),
        ("completion", "zsh"),
        ("plan", "--config", EXAMPLES / "fleet-200.yaml"),
        ("fit", EXAMPLES / "measured.csv", "--kind", "packages", "--column", "packages"),
        ("report", RESULT, "-o", "page.html"),
        ("report", RESULT, "--format", "markdown"),
        ("compare", RESULT, RESULT),
        ("compare", "--merge", RESULT, "--format", "json"),
    ],
    ids=lambda arguments: " ".join(Path(word).name for word in arguments),
)
def test_what_sends_nothing_runs(arguments: tuple[str | Path, ...], tmp_path: Path) -> None:
    done = ran(tmp_path, *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 3), done.stderr  # 3: the merged run had failed


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--target", "embedded"),
        ("capacity", "--target", "embedded"),
        ("receive", "unix:///nowhere/relay.sock"),
        ("serve",),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_what_needs_linux_says_so_in_a_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = ran(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "expected Linux" in done.stderr
