"""Bars, and cells that flow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from vsock_loadgen.text.console import bar, bar_cells, columns, flowed, grid, rendered, table


@given(share=st.floats(0, 1), width=st.integers(1, 60))
def test_a_bar_is_as_long_as_its_share_and_shows_whatever_there_is(share: float, width: int) -> None:
    made = bar(share, width)
    assert len(made) <= width
    assert bool(made) == (share > 0)
    assert abs(8 * made.count("█") - share * width * 8) <= 8


@pytest.mark.parametrize(("share", "made"), [(0, ""), (1e-9, "▏"), (0.5, "█████"), (0.55, "█████▌"), (1, "██████████")])
def test_bars_have_eighths_of_a_cell(share: float, made: str) -> None:
    assert bar(share, 10) == made


@given(width=st.integers(20, 300))
def test_bars_leave_room_for_the_figures_beside_them(width: int) -> None:
    assert 5 <= bar_cells(width) <= 30


def test_cells_flow_into_as_few_lines_as_there_is_room_for() -> None:
    assert rendered([flowed(["aaaa 1", "bbbb 2", "cccc 3"], width=18)], width=18, color=False) == "  aaaa 1   bbbb 2\n  cccc 3\n"


@given(words=st.lists(st.text("ab[]/:\\x", min_size=1, max_size=90), min_size=1, max_size=6), width=st.integers(20, 100))
def test_text_is_broken_and_never_cut_off_and_tables_keep_to_the_width(words: list[str], width: int) -> None:
    made = table("", "text", "n")
    beside = grid("left", "left")
    for number, word in enumerate(words):
        made.add_row(Text(word), str(number))
        beside.add_row(str(number), Text(word))
    for part in (made, beside):
        text = rendered([part], width=width, color=False)
        assert "…" not in text
        assert all(len(line) <= width for line in text.splitlines())
        for character in set("".join(words)):
            assert text.count(character) >= sum(word.count(character) for word in words)


def test_colour_is_there_on_request_only() -> None:
    assert "\x1b[" in rendered(["[bold]x[/]"], width=20, color=True)
    assert rendered(["[bold]x[/]"], width=20, color=False) == "x\n"


def test_colons_make_no_picture() -> None:
    assert rendered(["at :100: of it"], width=40, color=False) == "at :100: of it\n"


def test_columns_are_as_high_as_their_values_and_shaded_up_to_their_tops() -> None:
    assert columns([0, 1, 2, 4], [0, 4, 2, 4], 4, 2) == [" \N{LIGHT SHADE} \N{FULL BLOCK}", " ▄██"]


FIGURES = st.one_of(st.integers(0, 10**12).map("{:,}".format), st.sampled_from(["1.27 ms", "3.71 ms", "not delivered", "-"]))


@given(
    st.integers(20, 200),
    st.integers(1, 6).flatmap(lambda count: st.lists(st.lists(FIGURES, min_size=count, max_size=count), min_size=1)),
)
def test_a_table_at_any_width_has_whole_figures_with_a_space_between(width: int, rows: list[list[str]]) -> None:
    chart = table("", "", *(f"h{number}" for number in range(len(rows[0]))))
    for row in rows:
        chart.add_row("name", *row)
    lines = rendered([chart], width=width, color=False).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    drawn = [line for line in lines if line.startswith("name")]
    assert len(drawn) == len(rows)
    shown = len(re.split(r"  +", drawn[0].strip())) - 1
    for line, row in zip(drawn, rows, strict=True):
        assert re.split(r"  +", line.strip()) == ["name", *row[:shown]]
