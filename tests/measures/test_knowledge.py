"""Ages of reports add up: over snapshots, and over the groups of a fleet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.knowledge import Ages, DenseAges, Knowledge
from vsock_loadgen.measures.snapshot import Counts, Share, Times, WorkerSnapshot
from vsock_loadgen.measures.totals import RunTotals

TIMES = st.lists(st.integers(0, 10**12), max_size=8)


def ages_of(taken: list[int], left_open: list[int]) -> Ages:
    """Those of some reports."""
    ages = Ages()
    for age in taken:
        ages.taken.record(age)
    for age in left_open:
        ages.leave_open(age)
    return ages


@given(st.lists(st.tuples(TIMES, TIMES), max_size=4))
def test_in_parts_they_are_what_they_are_together(parts: list[tuple[list[int], list[int]]]) -> None:
    dense = DenseAges()
    for taken, left_open in parts:
        dense.merge(ages_of(taken, left_open))
    assert dense.ages() == ages_of([age for taken, _ in parts for age in taken], [age for _, each in parts for age in each])


def test_each_group_has_its_own_and_the_whole_has_all() -> None:
    cells = Cells((), {"packages": ("small", "large")}, {"packages": (1, 1)}, {"packages": ()}, {"packages": (0, 1)})
    totals = RunTotals(1, 0, cells)
    shares = {number: Share(Counts(), Times(), ages_of([10 * number], [5 + number])) for number in (0, 1)}
    totals.add(WorkerSnapshot(0, 1, shares, {}, 0, final=False, knowledge=Knowledge(2, 1)))
    totals.add(WorkerSnapshot(0, 2, {1: Share(Counts(), Times(), ages_of([30], []))}, {}, 0, final=True, knowledge=Knowledge(2, 2)))
    assert totals.knowledge == Knowledge(2, 2)
    assert totals.ages_of("packages") == [ages_of([0], [5]), ages_of([10, 30], [6])]
    assert totals.ages == ages_of([0, 10, 30], [5, 6])
    assert RunTotals(1, 0).ages == Ages(Histogram())
