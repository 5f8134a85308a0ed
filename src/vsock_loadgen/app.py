"""Composition root: builds the real parts and runs the pipeline config -> plan -> engine -> results -> text."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from vsock_loadgen.cluster.identity import identify, settled
from vsock_loadgen.cluster.nodes import WorkerNodes, read_worker_nodes
from vsock_loadgen.cluster.watch import NodeWatch
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.joining import MOST_STEPS
from vsock_loadgen.engine.loads import loads_of
from vsock_loadgen.engine.machine import environment, raise_descriptor_limit, usable_processors
from vsock_loadgen.engine.samples import Sampled, SampleFile
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, CompanionLostError, ConfigError, Problem
from vsock_loadgen.log import Log
from vsock_loadgen.measures.recent import RecentWatch
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.modes.calling import CALLING
from vsock_loadgen.modes.mode import Companion, Decided, Mode, Prepared
from vsock_loadgen.outputs import open_emptied
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.shares import Shares
from vsock_loadgen.preparing import prepare
from vsock_loadgen.results.conclusion import Findings, Run, result_of
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.saturation import SaturationWatch
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.results.standing import StandingWatch
from vsock_loadgen.serving.allocator import return_large_blocks
from vsock_loadgen.serving.health import Health
from vsock_loadgen.serving.http import listening_address, listening_ports, serve
from vsock_loadgen.serving.live_result import LiveResult
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.serving.pages import Pages
from vsock_loadgen.serving.pushing import push_gateway_of
from vsock_loadgen.stage import Outputs, Stage
from vsock_loadgen.text.console import Streams
from vsock_loadgen.text.html import live_page
from vsock_loadgen.text.plan_text import plan_text
from vsock_loadgen.units import SECOND, format_duration
from vsock_loadgen.watching.clocks import ClockWatch
from vsock_loadgen.watching.error_lines import ErrorLines
from vsock_loadgen.watching.live import Known, subject_of, viewing
from vsock_loadgen.watching.node_changes import NodeChanges
from vsock_loadgen.watching.notices import Notices
from vsock_loadgen.watching.observer import Observer, Observers
from vsock_loadgen.watching.result_snapshots import ResultSnapshots
from vsock_loadgen.watching.screen import Screen
from vsock_loadgen.watching.threshold_watch import ThresholdWatch


@dataclass(frozen=True, slots=True)
class Forked:
    """A run whose last process has been forked: starting a thread requires one of these. `sending` ends what sends."""

    run: Run
    decided: Decided
    supervisor: Supervisor
    prepared: Prepared
    samples: SampleFile | None
    sending: ExitStack


def run(
    config: Config,
    streams: Streams,
    outputs: Outputs,
    *,
    mode: Mode = CALLING,
    warnings: tuple[Problem, ...] = (),
    ends_process: bool = False,
    concluded: Callable[[Result], None] | None = None,
) -> int:
    """Simulate this node's part of the fleet, from the preflight check to the verdict; returns the exit code.

    Raises LoadgenError if nothing was sent, or if the tool broke one of its own promises. With `ends_process` a signal after the
    outcome changes nothing any more. `concluded` gets the outcome.
    """
    stage = Stage(streams, outputs, Log(streams.log, style=config.log_format), concluded)
    decided = _decide(mode, mode.settled(config), warnings, stage)
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests())
        forked = _fork(decided, mode, stage, stack.enter_context(ExitStack()), stop)
        exit_code = _watch(forked, stage, stop, stack)
        if config.after_run == "wait":
            text = "the run is over; its metrics and result are served until SIGTERM (afterRun: wait)"
            stage.log.line(text, "waiting", {"exit_code": exit_code})
            stop.wait_for_signal()
        if ends_process:
            stop.settle()
    return exit_code


def _decide(mode: Mode, config: Config, warnings: tuple[Problem, ...], stage: Stage) -> Decided:
    """Plan the run, and say so. Raises ConfigError."""
    log, streams = stage.log, stage.streams
    for problem in warnings:
        log.alert(str(problem), "config")
    identity = identify(config.node_index, config.node_count, os.environ, _read_workers)
    config = settled(config, identity)
    plan, factory = prepare(config, asker=mode.foreseen)
    log.block(
        lambda: plan_text(plan, width=streams.width, color=streams.color),
        f"the plan of {plan.fleet.vm_count:,} VMs",
        "plan",
        lambda: {"plan": plan_document(plan)},
    )
    reconciler = mode.reconciler(config, log, os.environ)
    gateway = push_gateway_of(config.push_gateway, identity.index, log, os.environ)
    decided = Decided(config, identity, plan, factory, reconciler, gateway, warnings)
    _look_at_start(decided, log)
    return decided


def _fork(decided: Decided, mode: Mode, stage: Stage, sending: ExitStack, stop: StopRequests) -> Forked:
    """Let the mode prepare the run, and fork the workers."""
    config, plan = decided.config, decided.plan
    raise_descriptor_limit()
    prepared = mode.prepare(decided, sending, stop)
    _say_thresholds(config, stage.log)
    loads = loads_of(plan, decided.mine, prepared.own_cid)
    samples = _sample_file(stage.outputs, decided, sending)
    supervisor = sending.enter_context(Supervisor(loads, replace(prepared.orders, samples=samples), stop))
    made = Run(
        config,
        plan,
        decided.mine,
        prepared.hides_unread_close,
        prepared.own_cid,
        usable_processors(),
        environment(),
        Shares(plan, decided.mine),
        tuple(map(str, decided.warnings)),
        prepared.listen,
        prepared.asker,
    )
    _announce(decided, mode, prepared, stage.log)
    return Forked(made, decided, supervisor, prepared, samples, sending)


def _sample_file(outputs: Outputs, decided: Decided, sending: ExitStack) -> SampleFile | None:
    """The file of samples, if one is wanted. Raises ConfigError if it cannot be written."""
    path, plan = outputs.samples, decided.plan
    if path is None:
        return None
    try:
        file = SampleFile(open_emptied(path), outputs.sampled_share, plan.cells(decided.mine), plan.workers)
    except OSError as error:
        raise ConfigError([Problem("--samples", "", f"{path} cannot be written: {error.strerror}")]) from error
    return sending.enter_context(file)


def _watch(forked: Forked, stage: Stage, stop: StopRequests, stack: ExitStack) -> int:
    """Run to the end, show the run meanwhile, and judge it; returns the exit code."""
    decided, log = forked.decided, stage.log
    config, reconciler = decided.config, decided.reconciler
    watches = _watches(forked, log, stop)
    pages = _served(stack, forked, watches, log)
    forked.supervisor.join(lambda text: log.line(text, "joining"))
    if reconciler:
        with stop.at_once():
            reconciler.before()
    subject = subject_of(decided.plan, decided.mine, forked.prepared.aim, config.duration_ns, forked.run.mode)
    screen = Screen(stage.streams.log, stage.streams.keys) if stage.streams.live else None
    known = Known(lambda: stop.count > 0, lambda: watches.standing.now, lambda: watches.recent.now)
    with viewing(subject, log, config.stats_interval_ns, known, screen) as view:
        observers = Observers([_observers(forked, watches, stage, stop), *pages, view])
        watches.clocks.begin()
        totals = forked.supervisor.run(observers.update)
        watches.clocks.update(totals)
    receipt = _receipt(forked.prepared.companion, totals) if forked.prepared.companion else None
    reconciliation = reconciler.after(totals.counts, lambda: stop.count > 1) if reconciler else None
    sampled = forked.samples.sampled() if forked.samples else None
    forked.sending.close()
    watches.saturation.conclude(totals)
    findings = replace(watches.findings(), ended=True, receipt=receipt, reconciliation=reconciliation)
    if sampled:
        findings = replace(findings, warnings=(*findings.warnings, *_said_of(sampled, log)))
    result = result_of(forked.run, totals, findings)
    for page in pages:
        page.end(totals, result)
    exit_code, unpushed = stage.conclude(result), _pushed(forked, watches, totals, result)
    return exit_code or unpushed or (EXIT_INTERNAL if sampled and sampled.lost else EXIT_DONE)


def _said_of(sampled: Sampled, log: Log) -> tuple[str, ...]:
    """The warnings of the result. The log gets all of them."""
    fields = {"rows": sampled.rows, "lost": sampled.lost}
    (log.alert if sampled.lost else log.line)(str(sampled), "samples", fields)
    return (str(sampled),) if sampled.lost else ()


@dataclass(frozen=True, slots=True)
class Watches:
    """What finds something out during a run."""

    run: Run
    saturation: SaturationWatch
    target: ThresholdWatch
    nodes: NodeChanges
    clocks: ClockWatch
    standing: StandingWatch
    recent: RecentWatch

    def findings(self) -> Findings:
        """What they have found so far, and the resources that this process has used."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Findings(
            saturation=self.saturation.found,
            abortion=self.target.abortion,
            warnings=tuple(self.nodes.warnings),
            clock_steps=self.clocks.steps,
            parent_cpu_seconds=used.ru_utime + used.ru_stime,
        )

    def snapshot(self, totals: RunTotals) -> Result:
        """The result of a running run."""
        return result_of(self.run, totals, self.findings())


