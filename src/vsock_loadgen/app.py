"""Composition root: builds the real parts and runs the pipeline config -> plan -> engine -> telemetry -> report."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO

from vsock_loadgen.cluster.identity import Identity, identify
from vsock_loadgen.cluster.nodes import WorkerNodes, read_worker_nodes
from vsock_loadgen.cluster.watch import NodeWatch
from vsock_loadgen.config.address import Address, EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import expanded
from vsock_loadgen.engine.capacity import usable_processors
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.engine.worker import Orders, raise_descriptor_limit
from vsock_loadgen.errors import ConfigError, InternalError, Problem
from vsock_loadgen.measures.receipt import Receipt
from vsock_loadgen.measures.result import Result
from vsock_loadgen.measures.saturation import SaturationWatch
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.catalogue_file import read_catalogue
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.envelope import Discovered
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.sending import Machine
from vsock_loadgen.plan.slices import CIDS_PER_NODE, FIRST_CID
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.embedded import EmbeddedReceiver, ReceiverLostError
from vsock_loadgen.receiver.exposition import serving
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.report.html import live_page, plotly_source, result_page
from vsock_loadgen.report.plan_text import plan_text
from vsock_loadgen.report.result_text import result_text
from vsock_loadgen.report.seen import Seen
from vsock_loadgen.summary import Summary
from vsock_loadgen.telemetry.allocator import return_large_blocks
from vsock_loadgen.telemetry.error_lines import ErrorLines
from vsock_loadgen.telemetry.health import Health
from vsock_loadgen.telemetry.http import listening_address, serve
from vsock_loadgen.telemetry.live import shown, subject_of
from vsock_loadgen.telemetry.live_result import LiveResult
from vsock_loadgen.telemetry.log import Log
from vsock_loadgen.telemetry.metrics import Metrics
from vsock_loadgen.telemetry.node_changes import NodeChanges
from vsock_loadgen.telemetry.notices import Notices
from vsock_loadgen.telemetry.observer import Observer, Observers
from vsock_loadgen.telemetry.pages import Pages
from vsock_loadgen.telemetry.result_document import result_document
from vsock_loadgen.telemetry.result_file import ResultSnapshots, write_result, write_text
from vsock_loadgen.telemetry.target_counters import Reconciler
from vsock_loadgen.telemetry.threshold_watch import ThresholdWatch
from vsock_loadgen.transport.endpoint import Endpoint, resolve
from vsock_loadgen.transport.kernel import LinuxVsock, own_cid_of
from vsock_loadgen.transport.listening import listen, stop_listening
from vsock_loadgen.transport.preflight import preflight
from vsock_loadgen.units import SECOND, format_duration


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a run writes: the log as it goes, and the outcome at its end. `width` and `color` are those of the terminal; `live`
    where the log's is one that may be drawn on."""

    log: TextIO
    outcome: TextIO
    width: int = 80
    color: bool = False
    live: bool = False


def prepare(config: Config, *, nodes: int | None = None) -> tuple[Plan, ReportFactory]:
    """The plan of a config, and the source of its reports. Raises ConfigError."""
    fleet = build_fleet(config)
    catalogue = () if config.package_catalog is None else read_catalogue(Path(config.package_catalog))
    try:
        factory = ReportFactory.build(
            largest=max(fleet.packages.values),
            report_format=config.report_format,
            package_sets=_package_sets(fleet),
            seed=config.seed,
            specific_package=config.specific_package,
            catalogue=catalogue,
            discovered=Discovered(**asdict(config.discovered_data)),
        )
    except ValueError as error:
        raise ConfigError([Problem("", "specificPackage", str(error))]) from error
    typical_cid = FIRST_CID + CIDS_PER_NODE
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    machine = Machine(
        processors=max(1, usable_processors() - isinstance(config.target, EmbeddedAddress)),  # the receiver has one to itself
        shared_bytes=factory.memory_bytes,
        descriptors=None if descriptors == resource.RLIM_INFINITY else descriptors,
    )
    plan = make_plan(
        config, fleet, lambda index, packages: factory.size(index, typical_cid, packages), nodes=nodes, machine=machine
    )
    return plan, factory


