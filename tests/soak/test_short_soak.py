"""Soaks of some seconds: real runs, real receivers and askers, real faults."""

from __future__ import annotations

import csv
from pathlib import Path

from soak.checks import checks
from soak.soaking import Settings, Soak

from vsock_loadgen.units import SECOND

EXACT = {
    "due as planned, to the last report",
    "due = delivered + failed + skipped + unfinished",
    "every failure in one class",
    "the rows of the result add up",
    "unexplained reports",
    "the metrics' totals are the result's",
    "the result document stays small",
    "nothing left behind",
    "no internal error in the log",
}
"""Checks that a busy machine cannot make fail."""


def test_the_books_of_both_ends_agree_to_the_last_report_whatever_happens_in_between(tmp_path: Path) -> None:
    said: list[str] = []
    evidence = Soak(Settings(300, 8 * SECOND, 6, tmp_path / "soak", time_scale=10, say=said.append)).run()
    made = {check.claim: check for check in checks(evidence)}
    assert {claim: check.found for claim, check in made.items() if claim in EXACT and not check.held} == {}
    assert set(made) >= EXACT
    assert evidence.result["totals"]["due"] > 400
    assert evidence.injected
    assert evidence.counted.lives > 1
    assert {"parent", "worker 0", "receiver"} <= set(evidence.samples[0].looks)
    assert evidence.visits["scraper"].answered > 0
    assert len(said) == 1 + len(evidence.injected)
    with (tmp_path / "soak" / "faults.csv").open() as table:
        assert [row["kind"] for row in csv.DictReader(table)] == [each.fault.kind for each in evidence.injected]


def test_the_books_of_a_fleet_that_is_asked_agree_with_those_of_its_askers(tmp_path: Path) -> None:
    settings = Settings(100, 8 * SECOND, 2, tmp_path / "soak", time_scale=2_000, is_asked=True, say=lambda _: None)
    evidence = Soak(settings).run()
    made = {check.claim: check for check in checks(evidence)}
    wanted = EXACT | {"every asking in one kind", "whole = delivered + again", "unexplained askings"}
    assert {claim: check.found for claim, check in made.items() if claim in wanted and not check.held} == {}
    assert set(made) >= wanted
    assert evidence.injected
    assert evidence.counted.reports > 0
