"""Composition root of `capacity`: runs one trial after the other, each with workers of its own, and says what the target holds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from vsock_loadgen.asking.reconciling import RelayReconciler, relay_reconciler
from vsock_loadgen.capacity.amounts import Asked
from vsock_loadgen.capacity.asked import at_least_of
from vsock_loadgen.capacity.cells import TrialCells
from vsock_loadgen.capacity.files import write_capacity
from vsock_loadgen.capacity.outcome import Capacity, Frame, capacity_of
from vsock_loadgen.capacity.search import Search, Step
from vsock_loadgen.capacity.timing import Expected, Lengths, expected
from vsock_loadgen.capacity.trial import Trial
from vsock_loadgen.capacity.watch import TrialWatch
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.loads import loads_of
from vsock_loadgen.engine.machine import environment, raise_descriptor_limit
from vsock_loadgen.engine.probing import Prober, idle_p95_ns, recovered_after_ns
from vsock_loadgen.engine.sending import SendingOrders
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.errors import InternalError, StoppedError, TargetError
from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.results.ended import instant
from vsock_loadgen.stage import Outputs
from vsock_loadgen.text.capacity_sheet import said
from vsock_loadgen.text.capacity_text import trials_table
from vsock_loadgen.text.console import Streams
from vsock_loadgen.transport.endpoint import Endpoint, endpoint_of
from vsock_loadgen.transport.kernel import LinuxVsock, own_cid_of
from vsock_loadgen.transport.preflight import preflight
from vsock_loadgen.trials import Bench, prepared
from vsock_loadgen.units import SECOND, format_seconds
from vsock_loadgen.watching.screen import Screen
from vsock_loadgen.watching.trials import TrialsView, UnderWay, watching


@dataclass(frozen=True, slots=True)
class Attempt:
    """A trial that is about to be run: its number, its step, its lengths, and when it begins; None: as soon as it can."""

    number: int
    step: Step
    lengths: Lengths
    start_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What the trials are sent to."""

    endpoint: Endpoint
    own_cid: int | None
    prober: Prober
    idle_ns: int
    reconciler: RelayReconciler | None


def search(
    config: Config, asked: Asked, streams: Streams, outputs: Outputs, *, before: Capacity | None = None, go_on: bool = False
) -> Capacity:
    """Search for the highest load that holds, from the preflight check to the last trial; returns what was found by then.

    `before` is what an interrupted search had found, with which this one goes on. Raises LoadgenError if nothing was sent, or if
    the tool broke one of its own promises.
    """
    log = Log(streams.log, style=config.log_format)
    bench = prepared(config, asked)
    with StopRequests() as stop, reached(bench, log, stop, go_on=go_on) as target:
        frame = frame_of(config, asked, target, before.started_at if before else instant(time.time_ns()))
        searching = _Searching(bench, target, stop, log, list(before.trials) if before else [])
        with shown_on(streams, bench, log) as view:
            return searching.run(view, frame, outputs)


@contextmanager
def reached(bench: Bench, log: Log, stop: StopRequests, *, go_on: bool) -> Iterator[Target]:
    """The target of a config, after the preflight check and single reports that show how fast it is; an embedded receiver lives as
    long as the context. Raises TargetError."""
    config = bench.config
    raise_descriptor_limit()
    with ExitStack() as stack:
        embedded = isinstance(config.target, EmbeddedAddress)
        receiver = stack.enter_context(EmbeddedReceiver(decode=decode)) if embedded else None
        with stop.at_once():
            address = receiver.address if receiver else preflight(config.target, go_on=go_on)
            target = _looked_at(bench, endpoint_of(address, report_bytes=bench.plan.forecast.largest_report_bytes), log, stop)
        yield target


def frame_of(config: Config, asked: Asked, target: Target, started_at: str) -> Frame:
    """What is known before the first trial."""
    return Frame(
        started_at=started_at,
        target=str(config.target),
        at_least=at_least_of(asked),
        idle_p95=target.idle_ns / SECOND,
        config=config.effective,
        environment=environment(),
    )


def shown_on(streams: Streams, bench: Bench, log: Log) -> AbstractContextManager[TrialsView]:
    """What a person watches."""
    title = f"capacity of {bench.config.target}: {'; '.join(goal.expression for goal in bench.terms.goals)}"
    return watching(log, title, said, trials_table, Screen(streams.log, streams.keys) if streams.live else None)


def _looked_at(bench: Bench, endpoint: Endpoint, log: Log, stop: StopRequests) -> Target:
    """The target, once single reports have shown how fast it is at best. Raises TargetError if they do not arrive."""
    config = bench.config
    own_cid = own_cid_of(LinuxVsock()) if config.cids == "own" else None
    orders = _orders(endpoint, bench.factory, config.request_timeout_ns)
    mine = bench.plan.nodes[bench.node]
    prober = Prober(loads_of(bench.plan, mine if mine.vms else bench.plan.nodes[0], own_cid)[0], orders, stop.check)
    idle_ns = idle_p95_ns(prober)
    if idle_ns is None:
        raise TargetError(f"{config.target}: a single report was not delivered", "check with run whether the target takes reports")
    log.line(f"single reports take {format_seconds(idle_ns)} (P95 of {prober.sent})", "idle", {"p95_seconds": idle_ns / SECOND})
    return Target(endpoint, own_cid, prober, idle_ns, relay_reconciler(config, log, os.environ))


