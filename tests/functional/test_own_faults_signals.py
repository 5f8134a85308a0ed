"""Signals at any moment, from anybody, and terminals that go away: the run ends in order, or as a process that a signal ends."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import time
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS
from vsock_loadgen.leaving import STOP_SIGNALS
from watched import ONCE, SMALL, Watched, accounts, watched

BRIEF = (*SMALL, "--workers", "2", "--vm-count", "100")
SECONDS_OF_A_RUN = 1.4
MOMENTS = 12


def takes_signals(run: Watched) -> bool:
    """Whether the command has come so far that signals are its own: before that, the interpreter starts."""
    caught = next(line for line in Path(f"/proc/{run.pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_signal_at_any_moment_ends_the_run_in_order(moment: int, tmp_path: Path) -> None:
    """To the process alone or, as Ctrl-C, to its whole group; once or twice; from the first import to after the end."""
    draw = random.Random(moment)
    number, group, again = draw.choice(STOP_SIGNALS), draw.random() < 0.5, draw.random() < 0.4
    out = tmp_path / "r.json"
    with watched(*BRIEF, "--duration", "400ms", "--result", out) as run:
        run.until(lambda: takes_signals(run))
        time.sleep(SECONDS_OF_A_RUN * (moment + draw.random()) / MOMENTS)
        for _ in range(1 + again):
            try:
                run.kill_all(number) if group else run.kill(number)
            except ProcessLookupError:
                break
        ended = run.ended()
    assert ended.code in (0, 1, 128 + number), ended.log
    if ended.code > 1:
        assert not out.exists()
        assert not ended.out
        return
    result = accounts(out)
    by = "signal" if ended.code else "duration"  # which came first
    assert (result["complete"], result["ended"]["by"]) == (not ended.code, by)
    assert result["ended"]["signal"] == (number.name if ended.code else None)
    assert result["receiver"]["reports"] >= result["totals"]["delivered"]
    assert f"Verdict: {'invalid' if ended.code else 'passed'}" in ended.out


@pytest.mark.parametrize("seconds", [0.0, 0.5])
@pytest.mark.parametrize(("verb", "number"), [("plan", signal.SIGINT), ("compare", signal.SIGTERM), ("receive", signal.SIGHUP)])
def test_a_signal_ends_the_other_verbs_without_a_traceback(
    verb: str, number: signal.Signals, seconds: float, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "endless.json")
    arguments: dict[str, tuple[str | Path, ...]] = {
        "plan": ("plan", "--vm-count", "100000", "--format", "json", "--vms"),
        "compare": ("compare", tmp_path / "endless.json", tmp_path / "endless.json"),
        "receive": ("receive", f"unix://{tmp_path}/relay.sock"),
    }
    with watched(*arguments[verb]) as process:
        process.until(lambda: takes_signals(process))
        time.sleep(seconds)
        process.kill_all(number)
        ended = process.ended()
    assert ended.code == 128 + number or (verb == "receive" and ended.code == 0)
    assert not (tmp_path / "relay.sock").exists()


AT_ONCE = (
    "import os, signal, click",
    "echo = click.echo",
    "def told(text='', *rest, **more):",
    "    echo(text, *rest, **more)",
    "    if str(text).startswith(('asking', 'listening')): os.kill(os.getpid(), signal.SIGTERM)",
    "click.echo = told",
)
"""A signal comes the moment the command says that it has begun."""


@pytest.mark.parametrize(("verb", "place"), [("scrape", "http://127.0.0.1:9"), ("receive", "unix://{}/relay.sock")])
def test_once_a_command_says_that_it_has_begun_a_signal_ends_it_with_its_summary(verb: str, place: str, tmp_path: Path) -> None:
    with watched(verb, place.format(tmp_path), "--format", "json", setup=AT_ONCE) as process:
        ended = process.ended()
    assert (ended.code, json.loads(ended.out)["reports"]) == (0, 0), ended.log


HIDDEN = {
    "in a finalizer": (
        "class Going:",
        "    def __del__(self): arrive()",
        "def hide(): Going()",
    ),
    "within another error": (
        "class Named:",
        "    def __set_name__(self, owner, name): arrive()",
        "def hide(): type('Owner', (), {'named': Named()})",
    ),
    "by code that goes on after any error": (
        "import time",
        "def hide():",
        "    try: arrive()",
        "    except BaseException: time.sleep(600)",
    ),
}
"""Where a signal finds the command so that the exception of its handler does not get to the command."""


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("arguments", [("plan",), SMALL])
def test_a_signal_ends_the_command_also_where_its_exception_goes_nowhere(arguments: tuple[str, ...], hidden: str) -> None:
    setup = (
        "import os, signal",
        "from vsock_loadgen import preparing",
        "planned = preparing.build_fleet",
        "def arrive():",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "    sum(range(1_000))",
        *HIDDEN[hidden],
        "preparing.build_fleet = lambda config: (hide(), planned(config))[1]",
    )
    with watched(*arguments, setup=setup) as process:
        ended = process.ended()
    assert (ended.code, ended.out) == (128 + signal.SIGINT, "")


SLOW_TO_BEGIN = (
    "import time",
    "from vsock_loadgen.engine import worker",
    "await_start = worker.await_start",
    "worker.await_start = lambda *given: time.sleep(2) or await_start(*given)",
)
"""A worker that finds the word to begin and the word to stop at the same time, as on a machine that is busy."""


def test_a_signal_right_after_the_start_is_heard_by_a_worker_that_is_slow_to_begin() -> None:
    with watched(*SMALL, setup=SLOW_TO_BEGIN) as run:
        run.read_until("VMs report to")
        time.sleep(0.5)
        run.kill(signal.SIGTERM)
        ended = run.ended()
    assert (ended.code, "was lost" in ended.out) == (0, False), ended.out


def test_a_hangup_ends_a_run_in_order_and_one_under_nohup_does_not_hear_it(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--result", out) as run:
        run.read_until(" due ")
        run.kill_all(signal.SIGHUP)
        assert run.ended().code == 0
    assert accounts(out)["complete"] is True
    with watched(*SMALL, *ONCE, "--result", out, prefix=("nohup",)) as run:
        run.read_until("100 VMs report to")  # next it begins
        run.kill_all(signal.SIGHUP)
        assert run.ended().code == 0
    assert accounts(out)["totals"]["due"] == 100


@pytest.mark.parametrize("live", [True, False])
def test_a_run_whose_terminal_goes_away_ends_in_order_with_its_result(live: bool, tmp_path: Path) -> None:
    """Its controlling terminal: the kernel sends SIGHUP, and nothing can be written there any more."""
    out = tmp_path / "r.json"
    master, slave = pty.openpty()
    controlling = "import fcntl, os, sys, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
    options = ("--result", out, *(() if live else ("--no-live",)))
    terminal = {"TERM": "xterm", "CI": "", "PYTHONUNBUFFERED": ""}
    with watched(
        *SMALL, *options, prefix=("python3", "-c", controlling), stdin=slave, stdout=slave, stderr=slave, extra=terminal
    ) as run:
        os.close(slave)
        seen = b""
        while (b"\x1b[?1049h" if live else b" due ") not in seen:
            seen += os.read(master, 4096)
        run.until(lambda: drained(master) or out.exists())
        os.close(master)
        assert run.process.wait(TIMEOUT_SECONDS) == 0
        assert not run.session
    result = accounts(out)
    assert result["complete"] is True
    assert result["verdict"]["status"] == "passed"


def drained(terminal: int) -> bool:
    """Read what there is, so that who writes does not wait."""
    os.set_blocking(terminal, False)
    try:
        return not os.read(terminal, 1 << 16)
    except BlockingIOError:
        return False


def test_a_reader_of_the_output_that_goes_away_does_not_end_the_run(tmp_path: Path) -> None:
    """As with `2>&1 | head -1`."""
    out = tmp_path / "r.json"
    reader, writer = os.pipe()
    unbuffered = {"PYTHONUNBUFFERED": ""}
    with watched(*SMALL, *ONCE, "--result", out, stdout=writer, stderr=writer, extra=unbuffered) as run:
        os.close(writer)
        assert os.read(reader, 1)
        os.close(reader)
        assert run.process.wait(TIMEOUT_SECONDS) == 0
    assert accounts(out)["totals"]["due"] == json.loads(out.read_text())["receiver"]["reports"] == 100
