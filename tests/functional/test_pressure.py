"""The engine under pressure, with real processes and sockets: herds, a crowd in flight, a full backlog, a stall."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from fake_schedule import schedule
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.engine.sender import Load
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.engine.worker import Orders
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.transport.endpoint import resolve
from vsock_loadgen.units import HOUR, MILLISECOND, SECOND

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
        )
        for part in parts
    ]


def send(
    loads: list[Load],
    address: UnixAddress,
    *,
    duration_ns: int,
    timeout_ns: int = 10 * SECOND,
    progress: Callable[[RunTotals], None] = lambda totals: None,
) -> RunTotals:
    """Run the loads in worker processes of their own to the end."""
    reports = ReportFactory.build(largest=PACKAGES, report_format="vmReport", package_sets="shared", seed=0)
    orders = Orders(resolve(address), reports, timeout_ns, duration_ns, confirmed=True)
    with StopRequests() as stop, Supervisor(loads, orders) as supervisor:
        totals = supervisor.run(stop, progress)
    assert totals.counts.balanced
    assert totals.counts.in_flight == 0
    assert not totals.lost
    return totals


def test_ten_thousand_vms_that_are_due_at_one_instant_all_arrive() -> None:
    with EmbeddedReceiver(decode=decode) as receiver:
        totals = send(herd(10_000, workers=2), receiver.address, duration_ns=8 * SECOND)
        receipt = receiver.stop()
    assert totals.counts.due == totals.counts.delivered == receipt.reports == 10_000
    assert len(receipt.vms) == 10_000
    assert totals.times.lag.count == 10_000


def test_thousands_of_reports_in_flight_at_once_are_all_accounted_for() -> None:
    most = 0

    def watch(totals: RunTotals) -> None:
        nonlocal most
        most = max(most, totals.counts.in_flight)

    with EmbeddedReceiver(decode=decode, behaviour=Behaviour(close_delay_ns=3 * SECOND)) as receiver:
        totals = send(herd(6_000, workers=2), receiver.address, duration_ns=2 * SECOND, progress=watch)
        receipt = receiver.stop()
    assert most == 6_000
    assert totals.counts.delivered == receipt.reports == 6_000


def test_a_backlog_that_stays_full_fails_in_the_class_connect_and_the_schedule_goes_on(tmp_path: Path) -> None:
    """Nobody accepts: the few that the kernel queues time out, the rest never connect, and each VM goes on reporting."""
    address = UnixAddress(str(tmp_path / "full.sock"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address.path)
        listener.listen(1)
        totals = send(herd(40, workers=1, interval_ns=400 * MILLISECOND), address, duration_ns=SECOND, timeout_ns=200 * MILLISECOND)
    counts = totals.counts
    assert counts.due == 40 * 3
    assert counts.delivered == counts.skipped == counts.unfinished == 0
    assert counts.failures[FailureClass.TIMEOUT] == 2  # what `listen(1)` queues
    assert counts.failures[FailureClass.CONNECT] == 40 * 3 - 2


def test_after_a_stall_the_schedule_stands_where_it_would_have_stood_without() -> None:
    """Due instants do not move: whatever could not be sent was skipped, and afterwards reports are delivered again."""
    interval_ns = 100 * MILLISECOND
    with EmbeddedReceiver(decode=decode, behaviour=Behaviour(stall=(500 * MILLISECOND, SECOND))) as receiver:
        totals = send(herd(30, workers=1, interval_ns=interval_ns), receiver.address, duration_ns=3 * SECOND)
        receipt = receiver.stop()
    counts = totals.counts
    assert counts.due == 30 * 30
    assert counts.delivered == receipt.reports
    assert counts.skipped > 30 * 5
    assert counts.delivered + counts.skipped == counts.due
    assert sum(row.delivered for row in totals.series.rows()[-2:]) > 0
    assert (totals.times.response.largest or 0) > 500 * MILLISECOND
