"""Thresholds as goals of a search: each a share of the due reports, or refused with the reason."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulated_target import goals
from vsock_loadgen.capacity.goals import GUARD_SHARE, LOSSES, goals_of, longest_limit_ns
from vsock_loadgen.config.load import Override, load
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.units import MILLISECOND


def histogram(*milliseconds: int) -> Histogram:
    made = Histogram()
    for each in milliseconds:
        made.record(each * MILLISECOND)
    return made


SEEN = PartFigures(
    Counts(due=20, started=17, delivered=10, skipped=3, unfinished=2, in_flight=1, failures={FailureClass.TIMEOUT: 4}),
    Times(histogram(*range(100, 1100, 100)), histogram(*range(50, 550, 50)), Histogram()),
    0,
)


@pytest.mark.parametrize(
    ("expression", "share", "reports", "over", "of"),
    [
        ("response_time.p99 < 500ms", Fraction(1, 100), 1_000, 9 + 5, 19),
        ("response_time.p99.9 <= 2s", Fraction(1, 1000), 10_000, 9, 19),
        ("service_time.p90 < 250ms", Fraction(1, 10), 100, 6 + 5, 16),
        ("failed_percent < 10", Fraction(1, 10), 30, 4, 19),
        ("skipped_percent < 0.1", Fraction(1, 1000), 3_000, 3, 19),
        ("unfinished_percent <= 1", Fraction(1, 100), 300, 2, 19),
        ("delivered_percent > 99", Fraction(1, 100), 300, 9, 19),
    ],
)
def test_a_threshold_is_a_share_of_reports_that_may_be_over(
    expression: str, share: Fraction, reports: int, over: int, of: int
) -> None:
    goal = goals(expression)[0]
    assert (goal.share, goal.reports) == (share, reports)
    assert (goal.over(SEEN), goal.due(SEEN.counts)) == (over, of)


@pytest.mark.parametrize(
    "expression",
    [
        "reports_per_second > 10",
        "reports_per_second < 10",
        "lag.p99 < 50ms",
        "response_time.p99 > 1s",
        "response_time.max < 1s",
        "service_time.mean < 1s",
        "failed_percent > 1",
        "failed_percent <= 0",
        "delivered_percent < 99",
        "delivered_percent >= 100",
    ],
)
def test_what_does_not_get_worse_with_load_is_refused_with_its_place(expression: str) -> None:
    with pytest.raises(ConfigError) as refused:
        goals("response_time.p99 < 2s", expression)
    (problem,) = refused.value.problems
    assert (problem.where, problem.path) == ("--goal", "thresholds[1]")
    assert expression in problem.message


def test_a_goal_on_a_phase_is_refused() -> None:
    overrides = [
        Override("--set phases", "phases[0].name", "high"),
        Override("--set phases", "phases[0].duration", "1m"),
        Override("--goal", "thresholds[0]", "phase.high.response_time.p99 < 1s"),
    ]
    with pytest.raises(ConfigError, match="phases"):
        goals_of(load(None, environment={}, overrides=overrides).config)


def test_without_a_goal_there_is_nothing_to_search_for() -> None:
    with pytest.raises(ConfigError, match="found none"):
        goals_of(load(None, environment={}).config)


@pytest.mark.parametrize(
    ("expressions", "guarded"),
    [
        (["response_time.p99 < 1s"], LOSSES),
        (["response_time.p99 < 1s", "failed_percent < 1"], ("skipped", "unfinished")),
        (["delivered_percent > 99"], None),
        (["packages.700.failed_percent < 1"], LOSSES),
        (["failed_percent < 1", "skipped_percent < 1", "unfinished_percent < 1"], None),
    ],
)
def test_what_no_goal_names_may_not_be_lost(expressions: list[str], guarded: tuple[str, ...] | None) -> None:
    guards = [goal for goal in goals(*expressions) if goal.is_guard]
    assert [goal.losses for goal in guards] == ([guarded] if guarded else [])
    assert all((goal.share, goal.reports, goal.scope) == (GUARD_SHARE, 0, PHASE) for goal in guards)


def test_a_goal_of_a_group_has_a_scope_of_its_own() -> None:
    assert goals("packages.700.response_time.p99 < 1s")[0].scope == "packages.700"


def test_the_figure_of_a_goal_is_the_one_that_people_know() -> None:
    p90, failed = goals("response_time.p50 < 1s", "failed_percent < 1")[:2]
    assert p90.value(SEEN) == pytest.approx(1.0, rel=0.01)
    assert failed.value(SEEN) == pytest.approx(100 * 4 / 19)
    assert goals("response_time.p99 < 1s")[0].value(SEEN) is None  # it falls among lost reports


def test_the_longest_limit_is_that_of_a_time() -> None:
    assert longest_limit_ns(goals("response_time.p99 < 500ms", "response_time.p50 < 1s")) == 1000 * MILLISECOND
    assert longest_limit_ns(goals("failed_percent < 1")) == 0
