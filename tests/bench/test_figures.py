"""Medians, ratios and budgets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.figures import Budget, Figures, judge, medians, ratio, spread

RUN = Figures(
    reports_per_second=1000,
    cpu_us_per_report=30,
    user_us_per_report=10,
    sink_us_per_report=15,
    sink_share=0.2,
    others_share=0,
    lag_p99=0.001,
)


def test_a_median_takes_each_figure_by_itself() -> None:
    middle = medians([replace(RUN, cpu_us_per_report=cpu, lag_p99=lag) for cpu, lag in ((30, 0.3), (10, 0.1), (20, None))])
    assert middle.cpu_us_per_report == 20
    assert middle.lag_p99 == pytest.approx(0.2)
    assert middle.pss_bytes is None


def test_medians_of_no_run_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        medians([])


def test_a_ratio_is_ours_over_the_reference() -> None:
    assert ratio(RUN, replace(RUN, cpu_us_per_report=15), "cpu_us_per_report") == 2
    assert ratio(RUN, None, "cpu_us_per_report") is None
    assert ratio(RUN, replace(RUN, lag_p99=0.0), "lag_p99") is None


@pytest.mark.parametrize(("limit", "met"), [(2.0, True), (1.99, False)])
def test_a_budget_on_a_ratio_is_met_up_to_its_limit(limit: float, met: bool) -> None:
    judged = judge("some", Budget("cpu_us_per_report", limit, "floor"), {"ours": RUN, "floor": replace(RUN, cpu_us_per_report=15)})
    assert judged.value == 2
    assert judged.met is met


def test_a_budget_without_a_reference_limits_our_own_figure() -> None:
    assert judge("some", Budget("lag_p99", 0.002), {"ours": RUN}).met is True
    assert judge("some", Budget("lag_p99", 0.0005), {"ours": RUN}).met is False


def test_a_budget_without_figures_is_neither_met_nor_missed() -> None:
    assert judge("some", Budget("lag_p99", 1), {}).met is None
    assert judge("some", Budget("pss_bytes", 1), {"ours": RUN}).met is None
    assert judge("some", Budget("cpu_us_per_report", 1, "go"), {"ours": RUN}).met is None


def test_the_spread_is_relative_to_the_median() -> None:
    assert spread([9, 10, 12]) == pytest.approx(0.3)
    assert spread([5]) == 0
