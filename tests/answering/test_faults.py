"""Faults that are asked for: each has its share of the askings, and which asking meets which is the same every time."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from vsock_loadgen.answering.faults import FAULTS, faulty, no_fault
from vsock_loadgen.measures.askings import Asked

NONE = dict.fromkeys(FAULTS, Fraction(0))


def test_without_shares_no_asking_meets_a_fault() -> None:
    assert faulty(1, NONE) is no_fault
    assert not faulty(1, NONE)(1, 2)


@pytest.mark.parametrize("name", FAULTS)
def test_all_askings_meet_a_fault_that_has_all_of_them(name: str) -> None:
    meets = faulty(1, {**NONE, name: Fraction(1)})
    assert {meets(vm, number) for vm in range(20) for number in range(20)} == {FAULTS[name]}


def test_each_fault_has_its_share_and_a_seed_decides_who_meets_it() -> None:
    shares = {**NONE, "drop": Fraction(1, 10), "busy": Fraction(1, 5), "stalled": Fraction(1, 20)}
    one, same, other = faulty(7, shares), faulty(7, shares), faulty(8, shares)
    askings = [(vm, number) for vm in range(200) for number in range(100)]
    met = [one(*asking) for asking in askings]
    assert met == [same(*asking) for asking in askings] != [other(*asking) for asking in askings]
    counts = Counter(met)
    assert set(counts) == {None, Asked.DROP, Asked.BUSY, Asked.STALLED}
    for way, share in ((Asked.DROP, 0.1), (Asked.BUSY, 0.2), (Asked.STALLED, 0.05)):
        assert counts[way] / len(askings) == pytest.approx(share, abs=0.01)
