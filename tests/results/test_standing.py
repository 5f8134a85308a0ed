"""How a run stands is what its verdict would be if it ended now, from its first report on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet_example import EXAMPLE, plan_of
from run_example import snapshot, times_of
from vsock_loadgen.config.thresholds import parse_threshold
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.shares import Shares
from vsock_loadgen.results.conclusion import Findings, Run
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.standing import StandingWatch
from vsock_loadgen.units import MILLISECOND, SECOND

EXPRESSIONS = ("response_time.p99 < 500ms", "packages.2000.response_time.p99 < 1s")


class Watched:
    """A run with thresholds whose counts are set from outside."""

    def __init__(self, *expressions: str) -> None:
        config = replace(EXAMPLE, thresholds=tuple(map(parse_threshold, expressions)), duration_ns=60 * SECOND)
        plan = plan_of(config)
        mine = plan.nodes[0]
        run = Run(config, plan, mine, False, None, 1, {}, Shares(plan, mine))
        self.saturation = SaturationWatch(50 * MILLISECOND)
        self.totals = RunTotals(1, 1_700_000_000 * SECOND, plan.cells(mine))
        self.watch = StandingWatch(run, lambda totals: Findings(saturation=self.saturation.so_far(totals)))

    def at(self, at_ns: int, counts: Counts, times: Times | None = None) -> Verdict | None:
        """The verdict after such a snapshot."""
        self.totals.add(snapshot(0, at_ns, counts, times=times))
        self.watch.update(self.totals)
        return self.watch.now.verdict

    @property
    def passed(self) -> list[bool | None]:
        """What is said of each threshold."""
        return [threshold.passed for threshold in self.watch.now.thresholds]


DELIVERED = Counts(due=9, started=9, delivered=9)


def test_before_the_first_report_nothing_is_said_but_which_thresholds_there_are() -> None:
    watched = Watched(*EXPRESSIONS)
    assert watched.at(0, Counts()) is None
    assert watched.passed == [None, None]


def test_a_threshold_about_reports_that_are_all_under_way_is_not_missed_yet() -> None:
    watched = Watched(*EXPRESSIONS)
    watched.at(SECOND // 4, Counts(due=9, started=9, in_flight=9))
    assert watched.passed == [None, None]


@pytest.mark.parametrize(("response_ns", "status"), [(MILLISECOND, "passed"), (SECOND, "failed")])
def test_the_verdict_is_that_of_what_there_is(response_ns: int, status: str) -> None:
    watched = Watched(EXPRESSIONS[0])
    verdict = watched.at(SECOND // 4, DELIVERED, times_of(response_ns, response_ns, 1, 9))
    assert verdict is not None
    assert verdict.status == status
    assert watched.passed == [status == "passed"]


def test_what_was_lost_without_a_threshold_is_said() -> None:
    verdict = Watched().at(SECOND, Counts(due=9, started=9, delivered=8, failures={FailureClass.RESET: 1}))
    assert verdict is not None
    assert (verdict.status, verdict.reasons[0].split(":")[0]) == ("failed", "1 of 9 due reports were not delivered")


def test_a_generator_that_is_late_is_told_at_once_and_no_more_when_it_has_caught_up() -> None:
    watched = Watched()
    late = watched.at(SECOND, DELIVERED, times_of(SECOND, MILLISECOND, SECOND, 9))
    assert late is not None
    assert (late.status, late.reasons[0].split(":")[0]) == ("invalid", "the generator was late")
    many = Counts(due=2_000, started=2_000, delivered=2_000)
    on_time = watched.at(3 * SECOND, many, times_of(MILLISECOND, MILLISECOND, 1, 1_991))
    assert on_time is not None
    assert on_time.status == "passed"
    assert watched.saturation.found is None


def test_it_is_judged_once_a_second() -> None:
    watched = Watched(EXPRESSIONS[0])
    watched.at(SECOND, DELIVERED, times_of(SECOND, SECOND, 1, 9))
    seen = watched.watch.now
    watched.at(SECOND + SECOND // 2, Counts(due=10, started=10, delivered=10))
    assert watched.watch.now is seen
    watched.at(2 * SECOND, Counts(due=11, started=11, delivered=11))
    assert watched.watch.now is not seen