def _package_sets(fleet: Fleet) -> PackageSets | list[PackageSets]:
    """Whose packages reports have: one word for the whole fleet, or one for each VM where profiles differ."""
    distinct = {cohort.package_sets for cohort in fleet.cohorts}
    return distinct.pop() if len(distinct) == 1 else [fleet.cohorts[cohort].package_sets for cohort in fleet.cohort]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that a run writes, where they are wanted."""

    result: Path | None = None
    html: Path | None = None


def run(
    config: Config,
    streams: Streams,
    outputs: Outputs,
    *,
    warnings: tuple[Problem, ...] = (),
    go_on: bool = False,
    ends_process: bool = False,
) -> int:
    """Simulate this node's part of the fleet, from the first look at the target to the verdict; returns the exit code.

    Raises LoadgenError where nothing was sent, or where the tool broke a promise of its own. `go_on` skips the refusal of a
    vsock target that would leave this machine. With `ends_process` a signal that comes after the outcome changes nothing any more.
    """
    log = Log(streams.log, style=config.log_format)
    if outputs.html is not None:
        plotly_source()  # where it is missing, that is said before anything is sent
    for problem in warnings:
        log.alert(str(problem), "config")
    identity = identify(config.node_index, config.node_count, os.environ, _read_workers)
    config = _settled(config, identity)
    plan, factory = prepare(config)
    text = plan_text(plan, width=streams.width, color=streams.color)
    log.block(text, f"the plan of {plan.fleet.vm_count:,} VMs", "plan", {"plan": plan_document(plan)})
    _look_at_start(config, log)
    reconciler = _reconciler(config, log)
    raise_descriptor_limit()
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests())
        sending = stack.enter_context(ExitStack())
        embedded = isinstance(config.target, EmbeddedAddress)
        receiver = sending.enter_context(EmbeddedReceiver(decode=decode)) if embedded else None
        endpoint = resolve(
            receiver.address if receiver else preflight(config.target, go_on=go_on), report_bytes=plan.forecast.largest_report_bytes
        )
        mine = plan.nodes[identity.index]
        own_cid = own_cid_of(LinuxVsock()) if config.cids == "own" else None
        watch = NodeWatch(identity.workers, _read_workers) if identity.workers else None
        summary = Summary(
            config,
            plan,
            mine,
            endpoint,
            plan.workers,
            SaturationWatch(config.lag_limit_ns),
            _threshold_watch(config, log, stop),
            own_cid,
            NodeChanges(watch, plan.nodes, log),
            tuple(map(str, warnings)),
        )
        supervisor = sending.enter_context(Supervisor(summary.loads(), _orders(config, endpoint, factory)))
        _announce(summary, identity, log)
        if reconciler:
            reconciler.before()
        if watch:
            sending.enter_context(watch)
        pages = _served(stack, summary, log)
        subject = subject_of(plan, mine, str(config.target), config.duration_ns)
        terminal = streams.log if streams.live else None
        with shown(subject, log, config.stats_interval_ns, lambda: stop.count > 0, terminal) as view:
            observers = Observers([_observers(summary, log, stop, outputs), *pages, view])
            totals = supervisor.run(stop, observers.update)
        receipt = _receipt(receiver, totals) if receiver else None
        reconciliation = reconciler.after(totals.counts, lambda: stop.count > 1) if reconciler else None
        sending.close()
        result = summary.result(totals, receipt, reconciliation, ended=True)
        for page in pages:
            page.end(totals, result)
        exit_code = _conclude(result, summary.seen(receipt), streams, log, outputs)
        if config.after_run == "wait":
            log.line("the run is over; what it shows stays until SIGTERM (afterRun: wait)", "waiting", {"exit_code": exit_code})
            stop.wait_for_signal()
        if ends_process:
            stop.settle()
    return exit_code


def _read_workers() -> WorkerNodes:
    return read_worker_nodes(os.environ)


def _settled(config: Config, identity: Identity) -> Config:
    """The config with the place of this process in it, as all results of one fleet have it."""
    place = {"nodeIndex": identity.index, "nodeCount": identity.count}
    return replace(config, node_index=identity.index, node_count=identity.count, effective={**config.effective, **place})


def _look_at_start(config: Config, log: Log) -> None:
    """Say where the schedule has started already. Raises ConfigError where it is over."""
    if config.start_at_ns is None or (ago_ns := time.time_ns() - config.start_at_ns) <= 0:
        return
    ago = format_duration(ago_ns // SECOND * SECOND)
    if config.duration_ns and ago_ns >= config.duration_ns:
        message = f"was {ago} ago, and the run lasts {format_duration(config.duration_ns)}: nothing is left of it to send"
        raise ConfigError([Problem("", "startAt", message)])
    log.line(f"startAt was {ago} ago: this run joins a schedule that goes on, and sends nothing of what was due before", "joined")


def _announce(summary: Summary, identity: Identity, log: Log) -> None:
    """Say which part of the fleet this is, and where its reports go."""
    config, mine = summary.config, summary.mine
    where = config.target if isinstance(config.target, EmbeddedAddress) else summary.endpoint.address
    fields = {"node_index": identity.index, "node_count": identity.count, "vms": mine.vms, "target": str(config.target)}
    log.line(
        f"node {identity.index} of {identity.count} ({identity.source}): {mine.vms:,} VMs report to {where}, "
        f"workers: {summary.workers}",
        "start",
        {**fields, "workers": summary.workers},
    )
    if not mine.vms:
        log.alert("this node has no VMs, as the fleet has fewer than there are nodes: it sends nothing", "idle")


def _threshold_watch(config: Config, log: Log, stop: StopRequests) -> ThresholdWatch:
    expressions = list(map(str, config.thresholds))
    if expressions:
        log.line(f"thresholds: {'; '.join(expressions)}", "thresholds", {"thresholds": expressions})
    return ThresholdWatch(
        config.thresholds,
        log,
        grace_ns=config.abort_grace_ns,
        interval_ns=config.stats_interval_ns,
        abort=stop.request if config.abort_on_fail else None,
    )


def _orders(config: Config, endpoint: Endpoint, factory: ReportFactory) -> Orders:
    confirmed = config.delivery == "confirmed"
    return Orders(endpoint, factory, config.request_timeout_ns, config.duration_ns, confirmed, config.start_at_ns)


def _observers(summary: Summary, log: Log, stop: StopRequests, outputs: Outputs) -> Observers:
    """Everything that looks at the run while it goes on."""
    config = summary.config
    observers: list[Observer] = [
        summary.target_watch,
        summary.node_changes,
        Notices(log, summary.watch, lambda: stop.count > 0, config.request_timeout_ns),
        ErrorLines(log),
    ]
    if outputs.result is not None:
        observers.append(ResultSnapshots(outputs.result, config.stats_interval_ns, summary.snapshot, log))
    return Observers(observers)


def _reconciler(config: Config, log: Log) -> Reconciler | None:
    """What asks the target for its counters, where that is wanted. Raises ConfigError where the environment lacks a variable."""
    if config.reconcile_url is None:
        return None
    if isinstance(config.target, EmbeddedAddress):
        log.alert("reconcile: not done with the embedded receiver, which counts what arrived by itself", "reconcile")
        return None
    return Reconciler(expanded(config.reconcile_url, os.environ), log)


def _served(stack: ExitStack, summary: Summary, log: Log) -> list[Pages]:
    """What others look at over HTTP until the stack is left, if anything. To be called after the last fork."""
    config = summary.config
    if config.metrics_port == 0:
        return []
    metrics = Metrics(summary.plan, summary.mine, summary.watch, lambda: summary.node_changes.change)
    pages = Pages(metrics, LiveResult(summary.snapshot, live_page), Health())
    served = serve(stack, listening_address(config.metrics_address, os.environ), config.metrics_port, pages.routes(), log)
    if served is None:
        return []
    return_large_blocks()  # the documents that are made for whoever asks
    log.line(f"live page: {served.url}/", "live_page", {"url": f"{served.url}/"})
    return [pages]


def _receipt(receiver: EmbeddedReceiver, totals: RunTotals) -> Receipt | None:
    """What the run's own receiver has counted; None where it was lost, which is noted."""
    try:
        return receiver.stop()
    except ReceiverLostError as error:
        totals.lost_receiver = error.how
        return None


