"""Histograms of times: every quantile within 0.1 %, whatever is recorded, merged, or sent through JSON."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given, settings
from hypothesis import strategies as st

from run_example import histogram_of
from vsock_loadgen.measures.histogram import DenseHistogram, Histogram, bucket_bounds, bucket_of
from vsock_loadgen.units import HOUR

TIMES = st.integers(0, 2 * HOUR)
SHARES = st.sampled_from(["0.001", "0.25", "0.5", "0.9", "0.95", "0.99", "0.999", "1"])


def exact_quantile(times: list[int], share: str, beyond: int = 0) -> int | None:
    """The nearest-rank quantile of all times; None where it falls among those beyond."""
    rank = max(1, math.ceil(Fraction(share) * (len(times) + beyond)))
    return sorted(times)[rank - 1] if rank <= len(times) else None


def is_within_a_thousandth(found: int | None, exact: int | None) -> bool:
    """Whether a quantile is the exact one but for the histogram's resolution."""
    if found is None or exact is None:
        return found is exact
    return abs(found - exact) <= exact / 1_000


@given(nanoseconds=st.one_of(TIMES, st.integers(0, 2**62)))
def test_a_time_lies_within_the_bounds_of_its_bucket(nanoseconds: int) -> None:
    lowest, past = bucket_bounds(bucket_of(nanoseconds))
    assert lowest <= nanoseconds < past


@given(bucket=st.integers(0, 60_000))
def test_every_bucket_has_times_of_its_own_and_begins_where_the_last_one_ends(bucket: int) -> None:
    lowest, past = bucket_bounds(bucket)
    assert bucket_of(lowest) == bucket_of(past - 1) == bucket
    assert bucket_bounds(bucket + 1)[0] == past


@given(bucket=st.integers(0, 60_000))
def test_a_bucket_is_a_nanosecond_wide_or_a_1024th_of_its_lower_bound(bucket: int) -> None:
    lowest, past = bucket_bounds(bucket)
    assert past - lowest == 1 if lowest < 2_048 else (past - lowest) * 1_024 <= lowest


@given(nanoseconds=st.integers(-(2**62), -1))
def test_negative_times_count_as_zero(nanoseconds: int) -> None:
    assert bucket_of(nanoseconds) == 0


@given(times=st.lists(TIMES, min_size=1, max_size=200), share=SHARES)
def test_a_quantile_is_the_exact_nearest_rank_to_within_a_thousandth(times: list[int], share: str) -> None:
    assert is_within_a_thousandth(histogram_of(*times).quantile(float(share)), exact_quantile(times, share))


@given(times=st.lists(TIMES, max_size=100), beyond=st.integers(0, 100), share=SHARES)
def test_what_never_ended_is_longer_than_any_time(times: list[int], beyond: int, share: str) -> None:
    found = histogram_of(*times).quantile(float(share), beyond)
    if not times and not beyond:
        assert found is None
    else:
        assert is_within_a_thousandth(found, exact_quantile(times, share, beyond))


@pytest.mark.parametrize(
    ("delivered", "beyond", "share", "found"),
    [
        (99, 1, 0.99, 5),
        (99, 1, 0.991, None),
        (50, 50, 0.5, 5),
        (49, 51, 0.5, None),
        (0, 1, 0.5, None),
        (999, 1, 0.999, 5),
        (0, 0, 0.5, None),
    ],
)
def test_a_quantile_among_what_never_ended_is_none(delivered: int, beyond: int, share: float, found: int | None) -> None:
    histogram = Histogram()
    if delivered:
        histogram.record(5, delivered)
    assert histogram.quantile(share, beyond) == found


