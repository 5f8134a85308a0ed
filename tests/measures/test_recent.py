"""The last ten seconds forget what was before them."""

from __future__ import annotations

from run_example import snapshot, times_of
from vsock_loadgen.measures.recent import Recent, RecentWatch, recent_of
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND


def totals_of(seconds: int) -> RunTotals:
    """A run in which a report is delivered in every second, which takes as many milliseconds as there were seconds."""
    totals = RunTotals(1, 1_700_000_000 * SECOND)
    for second in range(1, seconds + 1):
        counts = Counts(due=second + 2, started=second, delivered=second, in_flight=2)
        totals.add(snapshot(0, second * SECOND, counts, times=times_of(second * MILLISECOND, 1, 1, 1)))
    return totals


def test_they_have_what_happened_in_them() -> None:
    recent = recent_of(totals_of(30))
    assert recent.counts.delivered == 10
    assert recent.counts.in_flight == 0
    assert recent.span_ns == 10 * SECOND
    assert recent.per_second(recent.counts.delivered) == 1
    assert recent.times.response.total == sum(range(21, 31)) * MILLISECOND


def test_at_the_start_of_a_run_they_are_as_long_as_it() -> None:
    recent = recent_of(totals_of(4))
    assert (recent.counts.delivered, recent.span_ns) == (4, 4 * SECOND)
    assert recent_of(RunTotals(1, 0)) == Recent()


def test_they_are_looked_at_once_a_second() -> None:
    watch, totals = RecentWatch(), totals_of(3)
    watch.update(totals)
    seen = watch.now
    totals.add(snapshot(0, 3 * SECOND + SECOND // 2, Counts(due=9, started=9, delivered=9)))
    watch.update(totals)
    assert watch.now is seen


def test_what_happens_later_is_not_in_them() -> None:
    totals = totals_of(3)
    recent = recent_of(totals)
    late = times_of(SECOND, SECOND, SECOND, 1)
    totals.add(snapshot(0, 3 * SECOND + 1, Counts(due=4, started=4, delivered=4), times=late))
    assert (recent.counts.delivered, recent.times.response.count) == (3, 3)
