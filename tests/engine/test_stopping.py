"""Stop requests: counted, noticed by a waiting loop, and gone without a trace afterwards."""

from __future__ import annotations

import select
import signal
import threading

import pytest

from command import TIMEOUT_SECONDS
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.errors import StoppedError
from vsock_loadgen.leaving import STOP_SIGNALS


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_each_signal_is_one_request_and_wakes_who_waits(number: signal.Signals) -> None:
    with StopRequests() as stop:
        for count in (1, 2):
            signal.raise_signal(number)
            assert select.select([stop], [], [], TIMEOUT_SECONDS)[0]
            stop.clear()
            assert stop.count == count
        assert not select.select([stop], [], [], 0)[0]


def test_a_request_comes_by_itself_after_the_time_is_up() -> None:
    with StopRequests(after_ns=1) as stop:
        assert select.select([stop], [], [], TIMEOUT_SECONDS)[0]
        assert stop.count == 1


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with StopRequests(after_ns=3_600_000_000_000):
        pass
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_hangup_that_is_ignored_as_nohup_leaves_it_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequests() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.count == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_that_come_after_the_end_is_settled_change_nothing() -> None:
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    try:
        with StopRequests() as stop:
            stop.settle()
            signal.raise_signal(signal.SIGTERM)
            assert stop.count == 1
        for number in STOP_SIGNALS:
            signal.raise_signal(number)
    finally:
        for number, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(number, handler)


def test_the_run_itself_may_ask_for_an_orderly_end_and_that_is_no_second_request() -> None:
    with StopRequests() as stop:
        stop.request()
        assert select.select([stop], [], [], TIMEOUT_SECONDS)[0]
        stop.request()
        assert stop.count == 1
        signal.raise_signal(signal.SIGTERM)
        stop.request()
        assert stop.count == 2


def test_only_a_signal_ends_the_wait_for_one_and_one_that_has_come_already_does() -> None:
    with StopRequests() as stop:
        stop.request()
        waking = threading.Timer(0.05, signal.raise_signal, [signal.SIGTERM])
        waking.start()
        stop.wait_for_signal()
        assert stop.count == 2
        stop.wait_for_signal()
        waking.join()


def _wait(stop: StopRequests, number: signal.Signals) -> None:
    with stop.at_once():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", STOP_SIGNALS)
@pytest.mark.parametrize("is_late", [False, True], ids=["before the wait", "within it"])
def test_a_wait_that_listens_to_nothing_else_ends_at_once(number: signal.Signals, is_late: bool) -> None:
    with StopRequests() as stop:
        if not is_late:
            signal.raise_signal(number)
        with pytest.raises(StoppedError) as caught:
            _wait(stop, number)
        assert caught.value.exit_code == 128 + number
        assert stop.first_signal == number
        signal.raise_signal(number)  # after the wait it is counted, as ever
        assert stop.count == 2
