"""Figures held against limits: exact, null fails, and no fate of a report but delivery on time makes any figure better."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_example import failed_result, result_of, times_of
from vsock_loadgen.config.thresholds import Threshold, parse_figure, parse_threshold
from vsock_loadgen.measures.figures import METRICS, Operator
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.groups import GroupResult, GroupResults
from vsock_loadgen.results.judgement import judge_target
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold, judge_thresholds
from vsock_loadgen.units import MILLISECOND, SECOND


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured, and nothing else."""

    counts: Counts
    times: Times
    elapsed_ns: int = 10 * SECOND

    def part(self, dimension: str, name: str) -> None:
        """There are no parts."""


HEALTHY = Figures(
    Counts(due=1_000, started=1_000, delivered=1_000),
    times_of(response=200 * MILLISECOND, service=100 * MILLISECOND, lag=MILLISECOND, count=1_000),
)


def threshold(name: str, comparison: Operator, limit: str) -> Threshold:
    """A threshold in the metric's own unit."""
    return Threshold(f"{name} {comparison} {limit}", METRICS[name], comparison=comparison, limit=Fraction(limit))


def one(asked: Threshold, measured: Figures) -> JudgedThreshold:
    """A threshold, held against some figures."""
    (judged,) = judge_thresholds([asked], measured)
    return judged


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_time.p99", 0.2),
        ("response_time.mean", 0.2),
        ("service_time.max", 0.1),
        ("lag.p50", 0.001),
        ("delivered_percent", 100),
        ("failed_percent", 0),
        ("skipped_percent", 0),
        ("unfinished_percent", 0),
        ("reports_per_second", 100),
    ],
)
def test_a_figure_is_in_its_own_unit(name: str, value: float) -> None:
    assert float(METRICS[name].value(HEALTHY) or 0) == pytest.approx(value, rel=1e-3)


def test_the_figures_of_a_threshold_are_those_of_the_result() -> None:
    for result in (result_of(HEALTHY.counts, HEALTHY.times), failed_result()):
        document = result.to_json()
        for clock in ("response_time", "service_time", "lag"):
            shown = document[f"{clock}_seconds"]
            assert isinstance(shown, dict)
            for point in ("p50", "p95", "p99", "p999", "max", "mean"):
                value = METRICS[f"{clock}.{point}"].value(result)
                assert (value is None) == (shown[point] is None)
                assert value is None or float(value) == pytest.approx(shown[point])


@pytest.mark.parametrize(
    ("comparison", "at_limit", "below", "above"),
    [("<", False, True, False), ("<=", True, True, False), (">", False, False, True), (">=", True, False, True)],
)
def test_a_comparison_is_exact_at_the_limit(comparison: Operator, at_limit: bool, below: bool, above: bool) -> None:
    counts = Counts(due=300, started=300, delivered=299, failures={FailureClass.RESET: 1})
    for limit, passed in ((Fraction(1, 3), at_limit), (Fraction(1, 3) + Fraction(1, 10**20), below), (Fraction(333, 1_000), above)):
        judged = one(Threshold("x", METRICS["failed_percent"], comparison=comparison, limit=limit), Figures(counts, Times()))
        assert judged.passed is passed


@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">="])
def test_a_figure_that_does_not_exist_fails_whatever_is_asked_of_it(comparison: Operator) -> None:
    lost = Figures(Counts(due=10, started=10, failures={FailureClass.TIMEOUT: 10}), Times())
    for name in ("response_time.p50", "service_time.mean"):
        judged = one(threshold(name, comparison, "5"), lost)
        assert (judged.value, judged.passed) == (None, False)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("comparison", ["<", "<=", ">", ">="])
def test_of_no_reports_nothing_is_judged(name: str, comparison: Operator) -> None:
    """Longer than any and nothing at all are two things."""
    judged = one(threshold(name, comparison, "5"), Figures(Counts(), Times(), 0))
    assert (judged.value, judged.passed) == (None, None)