def _conclude(result: Result, seen: Seen | None, streams: Streams, log: Log, outputs: Outputs) -> int:
    """Check the accounts, show the outcome, write the document; returns the exit code."""
    if not result.counts.balanced or result.counts.in_flight:
        raise InternalError(f"the accounts do not balance: {result.counts}")
    document = ""
    if outputs.result is not None:
        try:
            write_result(result, outputs.result)
        except OSError as error:
            log.alert(f"--result: cannot be written ({error}); the document follows on standard output")
            document = result_document(result)
    if outputs.html is not None:
        try:
            write_text(result_page(result.to_json()), outputs.html)
        except OSError as error:
            log.alert(f"--html: cannot be written: {error}", "html_file")
    if log.style == "json":
        log.line(f"verdict: {result.verdict.status}", "result", result.summary())
    text = "" if log.style == "json" else result_text(result, seen, width=streams.width, color=streams.color)
    try:
        print(text, end=document, file=streams.outcome, flush=True)
    except OSError as error:
        if outputs.result is None or document:
            raise  # it is nowhere else
        log.alert(f"{error.filename or 'the outcome'}: {error.strerror}; the outcome is in {outputs.result} alone", "outcome")
    return result.verdict.exit_code


def receive(
    address: Address,
    behaviour: Behaviour,
    duration_ns: int | None,
    listening: Callable[[Address, str | None], None],
    *,
    metrics_port: int | None = None,
) -> Receipt:
    """Stand in for the relay on an address until a stop signal comes or the duration is over; returns what was counted.

    `listening` is called once connections are taken, with the URL of the counters where a `metrics_port` serves them. Raises
    TargetError where the address or the port cannot be listened on.
    """
    raise_descriptor_limit()
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests(after_ns=duration_ns))
        listener = listen(address)
        stack.callback(stop_listening, listener)
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        stack.callback(receiver.close)
        metrics = stack.enter_context(serving(metrics_port, receiver.counters)) if metrics_port else None
        listening(address, metrics)
        return receiver.run(stop.fileno())
