"""When Sensor asks which VM, in virtual time."""

from __future__ import annotations

from fractions import Fraction

import pytest

from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.scraper.pacing import Pacer
from vsock_loadgen.units import HOUR, MINUTE, SECOND

WINDOW = 20 * MINUTE


def test_first_askings_are_spread_over_the_window_and_a_tick_starts_its_share() -> None:
    pacer = Pacer(2400, Settings(), now_ns=0)
    assert pacer.most_starts == 20
    asked = [vm for tick in range(140) for vm in pacer.due(tick * 10 * SECOND)]
    assert sorted(asked) == list(range(2400))
    assert Pacer(60, Settings(), now_ns=0).most_starts == 1
    assert pacer.due(10 * HOUR) == []


def test_in_august_everything_was_asked_at_once() -> None:
    pacer = Pacer(500, Settings.of("august"), now_ns=7)
    assert sorted(pacer.due(7)) == list(range(500))


@pytest.mark.parametrize("release", ["august", "september"])
def test_after_an_answer_a_vm_is_due_again_between_one_interval_and_five_thirds_of_it(release: str) -> None:
    settings = Settings.of(release)  # type: ignore[arg-type]
    pacer = Pacer(200, settings, now_ns=0)
    for vm in (vm for tick in range(1000) for vm in pacer.due(tick * SECOND * 10)):
        pacer.settle(vm, 0)
    due = sorted(at for at, _ in pacer._heap)
    assert due[0] >= settings.poll_ns
    if release == "august":
        assert due[-1] == settings.poll_ns
    else:
        assert settings.poll_ns * 8 // 5 < due[-1] < settings.poll_ns * 5 // 3


def test_a_vm_that_was_not_ready_is_asked_again_after_a_time_that_doubles_up_to_half_an_hour_and_begins_anew() -> None:
    pacer = Pacer(1, Settings.of("august"), now_ns=0)
    pacer = Pacer(1, Settings(is_spread=False), now_ns=0)
    now, gaps = 0, []
    for _ in range(10):
        assert pacer.due(now) == [0]
        pacer.retry(0, now)
        gaps.append(pacer._heap[0][0] - now)
        now += gaps[-1]
    assert gaps[:3] == [10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert gaps[-1] == 30 * MINUTE
    pacer.due(now)
    pacer.settle(0, now)
    now = pacer._heap[0][0]
    pacer.due(now)
    pacer.retry(0, now)
    assert pacer._heap[0][0] - now == 10 * SECOND


def test_the_time_scale_divides_everything_but_the_time_for_one_vm() -> None:
    scaled = Settings().scaled(Fraction(60))
    assert (scaled.poll_ns, scaled.tick_ns, scaled.backoff_ns) == (4 * MINUTE, 10 * SECOND // 60, 10 * SECOND // 60)
    assert (scaled.timeout_ns, scaled.concurrency) == (30 * SECOND, 20)
    assert scaled.window_ns == WINDOW // 60
    assert scaled.most_starts(2400) == Settings().most_starts(2400)
