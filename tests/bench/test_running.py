"""From a run's documents to its figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bench.placement import Placement, place
from bench.processes import BenchError, CpuTime, Watched
from bench.references import SinkReceipt, last_json_line
from bench.running import RefusedError, check_exit, our_figures, reference_figures, window_of
from bench.scenarios import Scenario

START = 1_000_000
SCENARIO = Scenario(name="some", group="paced", vms=10, packages=10, interval_us=1_000_000, seconds=4)
RECEIPT = SinkReceipt(connections=400, bytes=1, first_byte_ns=3_500_000_000, cpu_seconds=0.004)


def watched(**changed: Any) -> Watched:
    cpu_at = {START + second: {7: CpuTime(0.1 * second, 0.2 * second), 8: CpuTime(0.0, 0.01 * second)} for second in range(6)}
    plain = Watched(0, "", "", 3_000_000_000, 5.0, CpuTime(1, 1), cpu_at, 1_000, 1_000, 3.0)
    return replace(plain, **changed)


def result() -> dict[str, Any]:
    return {
        "started_at": datetime.fromtimestamp(START + 0.25, UTC).isoformat(),
        "series": [{"t": START + second, "delivered": 100 + second} for second in range(5)],
        "lag_seconds": {"p50": 0.1, "p99": 0.2, "max": 0.3},
        "totals": {"failed": 1, "skipped": 2, "unfinished": 3},
    }


def test_the_window_leaves_out_the_first_second_and_what_comes_after_the_end() -> None:
    window = window_of(START + 0.25, 4, watched().cpu_at)
    assert (window.first, window.end, window.seconds) == (START + 2, START + 4, 2)


def test_a_run_that_is_too_short_to_measure_is_an_error() -> None:
    with pytest.raises(BenchError, match="expected at least 2"):
        window_of(START + 0.25, 2, watched().cpu_at)


def test_reports_and_processor_time_are_of_the_same_seconds() -> None:
    figures = our_figures(result(), watched(), RECEIPT, SCENARIO)
    delivered = 102 + 103
    assert figures.reports_per_second == delivered / 2
    assert figures.cpu_us_per_report == pytest.approx(0.62 / delivered * 1e6)
    assert figures.user_us_per_report == pytest.approx(0.2 / delivered * 1e6)
    assert figures.busiest_share == pytest.approx(0.3)
    assert figures.processes == 2


def test_time_to_the_first_report_runs_from_the_start_of_the_command() -> None:
    assert our_figures(result(), watched(), RECEIPT, SCENARIO).first_report_seconds == pytest.approx(0.5)


def test_what_was_not_delivered_is_counted_and_lag_shown_unless_saturated_on_purpose() -> None:
    paced = our_figures(result(), watched(), RECEIPT, SCENARIO)
    saturated = our_figures(result(), watched(), RECEIPT, replace(SCENARIO, saturated=True))
    assert (paced.not_delivered, paced.lag_p99) == (6, 0.2)
    assert (saturated.not_delivered, saturated.lag_p99) == (1, None)


def test_a_reference_measures_itself() -> None:
    said = '{"reports": 1000, "elapsed_seconds": 2.0, "user_seconds": 0.01, "system_seconds": 0.03}\n'
    figures = reference_figures(watched(output=said), RECEIPT)
    assert figures.reports_per_second == 500
    assert figures.cpu_us_per_report == pytest.approx(40)
    assert figures.sink_us_per_report == pytest.approx(10)
    assert figures.lag_p99 is None


def test_a_reference_that_says_nothing_is_an_error() -> None:
    with pytest.raises(BenchError, match="expected a line of JSON"):
        last_json_line("\n")


def test_a_saturated_or_missed_run_has_figures_and_a_refused_or_broken_one_has_not() -> None:
    for code in (0, 3, 4):
        check_exit(watched(exit_code=code))
    with pytest.raises(RefusedError, match="unknown key"):
        check_exit(watched(exit_code=2, messages="file:1: unknown key\n"))
    with pytest.raises(BenchError, match="exit code 1"):
        check_exit(watched(exit_code=1))


def test_apart_takes_two_processors_and_together_one() -> None:
    assert place("apart", frozenset({4, 5, 6})) == Placement(frozenset({4}), frozenset({5}))
    assert place("together", frozenset({4, 5})) == Placement(frozenset({4}), frozenset({4}))
    assert place("free", frozenset({4, 5})).sender == {4, 5}
    with pytest.raises(ValueError, match="expected 2"):
        place("apart", frozenset({4}))
