"""The workers' snapshots added up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from run_example import snapshot, times_of
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.units import MILLISECOND, SECOND

ZERO_WALL_NS = 1_700_000_000 * SECOND + 300 * MILLISECOND


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, Counts]]:
    """(worker, at_ns, counts since the start) of three workers whose counts only grow, in the order of time."""
    rows = []
    for worker in range(3):
        at_ns, counts = 0, Counts()
        for _ in range(draw(st.integers(1, 6))):
            at_ns += draw(st.integers(1, 3 * SECOND))
            delivered, failed, skipped, in_flight = (draw(st.integers(0, 9)) for _ in range(4))
            counts = Counts(
                due=counts.due - counts.in_flight + delivered + failed + skipped + in_flight,
                started=counts.started + delivered + failed,
                delivered=counts.delivered + delivered,
                skipped=counts.skipped + skipped,
                in_flight=in_flight,
                bytes=counts.bytes + 10 * delivered,
                failures={FailureClass.WRITE: counts.failed + failed},
            )
            rows.append((worker, at_ns, counts))
    return sorted(rows, key=lambda row: row[1])


@given(history=histories(), lost=st.sets(st.integers(0, 2)))
def test_counts_balance_rows_add_up_and_a_lost_worker_leaves_its_reports_unfinished(
    history: list[tuple[int, int, Counts]], lost: set[int]
) -> None:
    totals = RunTotals(3, ZERO_WALL_NS)
    last: dict[int, Counts] = {}
    for worker, at_ns, counts in history:
        totals.add(snapshot(worker, at_ns, counts))
        last[worker] = counts
        assert totals.counts.balanced
    for worker in lost:
        totals.lose(worker)
    assert totals.counts.balanced
    assert totals.counts.unfinished == sum(last[worker].in_flight for worker in lost)
    assert totals.counts.in_flight == sum(counts.in_flight for worker, counts in last.items() if worker not in lost)
    assert totals.lost == tuple(sorted(lost))
    assert totals.elapsed_ns == history[-1][1]
    rows = totals.series.rows()
    for name in ("due", "started", "delivered", "skipped", "bytes"):
        assert sum(getattr(row.counts, name) for row in rows) == sum(getattr(counts, name) for counts in last.values())
    assert sum(sum(row.counts.failures.values()) for row in rows) == totals.counts.failed


def test_a_snapshot_belongs_to_the_wall_second_in_which_its_stretch_began() -> None:
    totals = RunTotals(1, ZERO_WALL_NS)
    for number, at_ms in enumerate((600, 800, 1_900), start=1):
        totals.add(snapshot(0, at_ms * MILLISECOND, Counts(due=number, delivered=number)))
    assert [(row.second, row.counts.due) for row in totals.series.rows()] == [(1_700_000_000, 2), (1_700_000_001, 1)]


def test_a_run_that_joined_a_schedule_is_as_long_as_it_was_there() -> None:
    totals = RunTotals(1, ZERO_WALL_NS, joined_ns=3_600 * SECOND)
    totals.add(snapshot(0, 3_602 * SECOND, Counts(due=4, delivered=4)))
    assert (totals.elapsed_ns, totals.schedule_ns) == (2 * SECOND, 3_602 * SECOND)
    assert [(row.second, row.counts.due) for row in totals.series.rows()] == [(1_700_003_600, 4)]


def test_times_and_errors_of_all_workers_are_merged() -> None:
    totals = RunTotals(2, ZERO_WALL_NS)
    for worker in (0, 1):
        one = snapshot(worker, SECOND, Counts(due=3, delivered=3), times=times_of(response=10 + worker, service=5, lag=1, count=3))
        totals.add(replace(one, cpu_ns=7, errors={FailureClass.RESET: f"by worker {worker}"}))
    assert (totals.times.response.count, totals.times.response.largest, totals.worker_cpu_ns) == (6, 11, [7, 7])
    assert totals.errors == {FailureClass.RESET: "by worker 1"}


def test_times_that_were_taken_do_not_change_with_the_run() -> None:
    totals = RunTotals(1, ZERO_WALL_NS)
    totals.add(snapshot(0, SECOND, Counts(due=1, delivered=1), times=times_of(response=10, service=5, lag=1, count=1)))
    before = totals.times
    totals.add(snapshot(0, 2 * SECOND, Counts(due=2, delivered=2), times=times_of(response=10, service=5, lag=1, count=1)))
    assert (before.response.count, totals.times.response.count) == (1, 2)


def test_what_a_lost_worker_had_in_flight_is_no_longer_shown_as_in_flight() -> None:
    totals = RunTotals(2, ZERO_WALL_NS)
    for worker in (0, 1):
        totals.add(snapshot(worker, SECOND, Counts(due=5, started=5, in_flight=5), times=Times()))
    totals.lose(0)
    totals.add(snapshot(1, 2 * SECOND, Counts(due=6, started=6, in_flight=6)))
    assert totals.series.rows()[-1].counts.in_flight == 6


def test_before_the_first_snapshot_there_is_nothing() -> None:
    totals = RunTotals(2, ZERO_WALL_NS)
    totals.lose(1)
    assert (totals.counts, totals.elapsed_ns, totals.worker_cpu_ns, list(totals.series.rows())) == (Counts(), 0, [0, 0], [])


CELLS = Cells(
    phases=("calm", "spike"),
    groups={"packages": ("500", "2000"), "profile": ("a", "b")},
    vms={"packages": (3, 0), "profile": (1, 2)},
    ends={"packages": ("2000", "500")},
    members={"packages": (0, 0, 1), "profile": (0, 1, 1)},
)


@given(entered=st.lists(st.tuples(st.integers(0, 1), st.integers(0, CELLS.books - 1), st.integers(1, 9)), max_size=30))
def test_the_parts_of_every_dimension_add_up_to_the_whole(entered: list[tuple[int, int, int]]) -> None:
    totals = RunTotals(2, ZERO_WALL_NS, CELLS)
    counts: dict[tuple[int, int], int] = {}
    for step, (worker, number, reports) in enumerate(entered, start=1):
        counts[worker, number] = counts.get((worker, number), 0) + reports
        share = Share(Counts(due=counts[worker, number], delivered=counts[worker, number]), times_of(number + 1, 1, 1, reports))
        totals.add(WorkerSnapshot(worker, step * MILLISECOND, {number: share}, {}, 0, final=False))
    for dimension in (*CELLS.groups, "phase"):
        parts = list(totals.parts(dimension))
        assert sum((part.counts for part in parts), Counts()) == totals.counts
        assert sum((part.times for part in parts), Times()) == totals.times
        for place, part in enumerate(parts):
            theirs = [reports for _, number, reports in entered if CELLS.parts_of(number)[dimension] == place]
            assert part.counts.due == part.times.response.count == sum(theirs)


def test_a_part_is_found_by_name_or_word_unless_none_of_its_vms_is_here() -> None:
    totals = RunTotals(1, ZERO_WALL_NS, CELLS)
    number = CELLS.number(1, phase=1)
    totals.add(WorkerSnapshot(0, SECOND, {number: Share(Counts(due=4, delivered=4), Times())}, {}, 0, final=True))
    found = {
        name: part.counts.due if (part := totals.part(*name)) else None
        for name in (
            ("packages", "500"),
            ("packages", "smallest"),
            ("packages", "2000"),
            ("packages", "largest"),
            ("packages", "700"),
            ("profile", "b"),
            ("phase", "spike"),
            ("phase", "calm"),
            ("phase", "storm"),
        )
    }
    assert list(found.values()) == [4, 4, None, None, None, 4, 4, 0, None]


def test_what_a_lost_worker_had_in_flight_is_unfinished_in_its_part_too() -> None:
    totals = RunTotals(2, ZERO_WALL_NS, CELLS)
    for worker in (0, 1):
        totals.add(WorkerSnapshot(worker, SECOND, {2: Share(Counts(due=5, started=5, in_flight=5), Times())}, {}, 0, final=False))
    totals.lose(0)
    for counts in (totals.counts_of("packages")[0], totals.counts_of("phase")[0], totals.counts):
        assert (counts.in_flight, counts.unfinished, counts.balanced) == (5, 5, True)
