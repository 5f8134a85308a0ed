"""Keys come one by one, and the terminal is as it was afterwards."""

from __future__ import annotations

import io
import os
import signal
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from vsock_loadgen.watching import keyboard
from vsock_loadgen.watching.keyboard import Keyboard


class Terminal:
    """A pseudo terminal of our own, on which somebody types."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.stream: TextIO = os.fdopen(slave, "r", encoding="utf-8")
        self.before = self.modes

    @property
    def modes(self) -> list[object]:
        """How it is set."""
        return termios.tcgetattr(self.stream.fileno())

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def close(self) -> None:
        """End it."""
        self.stream.close()
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def taken(terminal: Terminal) -> Iterator[Keyboard]:
    keys = Keyboard(terminal.stream)
    keys.take()
    yield keys
    keys.give_back()


def test_a_key_comes_without_a_line_and_is_not_shown(terminal: Terminal, taken: Keyboard) -> None:
    terminal.type("w?")
    assert taken.pressed() == "w?"
    assert taken.pressed() == ""
    os.set_blocking(terminal.master, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal.master, 10)  # where an echo would be


@pytest.mark.parametrize("typed", ["quit this, please", "\x1b[A", "\n", "\x04"])
def test_what_is_pasted_and_keys_that_are_no_letters_are_not_heard(terminal: Terminal, taken: Keyboard, typed: str) -> None:
    terminal.type(typed)
    assert taken.pressed() == ""


def test_the_terminal_is_as_it_was_however_often_it_is_taken(terminal: Terminal) -> None:
    keys, on_reading = Keyboard(terminal.stream), signal.getsignal(signal.SIGTTIN)
    for _ in range(2):
        keys.take()
        keys.take()
        assert terminal.modes != terminal.before
        keys.give_back()
        keys.give_back()
        assert terminal.modes == terminal.before
        assert signal.getsignal(signal.SIGTTIN) == on_reading
    terminal.type("q\n")
    assert keys.pressed() == ""


def test_in_the_background_the_terminal_is_not_touched(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keyboard(terminal.stream)
    monkeypatch.setattr(keyboard, "is_in_foreground", lambda descriptor: False)
    keys.take()
    assert terminal.modes == terminal.before
    terminal.type("q\n")
    assert keys.pressed() == ""


def test_a_shell_that_has_the_terminal_by_now_keeps_its_own_modes(
    terminal: Terminal, taken: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_shell = terminal.modes
    monkeypatch.setattr(keyboard, "is_in_foreground", lambda descriptor: False)
    taken.give_back()
    assert terminal.modes == of_the_shell


@pytest.mark.parametrize("stream", [None, io.StringIO("q")])
def test_what_is_no_terminal_has_no_keys(stream: TextIO | None) -> None:
    keys = Keyboard(stream)
    keys.take()
    assert (keys.is_there, keys.pressed()) == (False, "")
    keys.give_back()


def test_a_terminal_that_goes_away_is_survived(terminal: Terminal) -> None:
    stream = os.fdopen(os.dup(terminal.stream.fileno()), "r")
    keys = Keyboard(stream)
    keys.take()
    os.dup2(os.open(os.devnull, os.O_RDONLY), stream.fileno())
    assert keys.pressed() == ""
    keys.give_back()
    stream.close()
