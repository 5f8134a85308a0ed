"""The outcome of a search for a pull request: short, and nothing in it is markup but its own."""

from __future__ import annotations

import capacity_example as example
from vsock_loadgen.text.capacity_markdown import capacity_markdown
from vsock_loadgen.text.capacity_sheet import outcome_lines, sheet_of


def cells_of(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("\\", "") for cell in line.strip("|").split("|"))


def test_what_holds_comes_first_and_the_rest_of_the_outcome_below() -> None:
    lines = capacity_markdown(example.found()).splitlines()
    first, *others = (" ".join(line.split()) for line in outcome_lines(example.found()))
    assert lines[:3] == ["## Capacity", "", f"**{first}**"]
    assert [line.removeprefix("- ").replace("\\", "") for line in lines if line.startswith("- ")] == others


def test_the_table_is_that_of_the_terminal() -> None:
    sheet = sheet_of(example.by_vms().trials)
    lines = [line for line in capacity_markdown(example.by_vms()).splitlines() if line.startswith("|")]
    assert cells_of(lines[0]) == sheet.headings
    assert tuple(map(cells_of, lines[2:])) == sheet.rows


def test_a_search_without_trials_has_no_table() -> None:
    assert "|" not in capacity_markdown(example.not_begun())


def test_a_hostile_goal_is_no_markup() -> None:
    text = capacity_markdown(example.found(limited_by=example.HOSTILE))
    assert "\\[bold\\]x\\[/\\] \\| \\<b\\>\\`\\*\\_y" in text
