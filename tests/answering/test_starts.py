"""When agents start anew and scan for the first time, in virtual time."""

from __future__ import annotations

from collections import Counter

from vsock_loadgen.answering.starts import Picker, Starts


def test_every_agent_is_restarted_once_in_every_interval_at_a_moment_of_its_own() -> None:
    starts = Starts(range(100), 7, every_ns=1000)
    starts.begin(50)
    found = [pair for now in range(0, 3051, 10) for pair in starts.restarted(now)]
    assert set(Counter(position for position, _ in found).values()) == {3}
    assert all(50 < when <= 3050 for _, when in found)
    assert len({when for _, when in found}) > 200
    assert starts.next_ns is not None


def test_an_agent_scans_when_its_first_scan_is_due_and_not_by_its_schedule_before_that() -> None:
    starts = Starts(range(2), 7, first_ns=30)
    assert starts.may_scan(0)
    starts.started(0, 100)
    assert not starts.may_scan(0)
    assert starts.may_scan(1)
    assert (starts.first_scans(129), starts.next_ns) == ([], 130)
    assert starts.first_scans(130) == [(0, 130)]
    assert starts.may_scan(0)


def test_a_start_before_the_first_scan_puts_that_off() -> None:
    starts = Starts(range(1), 7, first_ns=30)
    starts.started(0, 100)
    starts.started(0, 110)
    assert starts.first_scans(135) == []
    assert starts.first_scans(140) == [(0, 140)]


def test_without_a_first_scan_the_schedule_says_when() -> None:
    starts = Starts(range(1), 7)
    starts.started(0, 100)
    assert starts.may_scan(0)
    assert starts.next_ns is None


def test_values_are_picked_evenly_and_the_same_every_time() -> None:
    pick, same = Picker(7, "x", range(10)), Picker(7, "x", range(10))
    picked = [pick(vm, number) for vm in range(100) for number in range(100)]
    assert picked == [same(vm, number) for vm in range(100) for number in range(100)]
    assert min(Counter(picked).values()) > 900
    assert Picker(7, "x", [0, 0]).is_nothing
