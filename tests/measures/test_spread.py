"""How response times spread over a run: no report is lost when columns grow wider, and there are never many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.histogram import Histogram, bucket_of
from vsock_loadgen.measures.spread import MOST_COLUMNS, SPREAD_BITS, Spread, SpreadColumn, merged_spread
from vsock_loadgen.record import MOST
from vsock_loadgen.units import MILLISECOND, SECOND

START = 1_700_000_001
SECONDS = st.lists(st.integers(0, 5_000), min_size=1, max_size=300)


def spread_of(seconds: Sequence[int], nanoseconds: int = MILLISECOND) -> Spread:
    """One report in each of these seconds."""
    made = Spread()
    for second in seconds:
        response = Histogram()
        response.record(nanoseconds)
        made.add(START + second, response, {})
    return made


def coarse(nanoseconds: int) -> int:
    """The bucket of a column that a time falls into."""
    (bucket,) = Histogram({bucket_of(nanoseconds): 1}).coarser(SPREAD_BITS)
    return bucket


def in_all(columns: Sequence[SpreadColumn]) -> Counter[int]:
    return sum((Counter(column.response) for column in columns), Counter())


@given(SECONDS)
def test_nothing_is_lost_and_columns_stay_few_and_in_order(seconds: list[int]) -> None:
    made = spread_of(seconds)
    columns = made.columns()
    assert sum(in_all(columns).values()) == len(seconds)
    starts = [column.second for column in columns]
    assert starts == sorted({START + second - (START + second) % made.width_seconds for second in seconds})
    assert len(columns) <= MOST_COLUMNS


@given(st.integers(1_024, MOST))
def test_a_coarse_bucket_is_that_of_the_same_layout_with_fewer_bits(nanoseconds: int) -> None:
    shift = nanoseconds.bit_length() - SPREAD_BITS - 1
    assert coarse(nanoseconds) == (shift << SPREAD_BITS) + (nanoseconds >> shift)


@given(st.integers(0, 1_023))
def test_what_is_below_the_first_binary_order_is_in_one_bucket(nanoseconds: int) -> None:
    assert coarse(nanoseconds) == coarse(1_024)


def test_two_kinds_of_reports_in_a_second_stay_apart() -> None:
    made = spread_of([0] * 9)
    slow = Histogram()
    slow.record(SECOND, 3)
    made.add(START, slow, {})
    (column,) = made.columns()
    assert sorted(column.response.values()) == [3, 9]


def test_askings_are_counted_by_how_they_ended() -> None:
    made = Spread()
    made.add(START, Histogram(), {Asked.WHOLE: 2, Asked.BUSY: 1, Asked.INTERNAL: 3, Asked.CUT: 0})
    made.add(START + 1, Histogram(), {Asked.WHOLE: 0})
    (column,) = made.columns()
    assert column.to_json() == {"t": START, "response_time": [], "askings": {"whole": 2, "errors": 4}}


@given(SECONDS, SECONDS)
def test_those_of_two_nodes_are_one(one: list[int], other: list[int]) -> None:
    parts = [(made.width_seconds, made.columns()) for made in (spread_of(one), spread_of(other, SECOND))]
    width, columns = merged_spread(parts)
    assert in_all(columns) == sum((in_all(part) for _, part in parts), Counter())
    assert len(columns) <= MOST_COLUMNS
    assert all(column.second % width == 0 for column in columns)


def test_a_column_is_read_as_it_was_written() -> None:
    made = spread_of([0, 7, 7])
    made.add(START, Histogram(), {Asked.WHOLE: 1})
    for column in made.columns():
        assert SpreadColumn.read(column.to_json()) == column
