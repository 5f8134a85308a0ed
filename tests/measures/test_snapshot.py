"""Counts balance: every due report is in exactly one place."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from run_example import FAILED
from vsock_loadgen.measures.outcome import FailureClass, Mode, classes_of
from vsock_loadgen.measures.snapshot import Counts

SMALL = st.integers(0, 1_000)


@st.composite
def balanced_counts(draw: st.DrawFn) -> Counts:
    """Counts in which everything that was due is somewhere."""
    delivered, skipped, in_flight, unfinished, size = (draw(SMALL) for _ in range(5))
    failures = draw(st.dictionaries(st.sampled_from(FailureClass), st.integers(1, 50)))
    failed = sum(failures.values())
    return Counts(
        due=delivered + skipped + in_flight + unfinished + failed,
        started=delivered + in_flight + failed,
        delivered=delivered,
        skipped=skipped,
        in_flight=in_flight,
        unfinished=unfinished,
        bytes=size,
        failures=failures,
    )


@given(one=balanced_counts(), other=balanced_counts())
def test_sums_of_balanced_counts_balance_and_can_be_taken_apart(one: Counts, other: Counts) -> None:
    total = one + other
    assert one.balanced
    assert total.balanced
    assert total.failed == one.failed + other.failed
    back = total - other
    assert replace(back, failures={failure: count for failure, count in back.failures.items() if count}) == one


@given(counts=balanced_counts(), lost=st.integers(1, 10))
def test_a_lost_report_unbalances_the_accounts(counts: Counts, lost: int) -> None:
    assert not replace(counts, due=counts.due + lost).balanced
    assert not replace(counts, delivered=counts.delivered + lost).balanced


def test_the_counts_of_the_failed_example_balance() -> None:
    assert FAILED.balanced


def test_every_failure_class_has_a_cause_and_a_remedy_and_a_color_of_its_own() -> None:
    assert all(failure.record.cause and failure.record.remedy for failure in FailureClass)
    for mode in get_args(Mode):
        assert len({failure.record.color for failure in classes_of(mode)}) == len(classes_of(mode)) > 0
