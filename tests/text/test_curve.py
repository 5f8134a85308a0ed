"""A curve of how much of a fleet has at most each value: it never falls, ends at all, and its labels stand where they belong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.text.curve import cumulative_curve

HEIGHTS = " ▁▂▃▄▅▆▇█"
VALUES = st.lists(st.integers(0, 10**9), min_size=2, max_size=60).filter(lambda values: min(values) < max(values))
WIDTHS = st.integers(10, 200)


def drawn(values: list[int], width: int, groups: tuple[tuple[str, int], ...] = ()) -> tuple[list[int], list[str]]:
    """The height of every column in eighths of a cell, and the lines below."""
    lines = cumulative_curve(values, lambda value: f"{value:.0f}", groups, width=width)
    assert max(map(len, lines)) <= width
    chart = [line[6:].ljust(width - 6) for line in lines[:6]]
    return [sum(HEIGHTS.index(line[column]) for line in chart) for column in range(width - 6)], lines[6:]


@given(VALUES, WIDTHS)
def test_it_never_falls_and_ends_with_all_of_the_fleet(values: list[int], width: int) -> None:
    heights, (axis, *_) = drawn(values, width)
    assert heights == sorted(heights)
    assert heights[-1] == 48
    assert str(min(values)) in axis or len(str(min(values))) > width - 6


def test_half_of_a_fleet_is_half_way_up() -> None:
    heights, (axis,) = drawn(list(range(101)), 106)
    assert heights[49:51] == [24, 25]
    assert axis.split() == ["0", "25", "50", "75", "100"]
    assert axis.index("50") == 6 + 50


def test_values_that_lie_far_apart_have_an_axis_of_factors() -> None:
    heights, (axis,) = drawn([1, 10, 100, 1_000, 10_000], 86)
    assert axis.split() == ["1", "10", "100", "1000", "10000"]
    assert heights[0] == heights[18] == round(48 / 5)
    assert heights[22] == round(2 * 48 / 5)


def test_groups_are_named_where_they_begin_as_far_as_there_is_room() -> None:
    _, (_, below) = drawn(list(range(101)), 56, (("0-9", 0), ("10-89", 10), ("90-100", 90), ("a name that touches", 91)))
    assert below.index("└0-9") == 6
    assert below.index("└10-89") == 6 + 5
    assert below.endswith("└90-100")
    assert "touches" not in below
