"""Composition root: builds the real parts and runs the pipeline config -> plan -> engine -> telemetry -> report."""

from __future__ import annotations

import os
import platform
import resource
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from vsock_loadgen import __version__
from vsock_loadgen.cluster.identity import Identity, identify
from vsock_loadgen.cluster.nodes import WorkerNodes, read_worker_nodes
from vsock_loadgen.cluster.watch import NodeWatch
from vsock_loadgen.config.address import Address, EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import expanded
from vsock_loadgen.engine.capacity import usable_processors
from vsock_loadgen.engine.sender import Load
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.engine.worker import Orders, raise_descriptor_limit
from vsock_loadgen.errors import ConfigError, InternalError, Problem
from vsock_loadgen.measures.judgement import judge
from vsock_loadgen.measures.receipt import Receipt
from vsock_loadgen.measures.reconciliation import Reconciliation
from vsock_loadgen.measures.result import Confirmation, Measured, PhaseResult, Result
from vsock_loadgen.measures.saturation import SaturationWatch
from vsock_loadgen.measures.thresholds import judge_thresholds
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.catalogue_file import read_catalogue
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.envelope import Discovered
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.fleet import Fleet, build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.sending import Machine
from vsock_loadgen.plan.slices import CIDS_PER_NODE, FIRST_CID, NodeSlice
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.receiver.exposition import serving
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.report.html import live_page, plotly_source, result_page
from vsock_loadgen.report.plan_text import plan_text
from vsock_loadgen.report.result_text import result_text
from vsock_loadgen.report.seen import Seen, seen_by_receiver
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
from vsock_loadgen.telemetry.result_file import ResultSnapshots, result_document, write_result, write_text
from vsock_loadgen.telemetry.target_counters import Reconciler
from vsock_loadgen.telemetry.threshold_watch import ThresholdWatch
from vsock_loadgen.transport.endpoint import Endpoint, resolve
from vsock_loadgen.transport.kernel import LinuxVsock, own_cid_of
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.transport.preflight import preflight
from vsock_loadgen.units import SECOND


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


