"""A comparison in Markdown: tables with as many cells as columns, whatever stands in a name."""

from __future__ import annotations

import re

from comparison_example import grouped_run, grouped_sides, many_runs, two_sides
from vsock_loadgen.results.comparison import Side, compare
from vsock_loadgen.results.conditions import judge_conditions, parse_condition
from vsock_loadgen.text.comparison_markdown import comparison_markdown


def test_every_row_of_a_table_has_as_many_cells_as_its_heading() -> None:
    for comparison in (two_sides(), many_runs(), grouped_sides(grouped_run(), grouped_run())):
        tables = [block for block in comparison_markdown(comparison).split("\n\n") if block.startswith("|")]
        assert len(tables) >= 2
        for table in tables:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_markup_in_a_name_is_escaped() -> None:
    text = comparison_markdown(two_sides())
    assert r"\[bold\]x\[/\] \| \<b\>\`\*\_y\_\*\` :100:.json" in text
    assert "<b>" not in text.replace("\\<b", "")


def test_every_figure_has_its_row_under_its_own_name() -> None:
    text = comparison_markdown(many_runs())
    assert "| response_time.max | 21 ms | 30.5 ms | +9.50 ms | +45.2 % | beyond 2 ms |" in text


def test_what_is_asked_comes_first_with_its_answer() -> None:
    comparison = many_runs()
    text = comparison_markdown(comparison, judge_conditions([parse_condition("response_time.max > +10%")], comparison))
    assert text.startswith("## Comparison\n\n**failed**\n\n- response_time.max \\> +10% holds for b: +45.2 %\n")


def test_figures_of_groups_have_a_section_of_their_own() -> None:
    text = comparison_markdown(grouped_sides(grouped_run(), grouped_run(large_ms=90)))
    assert "packages." not in text[: text.index("### By group of VMs")]
    assert "| packages.2000.response_time.p50 | 60 ms | 90 ms | +30 ms | +50 % | spread unknown |" in text


def test_only_what_is_beyond_the_spread_is_shown_unless_all_is_asked_for() -> None:
    comparison = many_runs()
    whole, short = (comparison_markdown(comparison, only_beyond=only_beyond) for only_beyond in (False, True))
    names = {row.metric.name: row.changes[0].exceeds_spread for row in comparison.rows}
    assert all(f"| {name} |" in whole for name in names)
    assert {name for name in names if f"| {name} |" in short} == {name for name, exceeds in names.items() if exceeds}
    assert f"{list(names.values()).count(False)} figures differ only within their own spread" in short


def test_nothing_is_left_out_where_no_spread_is_known() -> None:
    comparison = grouped_sides(grouped_run(), grouped_run())
    assert comparison_markdown(comparison, only_beyond=True) == comparison_markdown(comparison)


def test_a_side_without_a_difference_says_so() -> None:
    comparison = compare(Side("a", many_runs().baseline.runs), [Side("b", many_runs().baseline.runs)])
    assert "No figure of the whole run differs between A and B" in comparison_markdown(comparison, only_beyond=True)