def test_reports_whose_fate_is_not_known_yet_count_neither_way() -> None:
    counts = replace(HEALTHY.counts, due=1_050, started=1_050, in_flight=50)
    running = Figures(counts, HEALTHY.times)
    for name, metric in METRICS.items():
        assert metric.value(running) == METRICS[name].value(HEALTHY)


def test_what_was_found_is_said_in_words() -> None:
    asked = [
        threshold("response_time.p99", "<", "0.5"),
        threshold("response_time.p99", "<", "0.1"),
        threshold("delivered_percent", ">=", "99.9"),
        threshold("reports_per_second", ">", "400"),
    ]
    assert list(map(str, judge_thresholds(asked, HEALTHY))) == [
        "response_time.p99 < 0.5 is met: 200 ms",
        "response_time.p99 < 0.1 is missed: 200 ms",
        "delivered_percent >= 99.9 is met: 100 %",
        "reports_per_second > 400 is missed: 100 per second",
    ]
    lost = Figures(Counts(due=1, started=1, failures={FailureClass.TIMEOUT: 1}), Times())
    assert str(one(asked[0], lost)) == "response_time.p99 < 0.5 is missed: it falls among reports that were not delivered"
    assert str(one(asked[2], Figures(Counts(), Times()))) == "delivered_percent >= 99.9 is not judged: no report was due"
    part = replace(parse_threshold("reports_per_second > 300"), limit=Fraction(75))
    assert str(one(part, HEALTHY)) == "reports_per_second > 300 (75 for this node's part) is met: 100 per second"


def test_a_threshold_on_a_phase_is_about_what_fell_due_in_it() -> None:
    """The spike failed, the run as a whole did not notice."""
    lost = Counts(due=10, started=10, failures={FailureClass.TIMEOUT: 10})
    phases = (PhaseResult("calm", HEALTHY.counts, HEALTHY.times), PhaseResult("spike", lost, Times()))
    run = replace(result_of(HEALTHY.counts, HEALTHY.times), phases=phases)
    about = [
        replace(threshold("delivered_percent", ">=", "99"), dimension="phase", part=name) for name in ("calm", "spike", "storm")
    ]
    assert [judged.passed for judged in judge_thresholds(about, run)] == [True, False, None]
    assert [judged.value for judged in judge_thresholds(about, run)] == [100, 0, None]


def test_the_document_has_value_unit_and_whether_it_was_met() -> None:
    judged = one(threshold("response_time.p50", "<", "0.1"), HEALTHY)
    assert judged.to_json() == {
        "expression": "response_time.p50 < 0.1",
        "limit": 0.1,
        "value": judged.value,
        "unit": "seconds",
        "passed": False,
    }
    assert Abortion(1_500 * MILLISECOND, (judged,)).to_json() == {"at_seconds": 1.5, "missed": [judged.to_json()]}


def test_the_result_document_has_every_threshold_and_what_stopped_the_run() -> None:
    judged = (JudgedThreshold("lag.p99 < 1s", 0.002, "seconds", True), JudgedThreshold("a", None, "seconds", False))
    document = replace(failed_result(), thresholds=judged, abortion=Abortion(SECOND, judged[1:])).to_json()
    assert document["thresholds"] == [threshold.to_json() for threshold in judged]
    assert document["aborted"] == {"at_seconds": 1.0, "missed": [judged[1].to_json()]}
    assert failed_result().to_json()["aborted"] is None


REPORTS = st.lists(
    st.tuples(
        st.integers(0, SECOND), st.integers(0, SECOND), st.sampled_from(["as before", "slower", "failed", "abandoned", "skipped"])
    ),
    min_size=1,
    max_size=60,
)


