"""The target's counters for people: every figure at any width, and why they are missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from run_example import failed_result
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.text.result_text import result_text

GROWTH = TargetCounters(
    accepted=1300, received=1207, mismatching_cid=11, rate_limited=93, no_handler=5, forwarded=1100, not_forwarded=7
)
FOUND = Reconciliation(url="http://h/", sent=1230, growth=GROWTH)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_figure_is_there_at_any_width(width: int) -> None:
    text = result_text(replace(failed_result(), reconciliation=FOUND), width=width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    for figures in (
        "The target's own counters sent 1,230 delivered reports of this run",
        "accepted 1,300",
        "received 1,207",
        "forwarded 1,100",
        "mismatching CID 11",
        "rate limited 93",
        "not forwarded 7",
        "no handler 5",
        "pending 7",
        "unexplained 7 delivered, but in no counter",
    ):
        assert figures in words


def test_reports_of_somebody_else_are_negative() -> None:
    words = " ".join(result_text(replace(failed_result(), reconciliation=replace(FOUND, sent=1200))).split())
    assert "unexplained -18 received, but not from this run" in words


def test_counters_that_could_not_be_read_say_why_and_markup_in_it_is_only_text() -> None:
    found = Reconciliation(url="http://h/", sent=3, problem="http://h/: [bold]no answer[/]")
    assert "own counters\n  http://h/: [bold]no answer[/]\n" in result_text(replace(failed_result(), reconciliation=found))
