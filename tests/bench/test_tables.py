"""The outcome as text and as a document."""

from __future__ import annotations

import json

import pytest
from bench.figures import Budget, Figures
from bench.outcome import Measured, Outcome, Pressed
from bench.scenarios import Scenario, scenarios
from bench.tables import BEGIN_MARK, END_MARK, markdown_table, megabytes, number, percent, put_into, render, text_table, time_text

OURS = Figures(
    reports_per_second=14_000, cpu_us_per_report=60, user_us_per_report=15, sink_us_per_report=50, sink_share=0.7, others_share=0
)
FLOOR = Figures(
    reports_per_second=8_000, cpu_us_per_report=50, user_us_per_report=1, sink_us_per_report=50, sink_share=0.5, others_share=0
)
SCENARIO = Scenario(
    name="some",
    group="saturation",
    vms=1,
    packages=1,
    interval_us=1,
    seconds=1,
    budgets=(Budget("cpu_us_per_report", 1.1, "floor"),),
)
OUTCOME = Outcome(
    {"kernel": "Linux 6"},
    3,
    [Measured(SCENARIO, {"ours": [OURS], "floor": [FLOOR]}, ["go: not here"])],
    [Pressed("herd", {"due": 10_000.0, "lag p99": 0.25}, {"nobody is lost": True, "nobody is late": False})],
)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0000123, "12.3 us"), (0.0021, "2.1 ms"), (1.5, "1.5 s"), (None, "-"), (0.35, "350 ms"), (0, "0 us")]
)
def test_a_time_is_shown_in_the_unit_that_suits_it(value: float | None, text: str) -> None:
    assert time_text(value) == text


def test_figures_are_short_and_what_is_missing_is_a_dash() -> None:
    assert [number(1234.5), number(1.234), number(None)] == ["1,234", "1.23", "-"]
    assert [megabytes(34_000_000), percent(0.256), megabytes(None)] == ["34 MB", "26 %", "-"]


def test_a_missed_budget_stands_out() -> None:
    assert "CPU per report  some      1.10 x the C floor  1.20 x the C floor  MISSED" in render(OUTCOME, [], text_table)


def test_every_sender_has_a_row_and_its_ratio() -> None:
    rows = [line for line in render(OUTCOME, [], markdown_table, "### ").splitlines() if "C floor |" in line and "1.20 |" in line]
    assert len(rows) == 1


def test_what_was_not_measured_and_what_broke_is_said() -> None:
    text = render(OUTCOME, [], text_table)
    assert "- go: not here" in text
    assert "1 of 2 hold" in text
    assert "- herd: nobody is late: BROKEN" in text


def test_the_document_has_every_round_and_every_judgement() -> None:
    document = json.loads(json.dumps(OUTCOME.to_json()))
    assert document["scenarios"][0]["cpu_ratios"] == {"floor": 1.2}
    assert document["budgets"][0]["met"] is False
    assert document["pressure"][0]["claims"] == {"nobody is lost": True, "nobody is late": False}


def test_tables_take_the_place_of_those_between_the_marks() -> None:
    page = f"# Page\n{BEGIN_MARK}\nold\n{END_MARK}\nmore\n"
    assert put_into(page, "new\n") == f"# Page\n{BEGIN_MARK}\n\nnew\n\n{END_MARK}\nmore\n"
    assert put_into(put_into(page, "newer\n"), "new\n") == put_into(page, "new\n")
    assert put_into("a page without marks", "new\n") == "new\n"


def test_names_of_scenarios_are_unique() -> None:
    names = [scenario.name for scenario in scenarios()]
    assert len(set(names)) == len(names)
