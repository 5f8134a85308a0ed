"""A worker that answers: it keeps the agents of its slice, and an asker of one of them gets its report.

One event loop does everything. A beat, at least every BEAT_NS, lets VMs scan when they are due, switches them on and off, and hands
snapshots over. If a beat is late, everything is as late.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from vsock_loadgen.answering.accounts import Accounts
from vsock_loadgen.answering.agents import Agents
from vsock_loadgen.answering.books import AskedLedger
from vsock_loadgen.answering.exchange import PATIENCE, Exchange, Patience, opened
from vsock_loadgen.answering.faults import Faulty, no_fault
from vsock_loadgen.answering.places import NO_HANDLER, NO_UPGRADE, UNAUTHORIZED, AgentOf, Page, found, no_such_vm, not_running
from vsock_loadgen.answering.sampled_accounts import SampledAccounts
from vsock_loadgen.answering.starts import Picker, Starts
from vsock_loadgen.answering.switching import Switches
from vsock_loadgen.answering.tls import LOGGER, AskerWatch, Gate
from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.channel import Channel
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import EpollPoller
from vsock_loadgen.engine.samples import Samples
from vsock_loadgen.engine.worker import Command, Handover, Orders, Start
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.payloads.answers import Answers
from vsock_loadgen.units import MILLISECOND, SECOND

BEAT_NS = 50 * MILLISECOND
SCAN_BATCH = 256
DRAIN_NS = 5 * SECOND
_SHORTEST_PAUSE_NS = MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringOrders(Orders):
    """The agents' answers, their names, and the bound socket that listens. `is_warm` is whether VMs
    have a report when the run begins."""

    answers: Answers
    listener: socket.socket
    namespace: str
    name_of: Callable[[int], str]
    is_warm: bool = True
    patience: Patience = PATIENCE
    faulty: Faulty = no_fault
    delay: Picker | None = None
    first_scan_ns: int | None = None
    restart_every_ns: int | None = None
    seed: int = 0
    gate: Gate | None = None
    asker_watch: AskerWatch | None = None

    def worker(self, number: int, load: Load, channel: Channel, poller: EpollPoller) -> AnsweringWorker:
        """The one that answers."""
        return AnsweringWorker(number, load, self, channel)


class AnsweringWorker:
    """One worker's run, from the start to the final snapshot."""

    def __init__(
        self,
        number: int,
        load: Load,
        orders: AnsweringOrders,
        channel: Channel,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        vms = len(load.schedule.indices)
        self._orders = orders
        self._channel = channel
        self._clock_ns = clock_ns
        ledger = AskedLedger(load.cells.books, vms)
        self._load = load
        self._agenda = Agenda(load, ledger.of_cells())
        self._handover = Handover(number, ledger, channel, clock_ns)
        self._samples = Samples(orders.samples, number, load, ledger.of_cells()) if orders.samples else None
        self.accounts = SampledAccounts(vms, ledger, self._samples) if self._samples else Accounts(vms, ledger)
        self._switches = Switches(load.schedule)
        self._starts = Starts(load.schedule.indices, orders.seed, first_ns=orders.first_scan_ns, every_ns=orders.restart_every_ns)
        self._agents = Agents(
            self.accounts, orders.answers, load.schedule.indices, load.packages, self._wall_ns, orders.faulty, orders.delay
        )
        self._positions = {orders.name_of(index): position for position, index in enumerate(load.schedule.indices)}
        self._askings: set[asyncio.Task[Any]] = set()
        self._end_ns: int | None = None
        self._wall_offset_ns = 0

    def walk(self, zero_wall_ns: int, join_ns: int) -> Iterator[int]:
        """Leave out what was due before `join_ns` from the start; yields now and then how many reports are behind."""
        return self._agenda.walk(zero_wall_ns, join_ns)

    def run(self, start: Start) -> None:
        """Answer until the end of the duration or a command, let askings finish, and hand over the final snapshot."""
        if self._samples:
            self._samples.begin(start.zero_ns, start.zero_wall_ns)
        with self._orders.asker_watch or nullcontext():
            _run(self._serve(start))
        if self._samples:
            self._samples.close()
        self._handover.close()

    async def _serve(self, start: Start) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._is_over = False
        self._end_ns = self._orders.end_ns(start)
        self._wall_offset_ns = start.zero_wall_ns - start.zero_ns
        self._handover.begin(start)
        self._agenda.begin(start.zero_ns, start.zero_wall_ns, start.join_ns, self._end_ns)
        self._loop.add_reader(self._channel.fileno(), self._obey)
        self._obey()  # what came with the word to begin
        runner = web.ServerRunner(web.Server(self._handle, access_log=None, logger=LOGGER), shutdown_timeout=0.1)
        await runner.setup()
        gate = self._orders.gate
        site = web.SockSite(runner, self._orders.listener, ssl_context=gate.context if gate else None)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), max(0, start.zero_ns - self._clock_ns()) / SECOND)
            if not self._is_over:
                self._begin(start)
                await site.start()
                await self._ended.wait()
                self._orders.listener.shutdown(socket.SHUT_RDWR)  # other processes have it too, by fork
                await site.stop()
            if self._askings:
                await asyncio.wait(self._askings, timeout=DRAIN_NS / SECOND)
            self._cut_off()
            if self._askings:
                await asyncio.wait(self._askings)
        finally:
            await runner.cleanup()
        self.accounts.finish(self._end_ns or self._clock_ns())

    def _begin(self, start: Start) -> None:
        """What VMs have when the run begins; the first beat."""
        began_ns = start.zero_ns + start.join_ns
        self._switches.look(start.join_ns)
        self.accounts.begin(began_ns)
        self._starts.begin(began_ns)
        for position in () if self._orders.is_warm else range(len(self._load.schedule.indices)):
            self._starts.started(position, began_ns)
        for position, first_ns in enumerate(self._agenda.firsts() if self._orders.is_warm else ()):
            if self._switches.is_on(position):
                age_ns = max(0, self._load.schedule.interval_ns[position] - max(0, first_ns - began_ns))
                self.accounts.scan(position, began_ns - age_ns, self._agenda.book(position, began_ns), is_initial=True)
        self._expected_ns = began_ns
        self._beat()

    def _beat(self) -> None:
        """Do what is due, and come again."""
        now_ns = self._clock_ns()
        self._agents.lateness_ns = max(0, now_ns - self._expected_ns)
        if self._is_over:
            return
        if self._end_ns is not None and now_ns >= self._end_ns:
            self._stop(self._end_ns)
            return
        off, on = self._switches.look(now_ns - self._handover.zero_ns)
        for position in off:
            self.accounts.withdraw(position, "off")
        for position in on:
            self._start_agent(position, now_ns)
        for position, when_ns in self._starts.restarted(now_ns):
            if self._switches.is_on(position):
                self.accounts.withdraw(position, "restarted")
                self._start_agent(position, when_ns)
        self._scan(now_ns)
        self._handover.cut(now_ns)
        latest_ns = now_ns + BEAT_NS
        next_ns = min(
            latest_ns,
            self._agenda.next_ns,
            self._handover.next_ns,
            self._end_ns or latest_ns,
            self._starts.next_ns or latest_ns,
        )
        self._expected_ns = max(next_ns, now_ns + (0 if self._agenda.is_due(now_ns) else _SHORTEST_PAUSE_NS))
        self._loop.call_later((self._expected_ns - now_ns) / SECOND, self._beat)

    def _stop(self, end_ns: int) -> None:
        """Nothing is due any more, and no asker is accepted."""
        self._is_over = True
        self._end_ns = end_ns
        while self._agenda.is_due(end_ns - 1):
            self._scan(end_ns - 1)
        self._ended.set()

    def _scan(self, now_ns: int) -> None:
        """Let VMs scan that are due; one that has been switched off since is without a report."""
        for position, when_ns in self._starts.first_scans(now_ns):
            if self._switches.is_on(position):
                self.accounts.scan(position, when_ns, self._agenda.book(position, when_ns))
        for position, due_ns, book in self._agenda.due(now_ns, SCAN_BATCH):
            if self._starts.may_scan(position):
                self.accounts.scan(position, due_ns, book)
                if not self._switches.is_on(position):
                    self.accounts.withdraw(position, "off")

    def _start_agent(self, position: int, now_ns: int) -> None:
        self.accounts.start_agent(position, now_ns)
        self._starts.started(position, now_ns)

    def _obey(self) -> None:
        commands = self._channel.receive()
        is_gone = self._channel.closed
        if is_gone:
            self._loop.remove_reader(self._channel.fileno())
        if (is_gone or Command.STOP in commands or Command.ABANDON in commands) and not self._is_over:
            self._stop(self._clock_ns())
        if is_gone or Command.ABANDON in commands:
            self._cut_off()

    def _cut_off(self) -> None:
        for task in self._askings:
            task.cancel()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        place = found(request.path)
        if isinstance(place, Page):
            return _response(place)
        if not self._may_ask(request):
            self.accounts.refuse_stranger(Asked.UNAUTHORIZED)
            return _response(UNAUTHORIZED)
        position = self._positions.get(place.name) if place.namespace == self._orders.namespace else None
        if position is None:
            self.accounts.refuse_stranger()
            return _response(no_such_vm(place))
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (for the type checker: a coroutine runs in one)
        self._askings.add(task)
        try:
            return await self._asked(request, place, position)
        finally:
            self._askings.discard(task)

    def _may_ask(self, request: web.BaseRequest) -> bool:
        gate = self._orders.gate
        return gate is None or gate.admits(request.get_extra_info("peercert"), request.headers)

    async def _asked(self, request: web.BaseRequest, place: AgentOf, position: int) -> web.StreamResponse:
        """An asking, which is accounted for before anything else is sent or closed."""
        now_ns = self._clock_ns()
        fault = self._agents.fault(position)
        asking = self.accounts.ask(position, now_ns, self._agenda.book(position, now_ns), fault)
        how, at_ns, size = Asked.CUT, now_ns, 0
        refusal: Page | None = None
        ws: web.WebSocketResponse | None = None
        try:
            if not self._switches.is_on(position):
                how, refusal = Asked.BAD_REQUEST, not_running(place)
            elif fault is Asked.NO_HANDLER:
                how, refusal = fault, NO_HANDLER
            elif (ws := await opened(request)) is None:
                how, refusal = Asked.BAD_REQUEST, NO_UPGRADE
            else:
                outcome = await Exchange(ws, asking, self._agents, self._orders.patience, self._clock_ns).answer()
                how, at_ns, size = outcome.how, outcome.at_ns, outcome.size
        except OSError:  # the asker is gone before the upgrade
            how = Asked.NO_REQUEST
        finally:
            self.accounts.end(asking, how, at_ns, size)
        if ws is None:
            return _response(refusal or NO_UPGRADE)
        if how is Asked.DROP and request.transport is not None:
            request.transport.close()
        else:
            await ws.close()
        return ws

    def _wall_ns(self, clock_ns: int) -> int:
        return clock_ns + self._wall_offset_ns


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure is this program's: bytes that are not HTTP are answered with 400 and nothing else."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


LOGGER.addFilter(_is_ours)


def _response(page: Page) -> web.Response:
    return web.Response(status=page.status, body=page.body, content_type=page.content_type)


def _run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop's event loop if that is installed."""
    if importlib.util.find_spec("uvloop") is None:
        asyncio.run(main)
    else:
        import uvloop

        uvloop.run(main)
