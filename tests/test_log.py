"""The log writes on, whatever becomes of its stream."""

from __future__ import annotations

import io
import json
import os
import re
from typing import Literal

import pytest

from vsock_loadgen.log import Log


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
    Log(stream).block(lambda: "a\n b\n", "a plan", "plan", dict)
    assert stream.getvalue() == "a\n b\n"


@pytest.mark.parametrize("style", ["text", "json"])
def test_of_a_block_only_the_form_that_the_log_wants_is_made(style: Literal["text", "json"]) -> None:
    made: list[str] = []

    def text() -> str:
        made.append("text")
        return ""

    def fields() -> dict[str, object]:
        made.append("json")
        return {}

    Log(io.StringIO(), style=style).block(text, "a plan", "plan", fields)
    assert made == [style]


def test_as_json_every_entry_is_one_object_in_one_line_with_the_same_first_keys() -> None:
    stream = io.StringIO()
    log = Log(stream, wall_seconds=lambda: 1_700_000_000.25, style="json")
    log.line("begins", "start", {"vms": 3})
    log.alert("a\nb \N{SNOWMAN}")
    log.block(str, "the plan", "plan", lambda: {"plan": {"seed": 0}})
    log.error("ends", "broken", {"exit_code": 1})
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert entries[0] == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "event": "start",
        "message": "begins",
        "vms": 3,
    }
    assert [(entry["level"], entry["event"], entry["message"]) for entry in entries[1:]] == [
        ("warning", "note", "a\nb \N{SNOWMAN}"),
        ("info", "plan", "the plan"),
        ("error", "broken", "ends"),
    ]
    assert stream.getvalue().isascii()


def test_what_is_held_back_is_written_when_it_is_released_and_seen_before() -> None:
    stream = io.StringIO()
    log = Log(stream)
    log.hold()
    log.line("first")
    log.line("second")
    assert stream.getvalue() == ""
    assert [entry.message for entry in log.recent()] == ["first", "second"]
    log.release()
    log.line("third")
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["first", "second", "third"]


def test_only_the_last_of_very_many_lines_are_held_back_and_the_rest_is_counted() -> None:
    stream = io.StringIO()
    log = Log(stream)
    log.hold()
    for number in range(1_003):
        log.line(f"line {number}")
    log.release()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "... 3 earlier lines left out"
    assert (len(lines), lines[1][9:]) == (1_001, "line 3")


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


def test_what_a_stream_cannot_encode_becomes_its_likeness_and_the_log_goes_on() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    log = Log(stream)
    log.block(lambda: "███ 70 %\n", "", "plan", dict)
    log.block(lambda: "and on\n", "", "plan", dict)
    assert raw.getvalue() == b"### 70 %\nand on\n"
