"""What a verdict says of the groups that explain it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from run_example import result_of, times_of
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.explanation import explained
from vsock_loadgen.results.groups import GroupResult, GroupResults
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import judge_thresholds
from vsock_loadgen.units import MILLISECOND


def group(name: str, low: float | None, high: float | None, delivered: int, lost: int = 0, response_ms: int = 5) -> GroupResult:
    """A group of which so many reports were delivered, and so many failed."""
    failures = {FailureClass.CLOSED_EARLY: lost} if lost else {}
    due = delivered + lost
    counts = Counts(due=due, started=due, delivered=delivered, failures=failures)
    times = replace(times_of(response_ms * MILLISECOND, MILLISECOND, 1, delivered), lag=times_of(1, 1, 1, due).lag)
    return GroupResult(name, name, low, high, 10.0, 10, 10, counts, times)


def run_of(
    packages: tuple[GroupResult, ...], intervals: tuple[GroupResult, ...] = (), profiles: tuple[GroupResult, ...] = ()
) -> Result:
    """A run whose whole is the sum of its groups by packages."""
    counts = sum((each.counts for each in packages), Counts())
    times = sum((each.times for each in packages[1:]), packages[0].times)
    return replace(result_of(counts, times), groups=GroupResults(packages, intervals, profiles))


def said(result: Result, *expressions: str) -> list[str]:
    """The reasons that the groups add to the verdict."""
    thresholds = tuple(map(parse_threshold, expressions))
    judged = replace(result, thresholds=judge_thresholds(thresholds, result))
    return list(explained(judged, thresholds).verdict.reasons)


SMALL = group("500", 500, 500, 900)


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        ((SMALL, group("2,000", 2_000, 2_000, 0, 20)), "all 20 failures are of VMs with 2,000 packages"),
        (
            (SMALL, group("1,500", 1_500, 1_500, 0, 80), group("2,000", 2_000, 2_000, 0, 20)),
            "all 100 failures are of VMs with 1,500 packages or more",
        ),
        (
            (group("50", 50, 50, 1, 9), group("90", 90, 90, 1, 9), group("500", 500, 500, 70)),
            "all 18 failures are of VMs with 90 packages or fewer",
        ),
        (
            (group("500", 500, 500, 900, 1), group("2,000", 2_000, 2_000, 10, 30)),
            "30 of 31 failures are of VMs with 2,000 packages",
        ),
        ((SMALL, group("large", 2_000, 2_000, 0, 20)), "all 20 failures are of VMs of the packages group large"),
    ],
)
def test_nearly_all_failures_of_few_vms_are_said_to_be_theirs(packages: tuple[GroupResult, ...], reason: str) -> None:
    assert said(run_of(packages)) == [reason]


@pytest.mark.parametrize(
    "packages",
    [
        (SMALL, group("2,000", 2_000, 2_000, 20)),
        (group("500", 500, 500, 90, 10), group("2,000", 2_000, 2_000, 90, 10)),
        (group("500", 500, 500, 0, 90), group("2,000", 2_000, 2_000, 10)),
        (group("500", 500, 500, 0, 90),),
    ],
    ids=["no failure", "alike in all", "of nearly everybody", "of one group only"],
)
def test_what_no_group_explains_is_left_alone(packages: tuple[GroupResult, ...]) -> None:
    assert said(run_of(packages)) == []


def test_of_two_explanations_the_narrower_one_is_given() -> None:
    packages = (SMALL, group("2,000", 2_000, 2_000, 80, 20))
    profiles = (group("dev", None, None, 980), group("prod", None, None, 0, 20))
    assert said(run_of(packages, profiles=profiles)) == ["all 20 failures are of VMs of profile prod"]
    often = (group("30s", 30, 30, 0, 20), group("5m", 300, 300, 980))
    assert said(run_of(packages, often)) == ["all 20 failures are of VMs that report every 30s"]


def test_a_threshold_of_the_whole_that_only_some_groups_miss_names_them() -> None:
    slow = group("2,000", 2_000, 2_000, 100, response_ms=300)
    assert said(run_of((SMALL, slow)), "response_time.p99 < 100ms", "response_time.p50 < 100ms") == [
        "only VMs with 2,000 packages miss response_time.p99 < 100ms: 300 ms, and all others meet it"
    ]
    also = group("1,500", 1_500, 1_500, 100, response_ms=200)
    assert said(run_of((SMALL, also, slow)), "response_time.p99 < 100ms") == [
        "only VMs with 1,500 packages or more miss response_time.p99 < 100ms: 300 ms, and all others meet it"
    ]


def test_a_result_without_groups_says_nothing_more() -> None:
    lost = run_of((SMALL, group("2,000", 2_000, 2_000, 0, 20)))
    assert said(replace(lost, groups=None)) == []
