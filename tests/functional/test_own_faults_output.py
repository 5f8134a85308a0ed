"""Nowhere to write to: full disks, closed folders, streams that have gone. Nothing is lost, and one message says it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, vsock_loadgen
from watched import SMALL, Ended, accounts, watched

SHORT = (*SMALL, "--duration", "200ms")
BUFFERED = {"PYTHONUNBUFFERED": ""}
"""As it is for users, also where the tests run without buffers: what could not be written is still there when the process ends."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "result.json"
    done = vsock_loadgen(*SHORT, "--result", path)
    assert done.returncode == 0, done.stderr
    return path


@contextmanager
def stream(kind: str) -> Iterator[int]:
    """A descriptor that cannot be written to: of a device that is full, or of a pipe that nobody reads any more."""
    if kind == "full":
        writer = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, writer = os.pipe()
        os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def ended_with_output(kind: str, *arguments: str | Path) -> Ended:
    """Run the command with a stdout that is `full`, `gone` or `closed`."""
    if kind == "closed":
        with watched(*arguments, prefix=("sh", "-c", 'exec "$@" >&-', "sh"), extra=BUFFERED) as process:
            return process.ended()
    with stream(kind) as broken, watched(*arguments, stdout=broken, extra=BUFFERED) as process:
        return process.ended()


REASONS = {"full": "No space left on device", "closed": "Bad file descriptor"}


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        *(("plan", kind) for kind in ("full", "closed", "gone")),
        *(("plan in JSON", kind) for kind in ("full", "closed")),
        *((verb, "full") for verb in ("init", "schema", "compare", "receive", "fit", "help")),
    ],
)
def test_a_verb_whose_output_cannot_be_written_ends_with_1_and_one_message(
    verb: str, kind: str, tmp_path: Path, result: Path
) -> None:
    (tmp_path / "counts").write_text("5\n" * 20)
    arguments: dict[str, tuple[str | Path, ...]] = {
        "plan": ("plan",),
        "plan in JSON": ("plan", "--vm-count", "2000", "--format", "json", "--vms"),
        "init": ("init",),
        "schema": ("schema",),
        "compare": ("compare", result, result),
        "receive": ("receive", f"unix://{tmp_path}/relay.sock", "--duration", "1ms"),
        "fit": ("fit", tmp_path / "counts", "--kind", "packages"),
        "help": ("--help",),
    }
    ended = ended_with_output(kind, *arguments[verb])
    assert ended.code == 1, ended.log
    if kind != "gone":  # a reader that has gone does not want to know
        assert ended.log.splitlines()[-1] == f"stdout: {REASONS[kind]}"
    assert not (tmp_path / "relay.sock").exists()


@pytest.mark.parametrize("kind", ["full", "closed", "gone"])
def test_a_run_whose_output_cannot_be_written_keeps_its_verdict_where_the_result_is_in_a_file(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    ended = ended_with_output(kind, *SHORT, "--threshold", "delivered_percent < 1", "--result", out)
    assert ended.code == 3, ended.log
    assert accounts(out)["complete"] is True
    assert ended.log.count("stdout") == 1


def test_a_run_whose_outcome_is_nowhere_ends_with_1() -> None:
    ended = ended_with_output("full", *SHORT, "--result", "/dev/full")
    assert ended.code == 1, ended.log
    assert "warning: --result: cannot be written" in ended.log
    assert "stdout: No space left on device" in ended.log


def test_a_run_whose_log_cannot_be_written_goes_on_and_keeps_its_verdict(tmp_path: Path) -> None:
    for kind in ("full", "gone"):
        out = tmp_path / f"{kind}.json"
        with stream(kind) as broken, watched(*SHORT, "--result", out, stderr=broken, extra=BUFFERED) as run:
            ended, _ = run.process.communicate(timeout=TIMEOUT_SECONDS)
            assert run.process.returncode == 0
            assert "Verdict: passed" in ended
        assert accounts(out)["receiver"]["reports"] > 0


def test_a_bad_command_line_has_its_exit_code_also_where_nobody_can_be_told() -> None:
    for arguments in (("run", "--nonsense"), ("run", "--vm-count", "x")):
        with stream("gone") as broken, watched(*arguments, stderr=broken, extra=BUFFERED) as run:
            run.process.communicate(timeout=TIMEOUT_SECONDS)
            assert run.process.returncode == 2


def document_in(ended: Ended) -> dict[str, Any]:
    """The result that follows the outcome on stdout."""
    document: dict[str, Any] = json.loads(ended.out[ended.out.index('{\n "schema"') :])
    return document


def where_one_may_mount() -> tuple[str, ...]:
    """What starts a command that may mount file systems which nobody else sees; nothing where that cannot be had."""
    for prefix in (("unshare", "--mount"), ("unshare", "--map-root-user", "--mount")):
        if subprocess.run([*prefix, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode == 0:
            return prefix
    return ()


MOUNTING = where_one_may_mount()


def on_a_full_disk(tmp_path: Path, *arguments: str | Path) -> tuple[str, ...]:
    """A shell that mounts a file system without room on `tmp_path/disk`, where nobody else sees it, and becomes the command."""
    (tmp_path / "disk").mkdir(exist_ok=True)
    program = (
        'mount -t tmpfs -o size=16k,mode=755 none "$0" && echo older > "$0/r.json" && cp "$0/r.json" "$0/r.html"'
        ' && head -c 8k /dev/zero > "$0/filler" && "$@"; code=$?; ls -A "$0" >&2; cat "$0/r.json" >&2; exit $code'
    )
    return (*MOUNTING, "sh", "-c", program, str(tmp_path / "disk"))


@pytest.mark.skipif(not MOUNTING, reason="may not mount a disk of its own, neither as root nor in a user namespace")
def test_on_a_full_disk_the_result_goes_to_standard_output_and_the_older_one_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    options = ("--result", disk / "r.json", "--html", disk / "r.html")
    with watched(*SMALL, *options, prefix=on_a_full_disk(tmp_path)) as run:
        run.read_until("warning: --result: the snapshot cannot be written: [Errno 28]")
        run.kill(signal.SIGTERM, *run.children)  # of the shell
        ended = run.ended()
    assert ended.code == 1, ended.log
    result = document_in(ended)
    assert result["complete"] is True
    assert result["receiver"]["reports"] == result["totals"]["delivered"] == result["totals"]["due"] - result["totals"]["skipped"]
    assert "warning: --result: cannot be written ([Errno 28] No space left on device); the document follows" in ended.log
    assert "warning: --html: cannot be written: [Errno 28]" in ended.log
    assert ended.log.endswith("filler\nr.html\nr.json\nolder\n")


def test_a_file_that_may_not_grow_is_as_a_full_disk(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    out.write_text("older")
    with watched(*SHORT, "--result", out, prefix=("prlimit", "--fsize=1000")) as run:
        ended = run.ended()
    assert ended.code == 1, ended.log
    assert document_in(ended)["complete"] is True
    assert "File too large" in ended.log
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert out.read_text() == "older"


def test_a_page_or_a_sum_that_cannot_be_written_is_an_error_with_its_name(result: Path) -> None:
    page = vsock_loadgen("report", result, "-o", "/dev/full")
    merged = vsock_loadgen("compare", "--merge", result, "-o", "/dev/full")
    said = "--output: /dev/full cannot be written: No space left on device\n"
    assert (page.returncode, page.stderr) == (merged.returncode, merged.stderr) == (2, said)
