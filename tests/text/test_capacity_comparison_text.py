"""A comparison of searches for people: the difference first, then what speaks against it, then what each search found."""

from __future__ import annotations

import pytest

import capacity_example as example
from vsock_loadgen.capacity.comparison import Comparison, Side, compare, parse_holds
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.text.capacity_comparison import comparison_markdown, comparison_text


def of(*capacities: Capacity, name: str = "after.json") -> Comparison:
    first, *others = capacities
    return compare([Side("before.json", first), *(Side(name, other) for other in others)])


def shown(*capacities: Capacity) -> str:
    return " ".join(comparison_text(of(*capacities), width=120).split())


def test_how_much_less_holds_comes_first() -> None:
    text = shown(example.found(), example.slower())
    assert text.startswith(
        "after.json holds 20 % less than before: 76 reports/s, before 95 reports/s "
        "more than the width of the bounds, which do not overlap: 95 to 100 before, 76 to 80 now"
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (example.slower(), example.found(), "holds 25 % more than before: 95 reports/s, before 76 reports/s"),
        (example.found(), example.a_bit_slower(), "holds 3.16 % less than before"),
        (example.found(), example.a_bit_slower(), "within the width of the bounds, which overlap: 95 to 100 before, 92 to 96 now"),
        (example.found(), example.found(), "holds as much as before: 95 reports/s"),
        (example.by_vms(), example.by_vms(78), "holds 58 % less than before: 4,000 VMs, before 9,500 VMs"),
        (example.found(), example.nothing_held(), "before 95 reports/s"),
        (example.nothing_held(), example.found(), "holds 95 reports/s; before, no"),
        (example.nothing_held(), example.found(), "below 5 before, 95 to 100 now"),
        (example.found(), example.generator_limited(), "holds at least 80 reports/s, before 95 reports/s"),
        (example.found(), example.generator_limited(), "95 to 100 before, 80 and above now"),
        (example.generator_limited(), example.found(), "holds 95 reports/s, before at least 80 reports/s"),
    ],
)
def test_every_kind_of_difference_has_its_words(before: Capacity, after: Capacity, said: str) -> None:
    assert said in shown(before, after)


def test_goals_and_fleets_that_differ_are_a_warning() -> None:
    other = example.slower(goals=("response_time.p99 < 1s", example.LOST), config=example.CONFIG | {"packages": 20})
    for text in (comparison_text(of(example.found(), other)), comparison_markdown(of(example.found(), other))):
        assert "The goals differ" in text
        assert "The configs differ" in text
        assert "packages" in text
    assert "differ" not in shown(example.found(), example.slower())


def test_a_search_whose_bounds_are_not_those_of_the_target_is_no_answer() -> None:
    text = shown(example.found(), example.contradictory(), example.generator_limited(), example.not_begun())
    assert "after.json is not an answer: " in text
    assert ": the generator was late" in text
    assert ": the search was interrupted" in text


def test_what_is_asked_comes_first_with_its_answer() -> None:
    comparison = of(example.found(), example.slower())
    judged = parse_holds("holds < -10%").judge(comparison)
    lines = comparison_text(comparison, judged).splitlines()
    assert lines[:2] == ["Comparison: failed", "  holds < -10% is the case for after.json: -20 %"]
    assert "**failed**" in comparison_markdown(comparison, judged)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = comparison_text(of(example.found(), example.contradictory(), name=example.HOSTILE), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert example.HOSTILE.split()[0] in text


def test_markdown_takes_nothing_from_outside_for_markup() -> None:
    text = comparison_markdown(of(example.found(), example.slower(), name=example.HOSTILE))
    assert "\\[bold\\]x\\[/\\] \\| \\<b\\>\\`\\*\\_y" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}
