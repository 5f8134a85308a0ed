"""Composition root: builds the real parts and runs the pipeline config -> plan -> engine -> telemetry -> report."""

from __future__ import annotations

import os
import platform
import resource
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from vsock_loadgen import __version__
from vsock_loadgen.cluster.identity import identify
from vsock_loadgen.config.address import Address, EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.capacity import usable_processors, workers_for
from vsock_loadgen.engine.sender import Load
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.supervisor import Supervisor
from vsock_loadgen.engine.worker import Orders, raise_descriptor_limit
from vsock_loadgen.errors import ConfigError, InternalError, Problem
from vsock_loadgen.measures.judgement import judge
from vsock_loadgen.measures.receipt import Receipt
from vsock_loadgen.measures.result import Confirmation, Result
from vsock_loadgen.measures.saturation import SaturationWatch
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.fleet import build_fleet
from vsock_loadgen.plan.planning import Plan, make_plan
from vsock_loadgen.plan.slices import CIDS_PER_NODE, FIRST_CID, NodeSlice
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.report.plan_text import plan_text
from vsock_loadgen.report.result_text import result_text
from vsock_loadgen.report.seen import Seen, seen_by_receiver
from vsock_loadgen.telemetry.log import Log
from vsock_loadgen.telemetry.notices import Notices
from vsock_loadgen.telemetry.observer import Observer, Observers
from vsock_loadgen.telemetry.result_file import ResultSnapshots, result_document, write_result
from vsock_loadgen.telemetry.stats import StatsLines
from vsock_loadgen.transport.endpoint import Endpoint, resolve
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.transport.preflight import preflight
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a run writes: the log as it goes, and the outcome at its end. `width` and `color` are those of the terminal."""

    log: TextIO
    outcome: TextIO
    width: int = 80
    color: bool = False


def prepare(config: Config, *, nodes: int | None = None) -> tuple[Plan, ReportFactory]:
    """The plan of a config, and the source of its reports. Raises ConfigError."""
    fleet = build_fleet(config)
    try:
        factory = ReportFactory.build(
            largest=max(fleet.packages.values),
            report_format=config.report_format,
            package_sets=config.package_sets,
            seed=config.seed,
            specific_package=config.specific_package,
        )
    except ValueError as error:
        raise ConfigError([Problem("", "specificPackage", str(error))]) from error
    typical_cid = FIRST_CID + CIDS_PER_NODE
    return make_plan(config, fleet, lambda index, packages: factory.size(index, typical_cid, packages), nodes=nodes), factory


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that a run writes, where they are wanted."""

    result: Path | None = None


def run(config: Config, streams: Streams, outputs: Outputs, *, warnings: tuple[Problem, ...] = (), go_on: bool = False) -> int:
    """Simulate this node's part of the fleet, from the first look at the target to the verdict; returns the exit code.

    Raises LoadgenError where nothing was sent, or where the tool broke a promise of its own. `go_on` skips the refusal of a
    vsock target that would leave this machine.
    """
    log = Log(streams.log)
    for problem in warnings:
        log.alert(str(problem))
    identity = identify(config.node_index, config.node_count, os.environ)
    plan, factory = prepare(config)
    log.block(plan_text(plan, width=streams.width, color=streams.color))
    raise_descriptor_limit()
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests())
        embedded = isinstance(config.target, EmbeddedAddress)
        receiver = stack.enter_context(EmbeddedReceiver(decode=decode)) if embedded else None
        endpoint = resolve(receiver.address if receiver else preflight(config.target, go_on=go_on))
        mine = plan.nodes[identity.index]
        summary = Summary(config, plan, mine, endpoint, _workers(config, plan, mine), SaturationWatch(config.lag_limit_ns))
        supervisor = stack.enter_context(Supervisor(summary.loads(), _orders(config, endpoint, factory)))
        log.line(
            f"node {identity.index}: {summary.mine.vms:,} VMs report to {config.target if embedded else endpoint.address}, "
            f"workers: {summary.workers}"
        )
        totals = supervisor.run(stop, _observers(summary, log, stop, outputs).update)
        receipt = receiver.stop() if receiver else None
    return _conclude(summary.result(totals, receipt, ended=True), summary.seen(receipt), streams, log, outputs)


