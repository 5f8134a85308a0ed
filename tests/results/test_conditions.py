"""A condition fails a comparison where the difference is as it says, and where there is no difference to judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comparison_example import grouped_run, grouped_sides
from run_example import result_of, times_of
from vsock_loadgen.errors import EXIT_USAGE, ConfigError
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.comparison import Comparison, Side, compare
from vsock_loadgen.results.conditions import judge_conditions, parse_condition
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.units import MILLISECOND


def run_of(response_ms: int, delivered: int = 100, failed: int = 0) -> Result:
    failures = {FailureClass.RESET: failed} if failed else {}
    times = times_of(response_ms * MILLISECOND, response_ms * MILLISECOND, MILLISECOND, delivered) if delivered else Times()
    due = delivered + failed
    return result_of(Counts(due=due, started=due, delivered=delivered, failures=failures), times)


def comparison_of(*results: Result) -> Comparison:
    first, *others = (Side(f"{number}.json", (Named(f"{number}.json", result),)) for number, result in enumerate(results))
    return compare(first, others)


@pytest.mark.parametrize(
    ("condition", "failed"),
    [
        ("response_time.p99 > +10%", True),
        ("response_time.p99 > +21%", False),
        ("response_time.p99 >= +19%", True),
        ("response_time.p99 > +15ms", True),
        ("response_time.p99 > +25ms", False),
        ("response_time.p99 < -10%", False),
        ("failed_percent > +4", True),
        ("failed_percent > +6", False),
        ("failed_percent > 0", True),
        ("failed_percent > +1000%", True),
        ("delivered_percent < -4", True),
        ("delivered_percent < -6%", False),
        ("reports_per_second < 0", True),
    ],
)
def test_a_condition_holds_for_the_difference_it_names(condition: str, failed: bool) -> None:
    """120 ms in place of 100, and 5 of 100 failed in place of none: what was delivered ends below P95."""
    compared = comparison_of(run_of(100, 1000), run_of(120, 995, 5))
    if "percent" in condition or "second" in condition:
        compared = comparison_of(run_of(100, 100), run_of(120, 95, 5))
    (judged,) = judge_conditions([parse_condition(condition)], compared)
    assert judged.failed is failed


@pytest.mark.parametrize("results", [(run_of(1, 10, 90), run_of(1, 10, 90)), (run_of(1, 0), run_of(1)), (run_of(1), run_of(1, 0))])
def test_where_there_is_no_difference_the_condition_fails(results: tuple[Result, Result]) -> None:
    (judged,) = judge_conditions([parse_condition("response_time.p99 > +10%")], comparison_of(*results))
    assert (judged.failed, judged.to_json()["value"]) == (True, None)
    assert "there is no difference to judge" in str(judged)


def test_what_is_not_delivered_any_more_is_said_in_words() -> None:
    (judged,) = judge_conditions([parse_condition("response_time.p99 > +10%")], comparison_of(run_of(1), run_of(1, 50, 50)))
    assert str(judged) == "response_time.p99 > +10% holds for 1.json: not delivered, unlike the baseline"


def test_every_side_is_judged_and_named() -> None:
    judged = judge_conditions([parse_condition("response_time.max > +10ms")], comparison_of(run_of(100), run_of(105), run_of(150)))
    assert [(each.side, each.failed) for each in judged] == [("1.json", False), ("2.json", True)]
    assert list(map(str, judged)) == [
        "response_time.max > +10ms does not hold for 1.json: +5 ms",
        "response_time.max > +10ms holds for 2.json: +50 ms",
    ]


@pytest.mark.parametrize(
    ("condition", "failed"),
    [
        ("packages.2000.response_time.p99 > +10%", True),
        ("packages.2000.response_time.p99 > +60%", False),
        ("packages.largest.response_time.p99 > +25ms", True),
        ("packages.smallest.response_time.p99 > +25ms", False),
        ("packages.500.response_time.mean > 0", False),
        ("packages.2000.service_time.p95 > +10%", False),
        ("interval.30s.response_time.max > +10%", True),
        ("phase.hold.response_time.max > +10%", True),
        ("response_time.p50 > 0", False),
    ],
)
def test_a_condition_may_be_about_a_group_or_a_phase(condition: str, failed: bool) -> None:
    """The large VMs take 90 ms in place of 60, the small ones what they took before."""
    results = [grouped_run(), grouped_run(large_ms=90)]
    results = [replace(result, phases=(PhaseResult("hold", result.counts, result.times),)) for result in results]
    (judged,) = judge_conditions([parse_condition(condition)], grouped_sides(*results))
    assert judged.failed is failed


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("packages.3000.lag.p99 > 0", "there is no packages group 3000, expected one of 500, 2000, largest, smallest"),
        ("interval.1m.lag.p99 > 0", "there is no interval group 1m, expected one of 30s, largest, smallest"),
        ("profile.web.failed_percent > 0", "there is no profile group web, and the config has none"),
        ("phase.hold.failed_percent > 0", "there is no phase hold, and the config has none"),
    ],
)
def test_a_group_that_a_result_does_not_have_is_an_error_that_names_those_that_it_has(condition: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judge_conditions([parse_condition(condition)], grouped_sides(grouped_run(), grouped_run()))
    assert list(map(str, caught.value.problems)) == [f"{number}.json: {condition}: {message}" for number in range(2)]
    assert caught.value.exit_code == EXIT_USAGE


def test_a_result_of_an_older_release_is_said_to_have_no_figures_of_groups() -> None:
    old = replace(grouped_run(), groups=None)
    with pytest.raises(ConfigError, match=r"1\.json: .*this result is of an older release, which has no figures of groups"):
        judge_conditions([parse_condition("packages.500.lag.p99 > 0")], grouped_sides(grouped_run(), old))
