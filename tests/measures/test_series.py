"""What happened second by second: nothing is lost when rows grow wider, and memory stays bounded."""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from run_example import times_of
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.series import MOST_ROWS, OPEN_SECONDS, Rows, RowTimes, Series, SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times

START = 1_700_000_001


def change_of(number: int) -> Counts:
    """What changes in one stretch: one of each thing, and a failure now and then."""
    failures = {FailureClass.RESET: 1} if number % 7 == 0 else {}
    return Counts(due=4 + len(failures), started=3, delivered=2, skipped=1, in_flight=1, bytes=100 + number, failures=failures)


def sums(rows: Sequence[SeriesRow]) -> tuple[int, int, int, int, int, Counter[FailureClass]]:
    """What all rows add up to."""
    failures: Counter[FailureClass] = Counter()
    for row in rows:
        failures.update(row.counts.failures)
    return (
        sum(row.counts.due for row in rows),
        sum(row.counts.started for row in rows),
        sum(row.counts.delivered for row in rows),
        sum(row.counts.skipped for row in rows),
        sum(row.counts.bytes for row in rows),
        failures,
    )


_NUMBERS = st.integers(0, 2**40)
_FIGURES = st.none() | st.integers(0, 2**62)
_TIMES = st.builds(RowTimes, _FIGURES, _FIGURES, _FIGURES, _FIGURES)
_FAILURES = st.lists(st.tuples(st.sampled_from(FailureClass), st.integers(1, 2**40))).map(dict)
_COUNTS = st.builds(Counts, *[_NUMBERS] * 7, failures=_FAILURES)
_ROWS = st.builds(SeriesRow, st.integers(0, 40).map(START.__add__), _COUNTS, _TIMES, _TIMES, _TIMES)


def entered(rows: list[SeriesRow], row: SeriesRow, width_seconds: int) -> list[SeriesRow]:
    """Rows as objects in a list, with one more in its place."""
    start = row.second - row.second % width_seconds
    before = [each for each in rows if each.second < start]
    same = [each.then(row) for each in rows if each.second == start] or [replace(row, second=start)]
    return before + same + [each for each in rows if each.second > start]


@given(
    given_rows=st.lists(_ROWS, max_size=30),
    width=st.sampled_from([1, 2, 4]),
    room=st.integers(0, 40),
    later=st.lists(_ROWS, max_size=3),
)
def test_rows_are_the_same_as_if_they_were_objects_and_so_is_their_text(
    given_rows: list[SeriesRow], width: int, room: int, later: list[SeriesRow]
) -> None:
    rows, objects = Rows(room), list[SeriesRow]()
    for row in given_rows:
        rows.enter(row, width)
        objects = entered(objects, row, width)
    kept, copied = list(objects), rows.with_more(later, width)
    for row in later:
        objects = entered(objects, row, width)
    assert (list(rows), list(copied)) == (kept, objects)
    assert json.dumps([row.to_json() for row in copied]) == json.dumps([row.to_json() for row in objects])
    assert [copied[place] for place in range(-len(objects), len(objects))] == objects * 2
    assert copied[1:-1] == objects[1:-1]


def test_a_series_has_its_memory_from_the_start() -> None:
    """Else a process would grow for an hour, by a row a second."""
    series, blocks = Series(), list[int]()
    for second in range(660):
        series.add(START + second, change_of(second), 0, times_of(response=9, service=5, lag=3, count=1))
        if second in (59, 659):
            gc.collect()  # which also empties the interpreter's own stores
            blocks.append(sys.getallocatedblocks())
    assert blocks[1] - blocks[0] < 60, "less than a block of memory in ten rows; as an object, a row is eight"


