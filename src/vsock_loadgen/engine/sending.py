"""A worker that calls: it sends each report of its slice when that is due."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.flight import ReportSource
from vsock_loadgen.engine.ledger import Ledger, new_books
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import EpollPoller
from vsock_loadgen.engine.sampled_sender import SampledSender
from vsock_loadgen.engine.samples import Samples
from vsock_loadgen.engine.sender import Sender
from vsock_loadgen.engine.worker import Command, Handover, Orders, Start
from vsock_loadgen.transport.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingOrders(Orders):
    """Where reports are sent, whose bytes they are, and when one counts as delivered."""

    endpoint: Endpoint
    reports: ReportSource
    request_timeout_ns: int
    confirmed: bool

    def worker(self, number: int, load: Load, channel: Channel, poller: EpollPoller) -> SendingWorker:
        """The one that sends."""
        return SendingWorker(number, load, self, channel, poller)


class SendingWorker:
    """One worker's run, from the start to the final snapshot."""

    def __init__(self, number: int, load: Load, orders: SendingOrders, channel: Channel, poller: EpollPoller) -> None:
        self._orders = orders
        self._channel = channel
        self._clock_ns = time.monotonic_ns
        self._stopping = False
        ledger = Ledger(new_books(load.cells.books))
        self._agenda = Agenda(load, ledger.books)
        self._handover = Handover(number, ledger, channel, self._clock_ns)
        self._samples = Samples(orders.samples, number, load, ledger.books) if orders.samples else None
        self._sender = (SampledSender if self._samples else Sender)(
            load,
            self._agenda,
            orders.reports,
            orders.endpoint,
            poller,
            ledger,
            self._clock_ns,
            request_timeout_ns=orders.request_timeout_ns,
            confirmed=orders.confirmed,
        )
        if self._samples and isinstance(self._sender, SampledSender):
            self._sender.write_to(self._samples)

    def walk(self, zero_wall_ns: int, join_ns: int) -> Iterator[int]:
        """Leave out what was due before `join_ns` from the start; yields now and then how many reports are behind."""
        return self._agenda.walk(zero_wall_ns, join_ns)

    def run(self, start: Start) -> None:
        """Send until the end of the duration or a command, then drain, and hand over the final snapshot."""
        end_ns = self._orders.end_ns(start)
        self._handover.begin(start)
        self._agenda.begin(start.zero_ns, start.zero_wall_ns, start.join_ns, end_ns)
        if self._samples:
            self._samples.begin(start.zero_ns, start.zero_wall_ns)
        self._obey()  # what came with the word to begin
        while not (self._stopping and (self._sender.idle or self._channel.closed)):
            wake_ns = self._handover.next_ns
            if end_ns is not None and not self._stopping:
                wake_ns = min(wake_ns, end_ns)
            if self._sender.step(wake_ns):
                self._obey()
            now_ns = self._clock_ns()
            if end_ns is not None and now_ns >= end_ns and not self._stopping:
                self._stop(end_ns)
            self._handover.cut(now_ns)
        if self._samples:
            self._samples.close()
        self._handover.close()

    def _obey(self) -> None:
        commands = self._channel.receive()
        if (Command.STOP in commands or Command.ABANDON in commands) and not self._stopping:
            self._stop(self._clock_ns())
        if Command.ABANDON in commands or self._channel.closed:
            self._stopping = True
            self._sender.abandon()

    def _stop(self, end_ns: int) -> None:
        self._stopping = True
        self._sender.stop(end_ns)