def _watches(forked: Forked, log: Log, stop: StopRequests) -> Watches:
    config, identity = forked.decided.config, forked.decided.identity
    nodes = forked.sending.enter_context(NodeWatch(identity.workers, _read_workers)) if identity.workers else None
    target = ThresholdWatch(
        forked.run.thresholds,
        log,
        grace_ns=config.abort_grace_ns,
        interval_ns=config.stats_interval_ns,
        abort=stop.request if config.abort_on_fail else None,
    )
    saturation, clocks = SaturationWatch(config.lag_limit_ns), ClockWatch(log)
    changes = NodeChanges(nodes, forked.decided.plan.nodes, log)

    def found(totals: RunTotals) -> Findings:
        return Findings(saturation=saturation.so_far(totals), abortion=target.abortion, clock_steps=clocks.steps)

    return Watches(forked.run, saturation, target, changes, clocks, StandingWatch(forked.run, found), RecentWatch())


def _read_workers() -> WorkerNodes:
    return read_worker_nodes(os.environ)


def _look_at_start(decided: Decided, log: Log) -> None:
    """Log that the schedule has started already, if it has. Raises ConfigError if it is over, or started too long ago to be
    joined."""
    config, plan = decided.config, decided.plan
    if config.start_at_ns is None or (ago_ns := time.time_ns() - config.start_at_ns) <= 0:
        return
    ago = format_duration(ago_ns // SECOND * SECOND)
    if config.duration_ns and ago_ns >= config.duration_ns:
        message = f"was {ago} ago, and the run lasts {format_duration(config.duration_ns)}: nothing of it is left to send"
        raise ConfigError([config.problem("startAt", message)])
    steps = plan.schedule(decided.mine.indices()).steps_to(ago_ns) // plan.workers
    if steps > MOST_STEPS:
        message = (
            f"was {ago} ago: with jitter, each worker would walk through {steps:,} reports to join; expected at most {MOST_STEPS:,}"
        )
        remedy = "a minute's work; set a later startAt, or a jitter of 0, whose schedule is known in closed form"
        raise ConfigError([config.problem("startAt", f"{message}, about {remedy}")])
    log.line(f"startAt was {ago} ago: this run joins a running schedule, and sends nothing that was due before", "joined")


def _announce(decided: Decided, mode: Mode, prepared: Prepared, log: Log) -> None:
    """Say which part of the fleet this is, and where its reports go."""
    mine, identity, workers = decided.mine, decided.identity, decided.plan.workers
    fields = {"node_index": identity.index, "node_count": identity.count, "vms": mine.vms, "target": prepared.aim}
    log.line(
        f"node {identity.index} of {identity.count} ({identity.source}): {mine.vms:,} VMs {mode.verb} {prepared.where}, "
        f"workers: {workers}",
        "start",
        {**fields, "workers": workers},
    )
    if not mine.vms:
        log.alert("this node sends nothing: the fleet has fewer VMs than nodes", "idle")


def _say_thresholds(config: Config, log: Log) -> None:
    expressions = list(map(str, config.thresholds))
    if expressions:
        log.line(f"thresholds: {'; '.join(expressions)}", "thresholds", {"thresholds": expressions})


def _observers(forked: Forked, watches: Watches, stage: Stage, stop: StopRequests) -> Observers:
    """Everything that observes the run."""
    config, log = forked.decided.config, stage.log
    observers: list[Observer] = [
        watches.target,
        watches.nodes,
        watches.clocks,
        Notices(log, watches.saturation, lambda: stop.count > 0, config.request_timeout_ns),
        ErrorLines(log),
        watches.standing,
        watches.recent,
    ]
    if stage.outputs.result is not None:
        observers.append(ResultSnapshots(stage.outputs.result, config.stats_interval_ns, watches.snapshot, log))
    return Observers(observers)


def _pushed(forked: Forked, watches: Watches, totals: RunTotals, result: Result) -> int:
    """Hand the metrics of the end to the Pushgateway, if there is one; returns the exit code of that."""
    if forked.decided.gateway is None:
        return EXIT_DONE
    metrics = _metrics(forked, watches)
    metrics.update(totals, result)
    return forked.decided.gateway.push(metrics)


def _metrics(forked: Forked, watches: Watches) -> Metrics:
    return Metrics(
        forked.run.plan,
        forked.run.mine,
        watches.saturation,
        lambda: watches.nodes.change,
        lambda: watches.clocks.steps,
        mode=forked.run.mode,
        standing=lambda: watches.standing.now,
        recent=lambda: watches.recent.now,
    )


def _served(stack: ExitStack, forked: Forked, watches: Watches, log: Log) -> list[Pages]:
    """What is served over HTTP until the stack is left, if anything."""
    config = forked.decided.config
    if config.metrics_port == 0:
        return []
    pages = Pages(_metrics(forked, watches), LiveResult(watches.snapshot, live_page), Health())
    served = serve(
        stack,
        listening_address(config.metrics_address, os.environ),
        listening_ports(config.metrics_port, os.environ),
        pages.routes(),
        log,
    )
    if served is None:
        return []
    return_large_blocks()  # the documents that are made on request
    log.line(f"live page: {served.url}/", "live_page", {"url": f"{served.url}/"})
    return [pages]


def _receipt(companion: Companion, totals: RunTotals) -> Receipt | Scraped | None:
    """What the run's own other side has counted; None if it was lost, which is noted."""
    try:
        return companion.stop()
    except CompanionLostError as error:
        totals.lost_receiver = error.how
        return None
