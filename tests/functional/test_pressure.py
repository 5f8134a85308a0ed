"""The engine under pressure, with real processes and sockets: herds, a crowd in flight, a full backlog, a stall."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from fake_schedule import schedule
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.sending import SendingOrders
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.receiver import embedded
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.transport.endpoint import endpoint_of
from vsock_loadgen.units import HOUR, MILLISECOND

PACKAGES = 3


def herd(vms: int, workers: int, interval_ns: int = HOUR) -> list[Load]:
    """VMs that all report at the start, and again after each interval, split over workers."""
    parts = [range(number, vms, workers) for number in range(workers)]
    return [
        Load(
            schedule([interval_ns] * len(part), indices=part),
            range(3 + part.start, 3 + vms, workers),
            [PACKAGES] * len(part),
            [0] * len(part),
            Cells(),
        )
        for part in parts
    ]


def send(
    loads: list[Load],
    address: UnixAddress,
    *,
    until: Callable[[RunTotals], bool],
    timeout_ns: int = HOUR,
) -> RunTotals:
    """Run the loads in worker processes of their own until the totals so far are enough, however long that takes."""
    reports = ReportFactory.build(largest=PACKAGES, report_format="vmReport", package_sets="shared", seed=0)
    orders = SendingOrders(
        duration_ns=0, endpoint=endpoint_of(address), reports=reports, request_timeout_ns=timeout_ns, confirmed=True
    )
    with StopRequests() as stop, Supervisor(loads, orders, stop) as supervisor:

        def progress(totals: RunTotals) -> None:
            if until(totals):
                stop.request()

        totals = supervisor.run(progress)
    assert totals.counts.balanced
    assert totals.counts.in_flight == 0
    assert not totals.lost
    return totals


def test_ten_thousand_vms_that_are_due_at_one_instant_all_arrive() -> None:
    with EmbeddedReceiver(decode=decode) as receiver:
        totals = send(herd(10_000, workers=2), receiver.address, until=lambda totals: totals.counts.delivered == 10_000)
        receipt = receiver.stop()
    assert totals.counts.due == totals.counts.delivered == receipt.reports == 10_000
    assert len(receipt.vms) == 10_000
    assert totals.times.lag.count == 10_000


def test_thousands_of_reports_in_flight_at_once_are_all_accounted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver's clock stands still until all of them are under way, and with it every late close."""
    moves = tmp_path / "moves"
    held = partial(Receiver, clock_ns=lambda: time.monotonic_ns() if moves.exists() else 0)
    monkeypatch.setattr(embedded, "Receiver", held)

    def watch(totals: RunTotals) -> bool:
        if totals.counts.in_flight == 6_000:
            moves.touch()
        return totals.counts.delivered == 6_000

    with EmbeddedReceiver(decode=decode, behaviour=Behaviour(close_delay=Delays(100 * MILLISECOND))) as receiver:
        totals = send(herd(6_000, workers=2), receiver.address, until=watch)
        receipt = receiver.stop()
    assert moves.exists()
    assert totals.counts.due == totals.counts.delivered == receipt.reports == 6_000


def test_a_backlog_that_stays_full_fails_in_the_class_connect_and_the_schedule_goes_on(tmp_path: Path) -> None:
    """Nobody accepts: the few that the kernel queues time out, the rest never connect, and each VM goes on reporting."""
    address = UnixAddress(str(tmp_path / "full.sock"))

    def enough(totals: RunTotals) -> bool:
        return totals.counts.failures.get(FailureClass.CONNECT, 0) >= 40 * 3 - 2

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address.path)
        listener.listen(1)
        loads = herd(40, workers=1, interval_ns=400 * MILLISECOND)
        totals = send(loads, address, until=enough, timeout_ns=200 * MILLISECOND)
    counts = totals.counts
    assert counts.due % 40 == 0
    assert counts.delivered == 0
    assert set(counts.failures) == {FailureClass.TIMEOUT, FailureClass.CONNECT}
    assert counts.failures[FailureClass.TIMEOUT] == 2  # what `listen(1)` queues


def test_after_a_stall_the_schedule_stands_where_it_would_have_stood_without() -> None:
    """Due instants do not move: whatever could not be sent was skipped, and afterwards reports are delivered again."""
    vms, interval_ns = 30, 100 * MILLISECOND
    delivered_before, began_ns, enough_ns = 0, 0, 0
    is_stalled, is_over = False, False

    def stall(totals: RunTotals) -> bool:
        """Stop the receiver once it has taken some, let it go on when much was skipped, and wait for more to be delivered."""
        nonlocal delivered_before, began_ns, enough_ns, is_stalled, is_over
        counts = totals.counts
        if not is_stalled and counts.delivered:
            is_stalled, began_ns = True, time.monotonic_ns()
            os.kill(receiver.pid, signal.SIGSTOP)
        elif is_stalled and not is_over and counts.skipped > vms * 5:
            is_over, delivered_before = True, counts.delivered
            os.kill(receiver.pid, signal.SIGCONT)
        is_enough = is_over and counts.delivered > delivered_before + vms
        enough_ns = enough_ns or (time.monotonic_ns() if is_enough else 0)
        return is_enough

    with EmbeddedReceiver(decode=decode) as receiver:
        first_ns = time.monotonic_ns()
        totals = send(herd(vms, workers=1, interval_ns=interval_ns), receiver.address, until=stall)
        last_ns = time.monotonic_ns()
        receipt = receiver.stop()
    counts = totals.counts
    assert counts.due % vms == 0
    assert enough_ns - began_ns <= (counts.due // vms) * interval_ns <= last_ns - first_ns + interval_ns
    assert counts.delivered == receipt.reports
    assert counts.skipped > vms * 5
    assert counts.delivered + counts.skipped + counts.unfinished == counts.due
    assert (totals.times.response.largest or 0) > 250 * MILLISECOND  # the stall lasts for more than one look at the totals
