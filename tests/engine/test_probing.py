"""Single reports: what they show of an idle target, and when it is itself again. The clock is handed in."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat

import pytest

from vsock_loadgen.engine.probing import IDLE_PROBES, idle_p95_ns, recovered_after_ns
from vsock_loadgen.units import MILLISECOND, SECOND


class Probes:
    """A target that takes so long for one report after the other, and a clock that goes on by that."""

    def __init__(self, took_ms: Iterable[int | None]) -> None:
        self._took = iter(took_ms)
        self.now_ns = 0
        self.sent = 0

    def __call__(self) -> int | None:
        took = next(self._took)
        self.sent += 1
        self.now_ns += SECOND if took is None else took * MILLISECOND
        return None if took is None else took * MILLISECOND

    def clock_ns(self) -> int:
        return self.now_ns


def test_an_idle_target_is_known_by_the_95th_percentile_of_twenty() -> None:
    assert idle_p95_ns(probes := Probes(range(1, 100))) == 19 * MILLISECOND
    assert probes.sent == IDLE_PROBES


def test_a_target_that_loses_a_single_report_is_none_to_search_on() -> None:
    assert idle_p95_ns(Probes(chain(repeat(5, 10), [None], repeat(5)))) is None


@pytest.mark.parametrize(
    ("idle_ms", "took_ms", "sent"),
    [
        (50, [100, 100, 100], 3),  # twice as long as at first
        (1, [6, 6, 6], 3),  # 5 ms longer than at first
        (50, [101, 100, 100, 100], 4),
        (50, [100, 100, 101, 50, 50, 50], 6),  # in succession
        (50, [None, 50, 50, 50], 4),
    ],
)
def test_it_is_itself_again_after_three_reports_in_succession(idle_ms: int, took_ms: list[int | None], sent: int) -> None:
    probes = Probes(took_ms)
    after_ns = recovered_after_ns(probes, idle_ms * MILLISECOND, probes.clock_ns)
    assert (after_ns, probes.sent) == (probes.now_ns, sent)


def test_a_target_that_is_slow_for_a_minute_has_not_recovered() -> None:
    probes = Probes(repeat(900))
    assert recovered_after_ns(probes, 50 * MILLISECOND, probes.clock_ns) is None
    assert 60 * SECOND < probes.now_ns < 62 * SECOND
