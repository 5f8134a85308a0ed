"""Failures in the log: at once, then per class at most a line every ten seconds, and none of them uncounted."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from run_example import snapshot
from vsock_loadgen.log import Log
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import SECOND
from vsock_loadgen.watching.error_lines import ErrorLines

CONNECT, RESET = FailureClass.CONNECT, FailureClass.RESET


class Failing:
    """A run whose failures grow, and the entries that its log gets."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self._lines = ErrorLines(Log(self._stream, style="json"))
        self._totals = RunTotals(1, 1_700_000_000 * SECOND)
        self._failed: dict[FailureClass, int] = {}
        self._read = 0

    def at(self, seconds: float, new: dict[FailureClass, int]) -> list[dict[str, Any]]:
        """So many reports fail; returns what is logged of it."""
        self._failed = {failure: self._failed.get(failure, 0) + new.get(failure, 0) for failure in self._failed | new}
        due = sum(self._failed.values())
        errors = dict.fromkeys(new, "Connection refused")
        counts = Counts(due=due, started=due, failures=self._failed)
        self._totals.add(snapshot(0, int(seconds * SECOND), counts, errors=errors))
        self._lines.update(self._totals)
        entries = self._stream.getvalue().splitlines()
        new_entries, self._read = entries[self._read :], len(entries)
        return [json.loads(line) for line in new_entries]


def test_the_first_failure_of_a_class_is_logged_at_once_with_its_message_and_a_remedy() -> None:
    (entry,) = Failing().at(0.25, {CONNECT: 3})
    assert entry["message"].startswith("connect: 3 reports failed, last message: Connection refused (check that the target listens")
    assert (entry["level"], entry["event"], entry["class"], entry["new"], entry["total"]) == (
        "warning",
        "failures",
        "connect",
        3,
        3,
    )


def test_one_report_is_one_report() -> None:
    assert Failing().at(1, {RESET: 1})[0]["message"].startswith("reset: 1 report failed")


def test_more_of_a_class_waits_ten_seconds_and_is_counted_then() -> None:
    failing = Failing()
    failing.at(1, {CONNECT: 1})
    assert [failing.at(second, {CONNECT: 100}) for second in range(2, 11)] == [[]] * 9
    (entry,) = failing.at(11, {})
    assert entry["message"] == "connect: 900 more reports failed in 10 s, last message: Connection refused"
    assert (entry["new"], entry["total"]) == (900, 901)


def test_one_class_does_not_silence_another() -> None:
    failing = Failing()
    failing.at(1, {CONNECT: 1})
    assert [entry["class"] for entry in failing.at(2, {CONNECT: 1, RESET: 1})] == ["reset"]


def test_nothing_is_logged_where_nothing_fails_any_more() -> None:
    failing = Failing()
    failing.at(1, {CONNECT: 1})
    assert failing.at(60, {}) == []


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([CONNECT, RESET]), st.integers(0, 5)), max_size=30))
def test_lines_are_ten_seconds_apart_and_what_they_say_adds_up(steps: list[tuple[int, FailureClass, int]]) -> None:
    failing, quarters = Failing(), 0
    times: dict[str, list[float]] = {"connect": [], "reset": []}
    said, failed = {"connect": 0, "reset": 0}, {"connect": 0, "reset": 0}
    for wait, failure, count in [*steps, (40, CONNECT, 0)]:
        quarters += wait
        failed[str(failure)] += count
        for entry in failing.at(quarters / 4, {failure: count}):
            times[entry["class"]].append(quarters / 4)
            said[entry["class"]] += entry["new"]
    assert said == failed
    assert all(later - earlier >= 10 for each in times.values() for earlier, later in pairwise(each))
