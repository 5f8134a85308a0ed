"""A row for each report of a fleet that is asked: as many as the accounts have, each with the asking that decided it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from answering.test_accounts import STEPS, VMS, World, played
from engine.test_samples import Recorder
from vsock_loadgen.measures.askings import Asked


def recorded(*steps: tuple[str, Asked | int]) -> list[tuple[int, str, int, int | None, int | None]]:
    """The rows of one VM that scans, and is asked, every ten; the run is over at the next."""
    recorder = Recorder()
    world = World(rows=recorder)
    for number, (step, how) in enumerate(steps, 1):
        if step == "scan":
            world.scan(10 * number)
        elif isinstance(how, Asked):
            world.asked(how, 10 * number)
    world.finish(10 * (len(steps) + 1))
    return recorder.rows


def test_a_delivered_report_has_the_asking_that_took_it() -> None:
    rows = recorded(("scan", 0), ("ask", Asked.BROKEN_OFF), ("ask", Asked.WHOLE), ("ask", Asked.WHOLE))
    assert rows == [(0, "delivered", 10, 30, 31)]


def test_a_failed_report_has_the_last_asking_in_vain() -> None:
    rows = recorded(("scan", 0), ("ask", Asked.BROKEN_OFF), ("ask", Asked.NO_RECEIPT), ("ask", Asked.UNCHANGED), ("scan", 0))
    assert rows == [(0, "no_receipt", 10, 30, 31), (0, "unfinished", 50, None, None)]


def test_what_nobody_asked_for_has_no_asking() -> None:
    rows = recorded(("scan", 0), ("scan", 0), ("ask", Asked.WHOLE))
    assert rows == [(0, "skipped", 10, None, None), (0, "delivered", 20, 30, 31)]


@given(STEPS)
def test_there_is_a_row_for_each_due_report_with_what_became_of_it(steps: list[tuple[str, int, Asked]]) -> None:
    recorder = Recorder()
    counts = played(World(VMS, recorder), steps)
    seen = Counter(outcome for _, outcome, *_ in recorder.rows)
    assert sum(seen.values()) == counts.due
    assert (seen["delivered"], seen["skipped"], seen["unfinished"]) == (counts.delivered, counts.skipped, counts.unfinished)
    assert {failure: seen[failure] for failure in counts.failures} == dict(counts.failures)
    for _, outcome, due_ns, began_ns, ended_ns in recorder.rows:
        if outcome in ("skipped", "unfinished"):
            assert (began_ns, ended_ns) == (None, None)
        else:
            assert began_ns is not None
            assert ended_ns is not None
            assert ended_ns >= began_ns
            assert ended_ns >= due_ns
