"""The screen takes the terminal and gives it back as it was."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import struct
import termios
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest
from rich.segment import Segment

from vsock_loadgen.watching.screen import Screen, can_be_drawn_on

TERMINAL = {"TERM": "xterm-256color"}
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A pseudo terminal of our own, and all that was written to it."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.resize(40, 10)
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self._written = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                self._written += os.read(self.master, 65_536)
            except OSError:
                return

    def close(self) -> str:
        """End it; returns all that was written."""
        self.stream.close()
        self._reader.join()
        os.close(self.master)
        return self._written.decode().replace("\r\r\n", "\r\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    made = Terminal()
    yield made
    if not made.stream.closed:
        made.close()


def lines_of(*texts: str) -> list[list[Segment]]:
    return [[Segment(text)] for text in texts]


def test_a_frame_is_drawn_over_the_last_one_and_the_terminal_is_given_back(terminal: Terminal) -> None:
    with Screen(terminal.stream) as screen:
        screen.draw(lines_of("one", "two"))
        screen.draw(lines_of("three"))
    written = terminal.close()
    assert written.count(ENTER) == written.count(LEAVE) == written.count(HIDE) == written.count(SHOW) == 1
    assert written.startswith(ENTER)
    assert written.endswith(LEAVE)
    assert "\x1b[2J" not in written  # clearing first is what flickers
    assert f"{HIDE}\x1b[Hone\x1b[K\r\ntwo\x1b[K\r\n\x1b[K" in written
    assert "\x1b[Hthree\x1b[K\r\n\x1b[K\r\n" in written


def test_a_screen_on_which_nothing_was_drawn_leaves_no_trace(terminal: Terminal) -> None:
    with Screen(terminal.stream):
        pass
    assert terminal.close() == ""


def test_after_a_stop_that_it_did_not_see_it_takes_the_screen_again(terminal: Terminal) -> None:
    with Screen(terminal.stream) as screen:
        screen.draw(lines_of("one"))
        os.kill(os.getpid(), signal.SIGCONT)
        screen.draw(lines_of("two"))
        screen.draw(lines_of("three"))
    assert terminal.close().count(ENTER) == 2


def test_keys_are_taken_with_the_first_frame_and_given_back_with_the_screen(terminal: Terminal) -> None:
    with os.fdopen(os.dup(terminal.stream.fileno()), "r") as keys:
        before = termios.tcgetattr(keys.fileno())
        with Screen(terminal.stream, keys) as screen:
            assert termios.tcgetattr(keys.fileno()) == before
            screen.draw(lines_of("one"))
            os.write(terminal.master, b"w")
            assert screen.keyboard.pressed() == "w"
        assert termios.tcgetattr(keys.fileno()) == before


def test_an_exception_gives_the_terminal_back(terminal: Terminal) -> None:
    def run() -> None:
        with Screen(terminal.stream) as screen:
            screen.draw(lines_of("one"))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        run()
    assert terminal.close().endswith(LEAVE)


def test_a_frame_is_cut_to_the_window_as_it_is_now(terminal: Terminal) -> None:
    with Screen(terminal.stream) as screen:
        assert screen.size == (40, 10)
        terminal.resize(5, 2)
        assert screen.size == (5, 2)
        screen.draw(lines_of("0123456789", "abc", "too much"))
    assert "\x1b[H01234\r\nabc\x1b[K\x1b[0m" in terminal.close()  # erasing after a full line would take its last character


def test_a_terminal_that_does_not_know_its_size_counts_as_80_by_24(terminal: Terminal) -> None:
    terminal.resize(0, 0)
    assert Screen(terminal.stream).size == (80, 24)


def test_a_terminal_that_goes_away_is_survived(terminal: Terminal) -> None:
    stream = os.fdopen(os.dup(terminal.stream.fileno()), "w", encoding="utf-8")
    with Screen(stream) as screen:
        screen.draw(lines_of("one"))
        os.dup2(os.open(os.devnull, os.O_RDONLY), stream.fileno())  # writing now fails
        screen.draw(lines_of("two"))
        screen.draw(lines_of("three"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    stream.close()


def test_the_signals_of_the_keyboard_are_as_before_when_it_is_left(terminal: Terminal) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGQUIT)]
    with Screen(terminal.stream):
        assert signal.getsignal(signal.SIGTSTP) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGQUIT)] == before


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (TERMINAL, True),
        (TERMINAL | {"CI": ""}, True),
        (TERMINAL | {"CI": "false"}, True),
        (TERMINAL | {"CI": "true"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_a_terminal_is_drawn_on_unless_it_is_dumb_or_in_ci(terminal: Terminal, environment: dict[str, str], expected: bool) -> None:
    assert can_be_drawn_on(terminal.stream, environment) is expected


def test_what_is_no_terminal_is_not_drawn_on() -> None:
    assert not can_be_drawn_on(io.StringIO(), TERMINAL)
