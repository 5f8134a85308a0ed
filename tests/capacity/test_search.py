"""The search as a pure function of its trials: which load comes next, when it ends, and what it says then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simulated_target import goals, terms
from vsock_loadgen.capacity.outcome import AtLeast, Capacity, Frame, capacity_of
from vsock_loadgen.capacity.search import MOST_HALVINGS, Search, Step, Terms
from vsock_loadgen.capacity.timing import expected
from vsock_loadgen.capacity.trial import GoalSeen, Level, Trial

TERMS = terms("response_time.p99 < 500ms")
MANY = 1_000_000


def seen(of: Terms, *, met: bool, clear: bool) -> tuple[GoalSeen, ...]:
    """A goal that is met or missed, clearly or by a report, and a guard that is kept."""
    goal, guard = of.goals
    over = (0 if met else MANY) if clear else (10 if met else 11)
    count = MANY if clear else 1_000
    return (
        GoalSeen(goal.expression, 0.1, met, over, count, 1.0, clear),
        GoalSeen(guard.expression, 0.0, met=True, over=0, of=count, spread=1.0, clear=True),
    )


def trial(step: Step, number: int, verdict: str, of: Terms = TERMS, *, clear: bool = True, **others: Any) -> Trial:
    """A trial that came out so."""
    level = Level(step.load, 2_000, 20 * step.load) if of.vary == "rate" else Level(1.0, int(step.load), step.load / 100)
    plain: dict[str, Any] = {
        "seconds": 5.0,
        "due": 1_000,
        "delivered_per_second": 90.0,
        "most_in_flight": 10,
        "p50": 0.1,
        "p99": 0.2,
        "goals": seen(of, met=verdict != "misses", clear=clear),
        "growth": 0.0,
        "backlog": "level",
        "lag_p99": 0.001,
        "generator_late": verdict == "late",
        "recovered_after": 0.1,
        "verdict": verdict,
    }
    return Trial(number=number, purpose=step.purpose, level=level, long=step.long, **plain | others)


@dataclass
class Played:
    """A search that was run to its end: what each trial showed is decided by `of`."""

    search: Search
    trials: list[Trial]

    @property
    def loads(self) -> list[float]:
        return [self.search.terms.load_of(each) for each in self.trials]

    @property
    def purposes(self) -> list[str]:
        return [each.purpose for each in self.trials]


def played(of: Callable[[Step, int], Trial], under: Terms = TERMS, most: int = 200) -> Played:
    trials: list[Trial] = []
    while step := Search(under, trials).next:
        assert len(trials) < most, "it does not end"
        trials.append(of(step, len(trials) + 1))
    return Played(Search(under, trials), trials)


def holding(load: float, under: Terms = TERMS) -> Callable[[Step, int], Trial]:
    """A target that holds so much, and shows it."""
    return lambda step, number: trial(step, number, "holds" if step.load <= load else "misses", under)


def outcome(of: Played, *, at_least: AtLeast | None = None, complete: bool = True) -> Capacity:
    frame = Frame(
        started_at="2026-01-31T12:00:00+00:00", target="unix:///relay", at_least=at_least, idle_p95=0.05, config={}, environment={}
    )
    return capacity_of(of.search, frame, probes=20, complete=complete)


def test_the_load_is_doubled_to_the_first_miss_and_halved_between_the_bounds() -> None:
    found = played(holding(5.0))
    assert found.loads[:7] == [1.0, 2.0, 4.0, 8.0, 5.657, 4.757, 5.188]
    assert found.purposes[-4:] == ["confirm", "confirm", "plateau", "last"]
    assert (found.loads[-2], found.loads[-1]) == (pytest.approx(1.5 * found.search.upper.load, rel=1e-3), 1.0)  # type: ignore[union-attr]


def test_the_load_is_halved_to_the_first_hold() -> None:
    assert played(holding(0.3)).loads[:4] == [1.0, 0.5, 0.25, 0.3536]


@given(st.floats(0.04, 5_000), st.sampled_from([0.01, 0.05, 0.2]), st.integers(1, 4))
def test_the_bounds_are_around_what_holds_and_as_near_as_asked(load: float, precision: float, confirm: int) -> None:
    under = replace(TERMS, precision=precision, confirm=confirm)
    found = played(holding(load, under), under)
    lower, upper = found.search.lower, found.search.upper
    assert lower is not None
    assert upper is not None
    assert lower.load <= load < upper.load
    assert upper.load / lower.load <= 1 + precision + 1e-9
    assert all(len(point.trials) >= confirm for point in (lower, upper))
    assert outcome(found).confidence == "clear"
    assert outcome(found).code == 0


@given(st.integers(1, 100_000), st.integers(1, 50_000), st.sampled_from([0.01, 0.05]))
def test_vms_are_whole_and_the_bounds_next_to_each_other_where_they_are_few(load: int, start: int, precision: float) -> None:
    under = Terms("vms", TERMS.goals, float(start), 1.0, 100_000.0, "bounds", precision)
    found = played(holding(load, under), under)
    assert all(each == int(each) and each >= 1 for each in found.loads)
    lower, upper = found.search.lower, found.search.upper
    if lower and upper:
        assert upper.load / lower.load <= 1 + precision or upper.load - lower.load == 1


@given(st.floats(0.04, 30), st.integers(1, 40))
def test_a_search_goes_on_from_its_trials_as_if_nothing_had_been(load: float, cut: int) -> None:
    whole = played(holding(load)).trials
    assume(cut < len(whole))
    resumed = Search(TERMS, whole[:cut]).next
    assert resumed is not None
    assert (resumed.load, resumed.purpose) == (TERMS.load_of(whole[cut]), whole[cut].purpose)


def test_where_all_up_to_the_highest_holds_that_is_the_limit() -> None:
    found = played(holding(100.0), under := replace(TERMS, highest=6.0))
    assert found.loads == [1.0, 2.0, 4.0, 6.0, 6.0]
    assert (outcome(found).limited_by, outcome(found).misses, outcome(found).code) == ("bounds", None, 0)
    fleet = played(holding(100.0), replace(under, highest_by="fleet"))
    assert outcome(fleet).limited_by == "fleet"


def test_where_the_lowest_misses_nothing_holds() -> None:
    found = played(holding(0.0))
    assert found.loads[: MOST_HALVINGS + 1] == [2.0**-each for each in range(MOST_HALVINGS + 1)]
    assert (outcome(found).holds, outcome(found).code) == (None, 3)


def test_a_trial_that_is_not_clear_is_repeated_until_three_decide() -> None:
    def unclear(step: Step, number: int) -> Trial:
        if step.load == 2.0:
            verdict = ("holds", "misses", "holds")[sum(each == 2.0 for each in loads) % 3]
            loads.append(step.load)
            return trial(step, number, verdict, clear=False)
        return holding(2.0)(step, number)

    loads: list[float] = []
    found = played(unclear)
    assert found.loads[:4] == [1.0, 2.0, 2.0, 2.0]
    assert found.purposes[1:4] == ["search", "repeat", "repeat"]
    assert (found.search.lower.load, outcome(found).confidence) == (2.0, "majority")  # type: ignore[union-attr]


def test_what_grows_once_in_a_long_trial_is_a_miss() -> None:
    def growing(step: Step, number: int) -> Trial:
        if step.load != 2.0:
            return holding(2.0)(step, number)
        means = "grows" if step.long else "growing"
        return trial(step, number, "misses" if step.long else "holds", goals=seen(TERMS, met=True, clear=True), backlog=means)

    found = played(growing)
    assert found.trials[2].long
    assert outcome(found).limited_by == "backlog"
    assert found.search.upper.load == 2.0  # type: ignore[union-attr]


def test_what_may_be_growing_and_does_not_grow_in_a_long_trial_holds() -> None:
    def passing(step: Step, number: int) -> Trial:
        return replace(holding(3.0)(step, number), backlog="growing" if step.load == 2.0 and not step.long else "level")

    found = played(passing)
    assert [each.long for each in found.trials].count(True) == 1
    assert found.search.lower.load > 2.0  # type: ignore[union-attr]


def test_a_trial_for_which_the_generator_was_late_is_run_again_and_then_an_upper_end() -> None:
    found = played(lambda step, number: trial(step, number, "late" if step.load > 3 else "holds"))
    assert found.loads[:4] == [1.0, 2.0, 4.0, 4.0]
    assert (outcome(found).limited_by, outcome(found).misses, outcome(found).code) == ("generator", None, 4)
    assert outcome(found).holds is not None
    assert "plateau" not in found.purposes


def test_a_generator_that_was_late_once_is_no_limit() -> None:
    found = played(lambda step, number: trial(step, number, "late") if number == 3 else holding(5.0)(step, number))
    assert outcome(found).limited_by == TERMS.goals[0].expression


def test_a_target_that_becomes_slower_in_the_middle_is_contradictory() -> None:
    found = played(lambda step, number: holding(5.0 if number < 7 else 2.5)(step, number))
    assert outcome(found).confidence == "contradictory"
    assert outcome(found).code == 1
    assert (outcome(found).contradictory_from or 0) >= 7
    assert "again" in found.purposes


@pytest.mark.parametrize("glitch", range(1, 9))
def test_a_passing_trouble_is_found_out_and_changes_nothing(glitch: int) -> None:
    def once(step: Step, number: int) -> Trial:
        return trial(step, number, "misses") if number == glitch else holding(5.0)(step, number)

    found = played(once)
    assert outcome(found).confidence in ("clear", "majority")
    assert found.search.lower is not None
    assert found.search.upper is not None
    assert found.search.lower.load <= 5.0 < found.search.upper.load


def test_the_first_load_that_held_is_tried_at_the_end_and_tells_a_change() -> None:
    found = played(lambda step, number: trial(step, number, "misses") if step.purpose == "last" else holding(5.0)(step, number))
    assert (outcome(found).confidence, outcome(found).code) == ("changed", 1)


def test_a_target_that_does_not_recover_ends_the_search_with_its_bounds() -> None:
    found = played(lambda step, number: replace(holding(5.0)(step, number), recovered_after=None if step.load == 8.0 else 0.1))
    assert found.loads == [1.0, 2.0, 4.0, 8.0]
    assert (outcome(found).limited_by, outcome(found).code) == ("not recovered", 1)
    assert outcome(found).holds == Level(4.0, 2_000, 80.0)


@pytest.mark.parametrize(
    ("at_least", "code"),
    [
        (AtLeast(90.0, "reports_per_second"), 0),
        (AtLeast(120.0, "reports_per_second"), 3),
        (AtLeast(2_000, "vms"), 0),
        (AtLeast(2_001, "vms"), 3),
    ],
)
def test_a_pipeline_asks_for_so_much_at_least(at_least: AtLeast, code: int) -> None:
    assert outcome(played(holding(5.0)), at_least=at_least).code == code


def test_what_the_generator_could_show_is_enough_where_no_more_is_asked_for() -> None:
    found = played(lambda step, number: trial(step, number, "late" if step.load > 3 else "holds"))
    assert outcome(found, at_least=AtLeast(30.0, "reports_per_second")).code == 0
    assert outcome(found, at_least=AtLeast(70.0, "reports_per_second")).code == 4


def test_an_interrupted_search_says_what_it_knew() -> None:
    part = Played(Search(TERMS, trials := played(holding(5.0)).trials[:4]), trials)
    found = outcome(part, complete=False)
    assert (found.confidence, found.code, found.complete) == ("interrupted", 1, False)
    assert (found.holds, found.misses) == (Level(4.0, 2_000, 80.0), Level(8.0, 2_000, 160.0))


def test_the_plateau_is_what_is_delivered_beyond_the_limit_where_the_backlog_grows() -> None:
    def target(step: Step, number: int) -> Trial:
        grows = step.purpose == "plateau"
        return replace(holding(5.0)(step, number), backlog="grows" if grows else "level", delivered_per_second=99.0)

    assert outcome(played(target)).plateau_reports_per_second == 99.0
    assert outcome(played(holding(5.0))).plateau_reports_per_second is None


@given(st.floats(0.04, 5_000), st.integers(0, 12))
def test_the_document_says_all_of_it_and_is_read_again(load: float, cut: int) -> None:
    whole = played(holding(load))
    part = Played(Search(TERMS, whole.trials[:cut]), whole.trials[:cut])
    found = outcome(part, complete=False)
    assert Capacity.read(found.to_json()) == found


def test_what_is_expected_covers_what_comes() -> None:
    for load in (1.2, 3.0, 9.0, 15.0):
        foreseen = expected(TERMS, (), lambda step: 10.0)
        assert foreseen.least[0] <= len(played(holding(load)).trials) <= foreseen.most[0] + 1
        assert foreseen.least[1] <= foreseen.likely[1] <= foreseen.most[1]


def test_at_the_end_nothing_more_is_expected() -> None:
    assert expected(TERMS, played(holding(5.0)).trials, lambda step: 10.0).most == (0, 0.0)


def test_several_goals_are_all_to_be_kept_and_the_worst_is_the_limit() -> None:
    under = terms("response_time.p99 < 500ms", "failed_percent < 1")
    assert len(under.goals) == len(goals("response_time.p99 < 500ms", "failed_percent < 1")) == 3

    def target(step: Step, number: int) -> Trial:
        held = step.load <= 5.0
        found = tuple(
            GoalSeen(goal.expression, 0.1, is_met, 0 if is_met else share, MANY, 1.0, clear=True)
            for goal, is_met, share in zip(under.goals, (True, held, True), (0, MANY // 2, 0), strict=True)
        )
        return replace(trial(step, number, "holds" if held else "misses"), goals=found)

    assert outcome(played(target, under)).limited_by == "failed_percent < 1"
