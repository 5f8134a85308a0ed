"""The silence of workers: it ends with a word, and a parent that was not awake counts next to none of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsock_loadgen.engine.silence import PATIENCE_NS, Silence
from vsock_loadgen.units import SECOND

QUARTER_NS = SECOND // 4


def test_a_worker_is_beyond_patience_when_it_has_said_nothing_for_so_long_and_no_sooner() -> None:
    silence = Silence([0, 1], 0)
    now_ns = 0
    while now_ns < PATIENCE_NS:
        now_ns += QUARTER_NS
        silence.end(1)
        silence.look(now_ns)
    assert silence.beyond_patience({0, 1}) == []
    silence.look(now_ns + QUARTER_NS)
    assert silence.beyond_patience({0, 1}) == [0]
    assert silence.beyond_patience({1}) == []
    silence.end(0)
    assert silence.beyond_patience({0, 1}) == []


@given(gaps_ns=st.lists(st.integers(0, 10**15), min_size=1, max_size=50))
def test_of_a_parent_that_was_not_awake_no_gap_counts_for_more_than_half_a_second(gaps_ns: list[int]) -> None:
    silence, now_ns = Silence([0], 0), 0
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        silence.look(now_ns)
    assert silence.beyond_patience([0]) == []