def _workers(config: Config, plan: Plan, mine: NodeSlice) -> int:
    """As many as configured, or as this node's share of the forecast needs; the run's own receiver has a processor to itself."""
    if config.workers is not None:
        return config.workers
    load = plan.forecast
    share = mine.vms / plan.fleet.vm_count
    processors = usable_processors() - isinstance(config.target, EmbeddedAddress)
    return workers_for(load.peak_reports_per_second * share, load.bytes_per_second / load.reports_per_second, processors)


def _orders(config: Config, endpoint: Endpoint, factory: ReportFactory) -> Orders:
    return Orders(endpoint, factory, config.request_timeout_ns, config.duration_ns, confirmed=config.delivery == "confirmed")


def _observers(summary: Summary, log: Log, stop: StopRequests, outputs: Outputs) -> Observers:
    """Everything that looks at the run while it goes on."""
    config = summary.config
    observers: list[Observer] = [
        Notices(log, summary.watch, lambda: stop.count > 0, config.request_timeout_ns),
        StatsLines(log, config.stats_interval_ns),
    ]
    if outputs.result is not None:
        observers.append(ResultSnapshots(outputs.result, config.stats_interval_ns, summary.snapshot, log))
    return Observers(observers)


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
    print(result_text(result, seen, width=streams.width, color=streams.color), end=document, file=streams.outcome, flush=True)
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

    def loads(self) -> list[Load]:
        """The VMs of this node, as its workers get them."""
        return [self._load(self.mine.for_worker(number, self.workers)) for number in range(self.workers)]

    def _load(self, indices: range) -> Load:
        packages = array("i", (self.plan.fleet.packages.values[index] for index in indices))
        return Load(self.plan.schedule(indices), array("q", map(self.mine.cid, indices)), packages)

    def seen(self, receipt: Receipt | None) -> Seen | None:
        """What the run's own receiver saw, beside the plan."""
        return None if receipt is None else seen_by_receiver(receipt, self.plan, self.mine.indices())

    def snapshot(self, totals: RunTotals) -> Result:
        """The result of a run that goes on."""
        return self.result(totals, None, ended=False)

    def result(self, totals: RunTotals, receipt: Receipt | None, *, ended: bool) -> Result:
        """The result of these totals: the final one, or a snapshot where the run has not `ended`."""
        seen = self.seen(receipt)
        return Result(
            config=self.config.effective,
            plan=plan_document(self.plan),
            slice={
                "node_index": self.mine.index,
                "node_count": len(self.plan.nodes),
                "first_vm": self.mine.first_vm,
                "vms": self.mine.vms,
                "first_cid": self.mine.first_cid if self.mine.vms else None,
            },
            started_at=datetime.fromtimestamp(totals.zero_wall_ns / SECOND, UTC).isoformat(),
            elapsed_ns=totals.elapsed_ns,
            counts=totals.counts,
            times=totals.times,
            series=totals.series.rows(),
            series_width_seconds=totals.series.width_seconds,
            errors=totals.errors,
            confirmation=self._confirmation(),
            complete=ended and not totals.lost,
            verdict=judge(totals, self.watch.conclude(totals) if ended else self.watch.found, receipt, ended=ended),
            receiver=receipt.to_json(with_vms=False) | seen.to_json() if receipt and seen else None,
            generator=self._generator(totals),
            environment=_environment(),
        )

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


def receive(address: Address, behaviour: Behaviour, duration_ns: int | None, listening: Callable[[Address], None]) -> Receipt:
    """Stand in for the relay on an address until a stop signal comes or the duration is over; returns what was counted.

    `listening` is called once connections are taken. Raises TargetError where the address cannot be listened on.
    """
    raise_descriptor_limit()
    with StopRequests(after_ns=duration_ns) as stop, listen(address) as listener:
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        listening(address)
        return receiver.run(stop.fileno())
