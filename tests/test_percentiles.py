"""A percentile has one grammar, wherever one is written."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.percentiles import PATTERN, percentile_name, percentile_of


@pytest.mark.parametrize(
    ("name", "at"),
    [("p50", "50"), ("p5", "5"), ("p05", "5"), ("p99.90", "99.9"), ("p999", "99.9"), ("p0.000000001", "1/1000000000")],
)
def test_a_name_is_a_percentile(name: str, at: str) -> None:
    assert percentile_of(name) == Fraction(at)


@pytest.mark.parametrize(
    "name", ["p0", "p00.000", "p100", "p9999", "p-1", "P50", "p", "50", "p1e1", "p50.", "p\u0665\u0660", "p50\n", ""]
)
def test_any_other_text_is_none(name: str) -> None:
    assert percentile_of(name) is None


@given(st.integers(1, 100 * 10**9 - 1).map(lambda number: Fraction(number, 10**9)))
def test_every_percentile_has_a_name_that_means_it(at: Fraction) -> None:
    name = percentile_name(at)
    assert percentile_of(name) == at
    assert re.fullmatch(PATTERN, name)
    assert not re.search(r"\.[0-9]*0$|^p0[0-9]", name)
