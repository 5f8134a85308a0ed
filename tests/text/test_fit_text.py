"""A fit for people: where data and fit are alike one bar is seen, and what one of them has alone is told from it."""

from __future__ import annotations

import pytest

from vsock_loadgen.distributions.quantity import PACKAGES
from vsock_loadgen.fitting.fit import fit_block
from vsock_loadgen.text.fit_text import fit_text

BOTH, DATA, FIT = "█▓░"


def bars(values: list[int], most_pieces: int, width: int = 80) -> list[str]:
    """The bars of a fit of these values."""
    text = fit_text(fit_block(values, "percentile", most_pieces, PACKAGES.grain), PACKAGES, width=width, color=False)
    lines = text.split("of the VMs", 1)[1].splitlines()[1:]
    return [line.split("%")[-1].strip() for line in lines if line.count("%") == 2]


def test_a_fit_that_is_exact_has_no_bar_of_one_side_alone() -> None:
    drawn = bars([100] * 60 + [500] * 40, most_pieces=5)
    assert len(drawn) == 12
    assert {len(bar) for bar in drawn if set(bar) == {BOTH}} == {len(drawn[0]), len(drawn[-1])}
    assert len(drawn[-1]) == pytest.approx(5 * len(drawn[0]), abs=2)


def test_a_fit_that_is_too_coarse_shows_on_which_side_it_is_off() -> None:
    first, *_, last = bars(list(range(1, 1_001)), most_pieces=1)
    assert first.endswith(FIT)  # the smallest VMs have less than the mean
    assert last.endswith(DATA)


def test_bars_fit_the_width_or_are_not_there() -> None:
    values = list(range(1, 1_001))
    for width in (40, 60, 80, 120):
        text = fit_text(fit_block(values, "percentile", 2, PACKAGES.grain), PACKAGES, width=width, color=False)
        assert max(map(len, text.splitlines())) <= width
    assert len(bars(values, 2, 120)[-1]) > len(bars(values, 2, 80)[-1])


def test_of_few_values_no_band_is_empty() -> None:
    assert len(bars([7], most_pieces=3)) == 1