@given(count=st.integers(1, 10**9), thousandths=st.integers(1, 1_000))
@example(count=100, thousandths=70)  # 0.07 * 100 is a little more than 7 in floating point
def test_the_rank_is_exact_for_shares_of_a_thousandth_and_large_counts(count: int, thousandths: int) -> None:
    """Of the times 1 (as many as the rank) and 2, the quantile is 1; with one fewer it is 2."""
    rank = -(-thousandths * count // 1_000)
    histogram = Histogram()
    histogram.record(1, rank)
    assert histogram.quantile(thousandths / 1_000, count - rank) == 1
    if rank > 1:
        fewer = Histogram()
        fewer.record(1, rank - 1)
        assert fewer.quantile(thousandths / 1_000, count - rank + 1) is None


@given(parts=st.lists(st.lists(TIMES, max_size=30), max_size=5))
def test_merging_is_the_same_as_recording_everything_in_one(parts: list[list[int]]) -> None:
    assert Histogram.merged(histogram_of(*part) for part in parts) == histogram_of(*(time for part in parts for time in part))


@given(times=st.lists(TIMES, max_size=50))
def test_merging_leaves_the_parts_alone(times: list[int]) -> None:
    part = histogram_of(*times)
    whole = Histogram.merged([part, part])
    whole.record(7)
    assert part == histogram_of(*times)


@given(times=st.lists(TIMES, min_size=1, max_size=100), repeats=st.integers(1, 1_000))
def test_mean_largest_and_count_are_exact(times: list[int], repeats: int) -> None:
    histogram = Histogram()
    for time in times:
        histogram.record(time, repeats)
    assert (histogram.count, histogram.largest, histogram.total) == (len(times) * repeats, max(times), sum(times) * repeats)
    assert histogram.mean == pytest.approx(sum(times) * repeats / (len(times) * repeats), rel=1e-15), "but for a double's rounding"
    assert histogram.quantile(1) == max(times)


def test_an_empty_histogram_has_no_mean() -> None:
    assert (Histogram().mean, Histogram().count) == (None, 0)


@given(times=st.lists(TIMES, max_size=50))
def test_json_and_back_is_the_same_histogram(times: list[int]) -> None:
    histogram = histogram_of(*times)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"subbucket_bits": 9, "counts": [], "sum": 0, "max": 0},
        {"subbucket_bits": 10, "counts": None, "sum": 0, "max": 0},
        {"subbucket_bits": 10, "counts": [], "sum": None, "max": 0},
        {"subbucket_bits": 10, "counts": [1], "sum": 0, "max": 0},
        {"subbucket_bits": 10, "counts": [[1]], "sum": 0, "max": 0},
        {"subbucket_bits": 10, "counts": [["x", 1]], "sum": 0, "max": 0},
        {"subbucket_bits": 10, "counts": [[None, 1]], "sum": 0, "max": 0},
    ],
)
def test_what_is_no_histogram_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Histogram.from_json(document)


@settings(max_examples=50)
@given(times=st.lists(st.integers(1_000, HOUR), min_size=1, max_size=100), data=st.data())
def test_quantiles_agree_with_hdrhistogram(times: list[int], data: st.DataObject) -> None:
    """Both are within a thousandth of the same exact value. They are compared at shares that are whole ranks, since
    HdrHistogram rounds the rank of any other share, and we take the next one up."""
    reference = HdrHistogram(1, 2 * HOUR, 3)
    for time in times:
        reference.record_value(time)
    rank = data.draw(st.integers(1, len(times)))
    found = histogram_of(*times).quantile(rank / len(times))
    theirs = reference.get_value_at_percentile(100 * rank / len(times))
    assert found is not None
    assert abs(found - theirs) <= 0.002 * theirs + 1


@given(times=st.lists(TIMES, max_size=60), beyond=st.integers(0, 20), shares=st.lists(SHARES, max_size=5))
def test_several_quantiles_are_what_each_of_them_is(times: list[int], beyond: int, shares: list[str]) -> None:
    made, wanted = histogram_of(*times), [float(share) for share in shares]
    assert made.quantiles(wanted, beyond) == [made.quantile(share, beyond) for share in wanted]


@given(parts=st.lists(st.lists(TIMES, max_size=30), max_size=5), share=SHARES, limit=TIMES)
def test_a_dense_histogram_reads_like_any_other(parts: list[list[int]], share: str, limit: int) -> None:
    plain, dense = Histogram(), DenseHistogram()
    for part in parts:
        plain.merge(histogram_of(*part))
        dense.merge(histogram_of(*part))
    assert dense == plain == Histogram.merged([dense])
    assert (dense.count, dense.mean, dense.above(limit)) == (plain.count, plain.mean, plain.above(limit))
    assert dense.quantile(float(share), 3) == plain.quantile(float(share), 3)
    assert dense.to_json() == plain.to_json()


def test_a_copy_of_a_dense_histogram_stays_as_it_is() -> None:
    dense = DenseHistogram()
    dense.record(5_000)
    copied = dense.copy()
    dense.record(7_000)
    assert (copied, dense) == (histogram_of(5_000), histogram_of(5_000, 7_000))


def test_a_bucket_of_a_dense_histogram_holds_more_than_four_thousand_million() -> None:
    dense = DenseHistogram()
    for _ in range(3):
        dense.merge(Histogram({7: 2**31}, 7 * 2**31, 7))
    assert dense == Histogram({7: 3 * 2**31}, 3 * 7 * 2**31, 7)
