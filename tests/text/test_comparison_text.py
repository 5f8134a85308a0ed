"""A comparison for people: every figure is there at any width, and what proves nothing is said to."""

from __future__ import annotations

import pytest

from comparison_example import HOSTILE, grouped_run, grouped_sides, late_run, many_runs, sound_run, two_sides
from vsock_loadgen.results.comparison import Side, compare
from vsock_loadgen.results.conditions import judge_conditions, parse_condition
from vsock_loadgen.results.result import Named
from vsock_loadgen.text.comparison_text import comparison_text

CONDITIONS = [parse_condition("response_time.p99 > +10%"), parse_condition("lag.max > +1s")]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(width: int) -> None:
    for comparison in (two_sides(), many_runs()):
        text = comparison_text(comparison, judge_conditions(CONDITIONS, comparison), width=width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        squeezed = "".join(text.split())
        for row in comparison.rows:
            assert row.metric.name.partition(".")[2] in squeezed


def test_names_are_whole_at_80_columns() -> None:
    text = comparison_text(many_runs(), width=80)
    assert "response_time.p999 " in text
    assert "reports_per_second " in text


def test_a_row_has_both_figures_their_difference_and_the_spread() -> None:
    (line,) = (line for line in comparison_text(many_runs(), width=120).splitlines() if "response_time.max" in line)
    assert line.split() == ["response_time.max", "21", "ms", "30.5", "ms", "+9.50", "ms", "+45.2", "%", "beyond", "2", "ms"]


def test_one_run_a_side_is_said_to_have_no_known_spread() -> None:
    assert "spread unknown" in comparison_text(two_sides())
    assert "own spread" not in comparison_text(two_sides())


def test_different_plans_invalid_runs_and_other_machines_are_said() -> None:
    text = comparison_text(two_sides(), width=120)
    assert "The plans differ" not in text
    assert "vmCount" in text
    assert "3.13.1" in text
    assert "proves nothing about its target" in text
    assert "the generator was late: [red]by 70 ms[/]" in text


def test_what_is_asked_comes_first_with_its_answer() -> None:
    comparison = two_sides()
    lines = comparison_text(comparison, judge_conditions(CONDITIONS, comparison), width=200).splitlines()
    assert lines[0] == "Comparison: failed"
    assert lines[1].strip() == "response_time.p99 > +10% holds for b: +6,069 %"
    assert lines[2].strip() == "lag.max > +1s does not hold for b: +234 us"


def test_names_from_outside_are_shown_as_they_are() -> None:
    assert HOSTILE in comparison_text(two_sides(), width=120)


@pytest.mark.parametrize(
    ("width", "figures"),
    [
        (60, "21.0 ms not delivered"),
        (80, "21.0 ms not delivered not delivered > 2.00 ms"),
        (120, "21.0 ms not delivered not delivered - beyond 2.00 ms"),
    ],
)
def test_every_cell_is_whole_also_where_reports_were_not_delivered(width: int, figures: str) -> None:
    before = tuple(Named(f"a{number}.json", sound_run(20 + number)) for number in range(3))
    comparison = compare(Side("a", before), [Side("b", (Named("b.json", late_run()), Named("c.json", late_run())))])
    text = comparison_text(comparison, width=width)
    (line,) = (line for line in text.splitlines() if "response_time.p999" in line)
    assert line.split() == ["response_time.p999", *figures.split()]
    (line,) = (line for line in text.splitlines() if "offered_per_second" in line)
    assert line.split()[-1] == "/s"


@pytest.mark.parametrize("width", [80, 120])
def test_figures_of_groups_stand_below_their_group_in_a_table_of_their_own(width: int) -> None:
    text = comparison_text(grouped_sides(grouped_run(), grouped_run(large_ms=90)), width=width)
    assert max(map(len, text.splitlines())) <= width
    table = text[text.index("B beside A, by group of VMs") :]
    assert "packages.500\n" in table
    lines = table[table.index("packages.2000\n") :].splitlines()[1:4]
    assert [line.split()[0] for line in lines] == ["failed_percent", "response_time.p50", "response_time.p99"]
    assert lines[1].split()[1:] == ["60", "ms", "90", "ms", "+30", "ms", "+50", "%"]


def test_without_groups_there_is_no_table_of_them() -> None:
    assert "by group" not in comparison_text(two_sides())
