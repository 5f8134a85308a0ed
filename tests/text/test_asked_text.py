"""The outcome of a fleet that was asked says what the scanner knows, how askings ended, and what both ends counted."""

from __future__ import annotations

import re
from dataclasses import replace

from run_example import by_packages, group_of, histogram_of, result_of, times_of
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.knowledge import Ages
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.known import Known, KnownGroup
from vsock_loadgen.results.measured import TimeSummary
from vsock_loadgen.text.asked_text import asked_parts, asked_words
from vsock_loadgen.text.console import rendered
from vsock_loadgen.text.group_text import group_parts
from vsock_loadgen.units import SECOND

COUNTS = Counts(
    due=12,
    started=6,
    delivered=5,
    skipped=4,
    unfinished=2,
    initial=3,
    again=1,
    asked={Asked.WHOLE: 6, Asked.BUSY: 2, Asked.DROP: 1, Asked.NOT_FOUND: 1},
    ended_by={"replaced": 3, "off": 1},
)


def shown(known: Known, seen: object = None) -> str:
    response = Histogram()
    response.record(9 * SECOND)
    return " ".join(rendered(asked_parts(COUNTS, known, TimeSummary.of(response), seen), width=100, color=False).split())


def test_what_the_scanner_knows_is_said_with_how_sure_that_is() -> None:
    sure = Known(listen="x", vms=4, known_vms=4, known_after_ns=2 * SECOND, ages=Histogram())
    assert "what the scanner knows is up to 9s old (P99)" in shown(sure)
    assert "the whole fleet was known after 2s" in shown(sure)
    unsure = Known(listen="x", vms=4, known_vms=3, open=2, youngest_open_ns=SECOND, ages=Histogram())
    assert "up to at least 9s old" in shown(unsure)
    assert "3 of 4 VMs were known at the end" in shown(unsure)
    assert "2 reports were open at the end" in shown(unsure)


def test_askings_are_told_by_how_they_ended_and_both_ends_stand_beside_each_other() -> None:
    text = shown(Known(listen="x", vms=4, known_vms=4, ages=Histogram()), 6)
    assert "Askings: 10" in text
    assert "whole 6 took the whole report, 1 of them again" in text
    assert "2 busy, 1 drop" in text
    assert "1 404" in text
    assert "the asker counted 6 reports, and 6 were taken" in text


def test_a_group_says_how_old_its_reports_were_and_which_times_may_be_longer() -> None:
    parts = Counts(due=10, started=10, delivered=10, asked={Asked.WHOLE: 10}), times_of(9 * SECOND, SECOND, 1, 10)
    groups = by_packages(
        group_of("500", 500, 500, *parts, asked=KnownGroup.of(Ages(histogram_of(3 * SECOND), 1, SECOND))),
        group_of("2000", 2_000, 2_000, *parts, asked=KnownGroup.of(Ages(histogram_of(5 * SECOND)))),
    )
    known = Known(listen="x", vms=4, known_vms=4, ages=Histogram())
    result = replace(result_of(*parts), groups=groups, asked=known)
    for width in (80, 120):
        text = rendered(group_parts(result, width=width), width=width, color=False)
        small, large = (line.split() for line in text.splitlines() if re.match(r"500|2000", line))
        assert " ".join(small).endswith("s ≥9 s 3 s")
        assert " ".join(large).endswith("s 9 s 5 s")
        assert " at least: " in " ".join(text.split())


def test_why_reports_were_skipped_is_said() -> None:
    assert asked_words(COUNTS).skipped.endswith(" (3 replaced by a newer scan, 1 of VMs that were switched off)")
    assert "(" not in asked_words(Counts()).skipped