def _orders(
    endpoint: Endpoint, factory: ReportFactory, request_timeout_ns: int, duration_ns: int = 0, start_at_ns: int | None = None
) -> SendingOrders:
    return SendingOrders(
        duration_ns=duration_ns,
        start_at_ns=start_at_ns,
        endpoint=endpoint,
        reports=factory,
        request_timeout_ns=request_timeout_ns,
        confirmed=True,
    )


class _Searching:
    """A running search."""

    def __init__(self, bench: Bench, target: Target, stop: StopRequests, log: Log, trials: list[Trial]) -> None:
        self._bench = bench
        self._target = target
        self._stop = stop
        self._log = log
        self._trials = trials

    def run(self, view: TrialsView, frame: Frame, outputs: Outputs) -> Capacity:
        """Run trials until the search ends or is stopped; what is known is written after each."""
        complete = False
        while not complete:
            found = Search(self._bench.terms, self._trials)
            step = found.next
            complete = step is None
            capacity = capacity_of(found, frame, probes=self._target.prober.sent, complete=complete)
            self._write(capacity, outputs)
            if step is not None:
                try:
                    trial = self._trial(step, view, capacity)
                except StoppedError as error:
                    self._log.alert(
                        f"stopped by a signal ({error.exit_code - 128}): continue the search with --continue", "stopped"
                    )
                    break
                self._trials.append(trial)
                view.end(trial)
        return capacity

    def _write(self, capacity: Capacity, outputs: Outputs) -> None:
        if outputs.result is not None:
            try:
                write_capacity(capacity, outputs.result)
            except OSError as error:
                self._log.alert(f"--result: cannot be written: {error}", "result_file")

    def _trial(self, step: Step, view: TrialsView, so_far: Capacity) -> Trial:
        """Run one trial, and wait until the target has recovered. Raises StoppedError if a signal arrived."""
        number, bench = len(self._trials) + 1, self._bench
        lengths, level = bench.lengths(step), bench.level(step)
        view.begin(UnderWay(number, step, level, lengths, self._expected(), so_far.holds, so_far.misses), self._trials)
        with StopRequests() as stop:
            watch = TrialWatch(bench.terms, step, level, lengths, level.reports_per_second, stop.request)
            thrown_away, totals = sent(bench, self._target, Attempt(number, step, lengths), both(watch.update, view.update), stop)
            if stop.first_signal:
                raise StoppedError(stop.first_signal.name, stop.first_signal)
        view.wait("waiting until the target has recovered")
        with self._stop.at_once():
            recovered_ns = recovered_after_ns(self._target.prober, self._target.idle_ns)
        return watch.trial(
            number,
            totals,
            lag_limit_ns=bench.config.lag_limit_ns,
            thrown_away=thrown_away,
            recovered_after=None if recovered_ns is None else recovered_ns / SECOND,
        )

    def _expected(self) -> Expected:
        return expected(self._bench.terms, self._trials, self._bench.seconds)


def sent(
    bench: Bench, target: Target, attempt: Attempt, update: Callable[[RunTotals], None], stop: StopRequests
) -> tuple[int, RunTotals]:
    """Send what is due in a trial, and call `update` meanwhile and at its end; returns what the target discarded, and the fate of
    every report."""
    lengths, config = attempt.lengths, bench.config
    plan, factory = bench.trial_plan(attempt.step, attempt.number, lengths)
    mine = plan.nodes[bench.node]
    cells = TrialCells.of(plan.cells(mine), bench.terms.goals)
    loads = [replace(load, cells=cells) for load in loads_of(plan, mine, target.own_cid)]
    duration_ns = lengths.settle_ns + lengths.window_ns
    orders = _orders(target.endpoint, factory, config.request_timeout_ns, duration_ns, attempt.start_at_ns)
    if target.reconciler:
        target.reconciler.before()
    with Supervisor(loads, orders, stop) as supervisor:
        totals = supervisor.run(update)
    update(totals)
    if totals.lost:
        raise InternalError(f"worker {totals.lost[0]} was lost in trial {attempt.number} ({totals.how_lost(totals.lost[0])})")
    if not target.reconciler:
        return 0, totals
    found = target.reconciler.after(totals.counts, lambda: stop.count > 1)
    return found.thrown_away, totals


def both(one: Callable[[RunTotals], Any], two: Callable[[RunTotals], Any]) -> Callable[[RunTotals], None]:
    """Call both, one after the other."""

    def update(totals: RunTotals) -> None:
        one(totals)
        two(totals)

    return update