def _run(reports: list[tuple[int, int, str]], elapsed_ns: int) -> Figures:
    """The figures of a run whose reports had these lags, service times and fates."""
    times, fates = Times(), [fate for _, _, fate in reports]
    for lag_ns, service_ns, fate in reports:
        if fate == "skipped":
            continue
        times.lag.record(lag_ns)
        if fate in ("as before", "slower"):
            slow_ns = service_ns + (SECOND if fate == "slower" else 0)
            times.service.record(slow_ns)
            times.response.record(lag_ns + slow_ns)
    counts = Counts(
        due=len(fates),
        started=len(fates) - fates.count("skipped"),
        delivered=times.response.count,
        skipped=fates.count("skipped"),
        unfinished=fates.count("abandoned"),
        failures={FailureClass.TIMEOUT: fates.count("failed")},
    )
    return Figures(counts, times, elapsed_ns)


@given(reports=REPORTS, per_mille=st.integers(1, 999), scope=st.sampled_from(["", "packages.7.", "phase.x."]))
def test_any_percentile_is_that_of_the_histogram(reports: list[tuple[int, int, str]], per_mille: int, scope: str) -> None:
    """Whatever is not delivered is longer than any time."""
    measured = _run(reports, 20 * SECOND)
    figure = parse_figure(f"{scope}response_time.p{per_mille // 10}.{per_mille % 10}")
    times = sorted(
        lag + service + (SECOND if fate == "slower" else 0) for lag, service, fate in reports if fate in ("as before", "slower")
    )
    rank = -(-per_mille * len(reports) // 1_000)
    expected = None if rank > len(times) else times[rank - 1] / SECOND
    value = figure.metric.value(measured)
    assert (value is None) == (expected is None)
    assert value is None or float(value) == pytest.approx(expected, rel=1e-3)


def _badness(name: str, measured: Figures) -> float:
    """A figure as a number that is the larger the worse."""
    value = METRICS[name].value(measured)
    if name in ("delivered_percent", "reports_per_second"):
        return -float(value or 0)
    return math.inf if value is None else float(value)


@given(reports=REPORTS, drain_ns=st.integers(0, 10 * SECOND))
def test_no_figure_that_is_about_the_target_is_better_where_the_target_delivered_less_or_later(
    reports: list[tuple[int, int, str]], drain_ns: int
) -> None:
    """Skipped reports were never started, so they have no service time; a VM skips only beside one that takes too long."""
    before = [(lag, service, "as before") for lag, service, _ in reports]
    healthy, stalled = _run(before, 20 * SECOND), _run(reports, 20 * SECOND + drain_ns)
    about_starts = "skipped" in [fate for *_, fate in reports]
    for name in METRICS:
        if name.startswith("lag") or (about_starts and name.startswith("service_time")):
            continue
        before_that = _badness(name, healthy)
        assert _badness(name, stalled) >= before_that - 0.001 * abs(before_that), name  # the width of a histogram's bucket


@pytest.mark.parametrize(("vms", "due"), [(0, 0), (3, 0)], ids=["no VM here", "nothing was due"])
def test_of_a_group_of_which_nothing_was_due_on_this_node_nothing_is_judged(vms: int, due: int) -> None:
    large = GroupResult("2000", "2,000", 2_000, 2_000, 2.0, vms, 8, Counts(due=due, delivered=due), Times())
    small = GroupResult("500", "500", 500, 500, 98.0, 100, 400, HEALTHY.counts, HEALTHY.times)
    run = replace(result_of(HEALTHY.counts, HEALTHY.times), groups=GroupResults((small, large), (), ()))
    texts = ("packages.largest.failed_percent < 1", "packages.2000.response_time.p99 < 5s", "packages.smallest.failed_percent < 1")
    judged = judge_thresholds(list(map(parse_threshold, texts)), run)
    assert [each.passed for each in judged] == [None, None, True]
    assert [each.shown_value for each in judged[:2]] == ["not judged"] * 2
    verdict = judge_target(run.counts, judged)
    assert (verdict.status, verdict.exit_code) == ("passed", 0)
    (reason,) = verdict.reasons
    assert reason.startswith("the threshold is met; 2 more ")
