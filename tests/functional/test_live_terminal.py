"""The live view as people see it: in a real terminal emulator, at several sizes, and gone without a trace afterwards."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS, environment

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="needs tmux, a terminal emulator that can be asked what it shows"
)
RUN = (
    *(
        "run",
        "--target",
        "embedded",
        "--vm-count",
        "20",
        "--packages",
        "{buckets: [{percent: 50, value: 5}, {percent: 50, value: 9}]}",
        "--report-interval",
        "{buckets: [{percent: 50, value: 200ms}, {percent: 50, value: 400ms}]}",
        "--metrics-port",
        "0",
    ),
    *("--workers", "1"),
)
PROMPT = "shell$ "
WORDS = ("Reports", "Rates", "offered", "achieved", "response", "service", "lag", "By packages", "By interval", "200ms")


class Tmux:
    """A terminal of our own, in which a plain shell runs."""

    def __init__(self, folder: Path) -> None:
        kept = {name: value for name, value in environment().items() if name not in ("CI", "TMUX", "NO_COLOR")}
        self._environment = kept | {"TERM": "xterm-256color", "TMUX_TMPDIR": str(folder)}
        self(
            "-f",
            os.devnull,
            "new-session",
            "-d",
            "-s",
            "t",
            "-x",
            "80",
            "-y",
            "24",
            f"env PS1='{PROMPT}' bash --norc --noprofile -i",
        )
        self.until(lambda: PROMPT.strip() in self.text())

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", "test", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
        return done.stdout

    def start(self, *options: str, suffix: str = "") -> None:
        """Type a run."""
        command = shlex.join([sys.executable, "-m", "vsock_loadgen", *RUN, *options])
        self("send-keys", "-t", "t", "-l", f'{command} {suffix}; echo "ended: $?"')
        self("send-keys", "-t", "t", "Enter")

    def keys(self, *names: str) -> None:
        """Press keys."""
        self("send-keys", "-t", "t", *names)

    def shows_what_is_typed(self, word: str = "one") -> None:
        """Whether the shell reads lines and shows them as they are typed: the terminal is as it was."""
        self("send-keys", "-t", "t", "-l", f"echo said-{word}; stty -a | grep -c -e '-icanon' -e '-echo '")
        self.keys("Enter")
        self.until(lambda: f"\nsaid-{word}\n0\n" in self.text(scrolled=True))

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def text(self, *, scrolled: bool = False) -> str:
        """What the window shows; `scrolled` with what went out at its top."""
        return self("capture-pane", "-p", "-J", "-t", "t", *(("-S", "-500") if scrolled else ()))

    @property
    def is_full_screen(self) -> bool:
        """Whether a program has the whole screen and hides the cursor."""
        return self("display-message", "-p", "-t", "t", "#{alternate_on} #{cursor_flag}").split() == ["1", "0"]

    @property
    def is_plain(self) -> bool:
        """Whether the shell has its screen and its cursor."""
        return self("display-message", "-p", "-t", "t", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, and fail with what the window shows where it does not come to that."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.text(scrolled=True)
            time.sleep(0.05)


def fills(tmux: Tmux, columns: int) -> bool:
    """Whether the view stands as a whole in a window of so many columns: the state at the right edge, every word once, nothing left
    of another size. A look may see half of a frame, and the next one all of it."""
    shown = tmux.text()
    first = shown.partition("\n")[0]
    is_whole = all(shown.count(f" {word} ") == 1 for word in WORDS)
    words = first.replace(",", "").split()  # behind its state, a run says if it would be invalid: the machine may be busy
    return words[:6] == ["vsock-loadgen", "20", "VMs", "to", "embedded", "running"] and len(first) >= columns - 2 and is_whole


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    made = Tmux(tmp_path)
    yield made
    made("kill-server")


def test_the_view_fits_windows_of_all_sizes_and_leaves_the_outcome_behind(tmux: Tmux) -> None:
    tmux.start()
    for columns, rows in ((80, 24), (60, 20), (200, 50)):
        tmux.resize(columns, rows)
        tmux.until(partial(fills, tmux, columns))
        assert tmux.is_full_screen
    tmux.keys("C-c")
    tmux.until(lambda: "ended: 0" in tmux.text(scrolled=True))
    assert tmux.is_plain
    left = tmux.text(scrolled=True)
    assert left.index("Packages per VM") < left.index("20 VMs report to") < left.index("Verdict: ")
    assert "10s P99" not in left


def test_ctrl_z_gives_the_terminal_back_and_the_view_comes_back_with_the_run(tmux: Tmux) -> None:
    tmux.start()
    tmux.until(lambda: tmux.is_full_screen)
    tmux.keys("C-z")
    tmux.until(lambda: "Stopped" in tmux.text())
    assert tmux.is_plain
    tmux.keys("bg", "Enter")
    tmux.until(lambda: tmux.text().count(PROMPT.strip()) >= 2)
    assert tmux.is_plain  # a job in the background does not draw
    tmux.keys("fg", "Enter")
    tmux.until(lambda: tmux.is_full_screen)
    tmux.keys("C-\\")
    tmux.until(lambda: "ended: 131" in tmux.text() or "Quit" in tmux.text())
    assert tmux.is_plain


def test_keys_switch_what_is_looked_at_explain_the_view_and_end_the_run(tmux: Tmux) -> None:
    tmux.start("--threshold", "response_time.p99 < 1h")
    tmux.until(lambda: "✓ response_time.p99 < 1h" in tmux.text() and "w last 10 s" in tmux.text())
    tmux.keys("w")
    tmux.until(lambda: tmux.text().count(" Last 10 s ") == 2 and "w whole run" in tmux.text())
    tmux.keys("?")
    tmux.until(lambda: " Keys" in tmux.text())
    tmux.keys("x")
    tmux.until(lambda: " Last 10 s " in tmux.text())
    tmux.keys("q")
    tmux.until(lambda: "ended: 0" in tmux.text(scrolled=True))
    assert "Verdict: " in tmux.text(scrolled=True)
    assert tmux.is_plain
    tmux.shows_what_is_typed()


def test_keys_are_heard_again_after_ctrl_z_and_the_shell_has_its_own_meanwhile(tmux: Tmux) -> None:
    tmux.start()
    tmux.until(lambda: tmux.is_full_screen)
    tmux.keys("C-z")
    tmux.until(lambda: "Stopped" in tmux.text())
    tmux.shows_what_is_typed()
    tmux.keys("bg", "Enter")
    tmux.until(lambda: "[1]+ " in tmux.text().splitlines()[-1] or "&" in tmux.text())
    tmux.shows_what_is_typed("two")
    tmux.keys("fg", "Enter")
    tmux.until(lambda: tmux.is_full_screen)
    tmux.keys("q")
    tmux.until(lambda: "ended: 0" in tmux.text(scrolled=True) or "Verdict: " in tmux.text(scrolled=True))
    tmux.shows_what_is_typed("three")
    assert tmux.is_plain


def test_where_keys_come_from_no_terminal_the_view_has_none_and_is_drawn(tmux: Tmux) -> None:
    tmux.start("--duration", "2s", suffix="</dev/null")
    tmux.until(lambda: tmux.is_full_screen and "Reports" in tmux.text())
    assert "? help" not in tmux.text()
    tmux.until(lambda: re.search(r"ended: \d", tmux.text(scrolled=True)) is not None)
    assert tmux.is_plain


def test_without_the_view_a_terminal_gets_lines(tmux: Tmux) -> None:
    tmux.start("--no-live", "--stats-interval", "1s")
    tmux.until(lambda: re.search(r"\d s  due \d", tmux.text(scrolled=True)) is not None)
    tmux.keys("C-c")
    tmux.until(lambda: "ended: 0" in tmux.text(scrolled=True))
    assert "10s P99" not in tmux.text(scrolled=True)
