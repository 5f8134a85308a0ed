"""The log writes on, whatever becomes of its stream."""

from __future__ import annotations

import io
import os
import re

import pytest

from vsock_loadgen.telemetry.log import Log


class BrokenStream(io.StringIO):
    """A stream whose other end has gone away."""

    attempts = 0

    def write(self, text: str) -> int:
        """Fails, and counts how often it was asked."""
        self.attempts += 1
        raise BrokenPipeError


def test_a_line_has_the_local_time_in_front() -> None:
    stream = io.StringIO()
    log = Log(stream, wall_seconds=lambda: 1_700_000_000.9)
    log.line("begins")
    log.alert("look here")
    assert re.fullmatch(r"(\d\d:\d\d:20) begins\n\1 warning: look here\n", stream.getvalue())


def test_a_block_is_written_as_it_is() -> None:
    stream = io.StringIO()
    Log(stream).block("a\n b\n")
    assert stream.getvalue() == "a\n b\n"


def test_a_closed_stream_is_survived() -> None:
    stream = io.StringIO()
    log = Log(stream)
    stream.close()
    log.line("nobody reads this")
    log.alert("nor this")


def test_a_stream_that_has_gone_is_not_written_to_again() -> None:
    stream = BrokenStream()
    log = Log(stream)
    for _ in range(3):
        log.line("nobody reads this")
    assert stream.attempts == 1


def test_a_pipe_without_a_reader_is_survived() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    Log(stream).line("nobody reads this")
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_what_a_stream_cannot_encode_becomes_a_question_mark_and_the_log_goes_on() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    log = Log(stream)
    log.block("███ 70 %\n")
    log.block("and on\n")
    assert raw.getvalue() == b"??? 70 %\nand on\n"