@settings(max_examples=50)
@given(seconds=st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_rows_are_in_order_one_a_second_and_add_up_even_when_snapshots_come_late(seconds: list[int]) -> None:
    """A worker that was held up delivers seconds that are closed already."""
    series = Series()
    total = Counts()
    for number, second in enumerate(seconds):
        series.add(START + second, change_of(number), in_flight=number, times=Times())
        total += change_of(number)
    rows = series.rows()
    assert [row.second for row in rows] == sorted({START + second for second in seconds})
    assert sums(rows) == (total.due, total.started, total.delivered, total.skipped, total.bytes, Counter(total.failures))


def test_rows_double_their_width_beyond_the_most_and_keep_their_sums() -> None:
    series, total = Series(), Counts()
    for second in range(3 * MOST_ROWS):
        series.add(START + second, change_of(second), in_flight=second, times=Times())
        total += change_of(second)
    rows = series.rows()
    assert series.width_seconds == 4
    assert len(rows) <= MOST_ROWS
    assert all(row.second % 4 == 0 for row in rows)
    assert [row.second for row in rows] == sorted({row.second for row in rows})
    assert sums(rows) == (total.due, total.started, total.delivered, total.skipped, total.bytes, Counter(total.failures))
    assert rows[-1].counts.in_flight == 3 * MOST_ROWS - 1


def test_reading_the_rows_changes_nothing() -> None:
    series = Series()
    for second in range(30):
        series.add(START + second, change_of(second), in_flight=0, times=Times())
    assert series.rows() == series.rows()


def test_histograms_are_kept_of_the_last_seconds_only() -> None:
    series = Series()
    for second in range(100):
        series.add(START + second, change_of(second), 0, times_of(response=9, service=5, lag=second, count=1))
        assert len(series._open) <= OPEN_SECONDS


def test_a_window_is_that_of_the_latest_seconds_that_are_over() -> None:
    series = Series()
    for second in range(40):
        series.add(START + second, Counts(due=second), 0, times_of(response=1, service=1, lag=second, count=2))
    window = series.whole_window(10)
    assert window is not None
    assert (window.last_second, window.due, window.peak_due) == (START + 38, sum(range(29, 39)), 38)
    assert list(window.lags) == [times_of(response=1, service=1, lag=lag, count=2).lag for lag in range(29, 39)]


def test_the_recent_rows_are_those_of_the_last_seconds_with_the_one_that_goes_on() -> None:
    series = Series()
    assert series.recent(3) == []
    for second in range(10):
        series.add(START + second, Counts(due=second), in_flight=0, times=Times())
    assert [row.counts.due for row in series.recent(3)] == [7, 8, 9]


def test_a_run_younger_than_the_window_has_none() -> None:
    series = Series()
    assert series.whole_window(10) is None
    for second in range(11):
        assert series.whole_window(10) is None
        series.add(START + second, Counts(due=1), 0, Times())
    assert series.whole_window(10) is not None


def test_seconds_without_anything_count_as_such_in_a_window() -> None:
    series = Series()
    for second in (0, 7, 11):
        series.add(START + second, Counts(due=5), 0, times_of(response=1, service=1, lag=second, count=1))
    window = series.whole_window(10)
    assert window is not None
    assert (window.due, window.peak_due, Histogram.merged(window.lags).count) == (5, 5, 1)


def test_a_row_has_the_quantiles_of_its_second() -> None:
    series = Series()
    delivered = Counts(due=2, started=2, delivered=2)
    series.add(START, delivered, 3, times_of(response=1_000, service=500, lag=20, count=10))
    series.add(START, delivered, 2, times_of(response=2_000, service=600, lag=30, count=10))
    (row,) = series.rows()
    assert (row.response, row.service.p99, row.lag.largest) == (RowTimes(1_000, 2_000, 2_000, 2_000), 600, 30)
    assert (row.counts.in_flight, row.counts.delivered) == (2, 4)


def test_a_second_in_which_reports_were_lost_has_no_figure_of_the_few_that_were_not() -> None:
    series = Series()
    lost = Counts(due=10, started=7, delivered=1, skipped=3, failures={FailureClass.TIMEOUT: 6})
    series.add(START, lost, 0, times_of(response=1_000, service=500, lag=20, count=1))
    (row,) = series.rows()
    assert (row.response, row.service) == (RowTimes(), RowTimes())
    assert row.lag.p99 == 20


def test_what_is_beyond_any_time_stays_so_in_a_wider_row_and_an_empty_second_says_nothing() -> None:
    series = Series()
    fine = times_of(response=1_000, service=500, lag=20, count=1)
    series.add(START, Counts(due=1, started=1, delivered=1), 0, fine)
    series.add(START + 1, Counts(due=1, started=1, failures={FailureClass.TIMEOUT: 1}), 0, Times())
    series.add(START + 2, Counts(), 0, Times())
    good, lost, empty = series.rows()
    assert good.then(lost).response == lost.then(good).response == RowTimes()
    assert good.then(lost).service == RowTimes()
    assert good.then(empty).response == empty.then(good).response == good.response
    skipped = replace(lost, counts=Counts(due=1, skipped=1))
    assert good.then(skipped).response == RowTimes()
    assert good.then(skipped).service == good.service


def test_rows_that_become_one_have_the_larger_of_their_quantiles() -> None:
    assert RowTimes(1, 20, None, 30).or_larger(RowTimes(2, 10, 5, None)) == RowTimes(2, 20, 5, 30)
    assert RowTimes().or_larger(RowTimes()) == RowTimes()


def test_a_row_as_json_is_in_seconds() -> None:
    series = Series()
    series.add(START, change_of(0), 3, times_of(response=1_000, service=500, lag=20, count=10))
    (row,) = series.rows()
    assert row.to_json() == {
        "t": START,
        "due": 5,
        "started": 3,
        "delivered": 2,
        "failed": 1,
        "skipped": 1,
        "in_flight": 3,
        "bytes": 100,
        "failures": {"reset": 1},
        "response_time_seconds": {"p50": 1e-6, "p95": None, "p99": None, "max": None},
        "service_time_seconds": {"p50": 5e-7, "p95": None, "p99": None, "max": None},
        "lag_seconds": {"p50": 2e-8, "p95": 2e-8, "p99": 2e-8, "max": 2e-8},
    }