def run(config: Config, streams: Streams, outputs: Outputs, *, warnings: tuple[Problem, ...] = (), go_on: bool = False) -> int:
    """Simulate this node's part of the fleet, from the first look at the target to the verdict; returns the exit code.

    Raises LoadgenError where nothing was sent, or where the tool broke a promise of its own. `go_on` skips the refusal of a
    vsock target that would leave this machine.
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
            totals = supervisor.run(stop, observers.update, start_at_ns=config.start_at_ns)
        receipt = receiver.stop() if receiver else None
        reconciliation = reconciler.after(totals.counts, lambda: stop.count > 1) if reconciler else None
        sending.close()
        result = summary.result(totals, receipt, reconciliation, ended=True)
        for page in pages:
            page.end(totals, result)
        exit_code = _conclude(result, summary.seen(receipt), streams, log, outputs)
        if config.after_run == "wait":
            log.line("the run is over; what it shows stays until SIGTERM (afterRun: wait)", "waiting", {"exit_code": exit_code})
            stop.wait_for_signal()
    return exit_code


def _read_workers() -> WorkerNodes:
    return read_worker_nodes(os.environ)


def _settled(config: Config, identity: Identity) -> Config:
    """The config with the place of this process in it, as all results of one fleet have it."""
    place = {"nodeIndex": identity.index, "nodeCount": identity.count}
    return replace(config, node_index=identity.index, node_count=identity.count, effective={**config.effective, **place})


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
    return Orders(endpoint, factory, config.request_timeout_ns, config.duration_ns, confirmed=config.delivery == "confirmed")


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
    log.line(f"live page: {served.url}/", "live_page", {"url": f"{served.url}/"})
    return [pages]


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
    print(text, end=document, file=streams.outcome, flush=True)
    return result.verdict.exit_code


@dataclass(frozen=True, slots=True)
class Summary:
    """Turns totals into results: everything about the run that does not change while it goes on."""

    config: Config
    plan: Plan
    mine: NodeSlice
    endpoint: Endpoint
    workers: int
    watch: SaturationWatch
    target_watch: ThresholdWatch
    own_cid: int | None
    """What every report carries in place of a CID for each VM; None where each has its own."""
    node_changes: NodeChanges

    def loads(self) -> list[Load]:
        """The VMs of this node, as its workers get them."""
        return [self._load(self.mine.for_worker(number, self.workers)) for number in range(self.workers)]

    def _load(self, indices: range) -> Load:
        packages = array("i", (self.plan.fleet.packages.values[index] for index in indices))
        profiles = array("H", (self.plan.fleet.profile[index] for index in indices))
        return Load(self.plan.schedule(indices), self._cids(indices), packages, profiles)

    def _cids(self, indices: range) -> array[int]:
        return array("q", map(self.mine.cid, indices) if self.own_cid is None else [self.own_cid] * len(indices))

    def seen(self, receipt: Receipt | None) -> Seen | None:
        """What the run's own receiver saw, beside the plan; nothing to compare where all VMs have one CID: it saw but one."""
        if self.own_cid is not None and receipt is not None:
            return Seen((), (), 0, 0)
        return None if receipt is None else seen_by_receiver(receipt, self.plan, self.mine.indices())

    def snapshot(self, totals: RunTotals) -> Result:
        """The result of a run that goes on."""
        return self.result(totals, None, None, ended=False)

    def result(self, totals: RunTotals, receipt: Receipt | None, reconciliation: Reconciliation | None, *, ended: bool) -> Result:
        """The result of these totals: the final one, or a snapshot where the run has not `ended`."""
        seen = self.seen(receipt)
        thresholds = judge_thresholds(self.config.thresholds, totals)
        abortion = self.target_watch.abortion
        saturation = self.watch.conclude(totals) if ended else self.watch.found
        return Result(
            config=self.config.effective,
            plan=plan_document(self.plan),
            slice={
                "node_index": self.mine.index,
                "node_count": len(self.plan.nodes),
                "first_vm": self.mine.first_vm,
                "vms": self.mine.vms,
                "first_cid": (self.mine.first_cid if self.own_cid is None else self.own_cid) if self.mine.vms else None,
            },
            started_at=datetime.fromtimestamp(totals.zero_wall_ns / SECOND, UTC).isoformat(),
            elapsed_ns=totals.elapsed_ns,
            counts=totals.counts,
            times=totals.times,
            phases=self._phases(totals),
            series=totals.series.rows(),
            series_width_seconds=totals.series.width_seconds,
            errors=totals.errors,
            confirmation="reconciled" if reconciliation and reconciliation.is_proof else self._confirmation(),
            complete=ended and not totals.lost,
            verdict=judge(totals, saturation, receipt, thresholds, abortion, reconciliation, ended=ended),
            thresholds=thresholds,
            abortion=abortion,
            warnings=tuple(self.node_changes.warnings),
            reconciliation=reconciliation,
            receiver=receipt.to_json(with_vms=False) | seen.to_json() if receipt and seen else None,
            generator=self._generator(totals),
            environment=_environment(),
        )

    def _phases(self, totals: RunTotals) -> list[PhaseResult]:
        phases = zip(totals.phase_names, totals.phases, strict=True)
        return [PhaseResult(name, Measured(share.counts, share.times)) for name, share in phases]

    def _generator(self, totals: RunTotals) -> dict[str, object]:
        """What sending cost this machine, and whether that was too much for it."""
        seconds = max(totals.elapsed_ns, 1) / SECOND
        own = resource.getrusage(resource.RUSAGE_SELF)
        workers = [cpu_ns / SECOND for cpu_ns in totals.worker_cpu_ns]
        return {
            "workers": self.workers,
            "worker_cpu_seconds": workers,
            "parent_cpu_seconds": own.ru_utime + own.ru_stime,
            "share_of_machine": sum(workers) / seconds / usable_processors(),
            "saturation": self.watch.found.to_json() if self.watch.found else None,
        }

    def _confirmation(self) -> Confirmation:
        if self.config.delivery == "written":
            return "none"
        return "weak" if self.endpoint.hides_unread_close else "strong"


def _environment() -> dict[str, object]:
    return {
        "vsock_loadgen": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "node_name": os.environ.get("NODE_NAME"),
    }


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
        listener = stack.enter_context(listen(address))
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        stack.callback(receiver.close)
        metrics = stack.enter_context(serving(metrics_port, receiver.counters)) if metrics_port else None
        listening(address, metrics)
        return receiver.run(stop.fileno())
