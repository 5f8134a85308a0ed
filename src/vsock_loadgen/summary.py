"""Turns the totals of a run into its result: the config, the plan and what was counted, in one record."""

from __future__ import annotations

import os
import platform
import resource
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime

from vsock_loadgen import __version__
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.capacity import usable_processors
from vsock_loadgen.engine.sender import Load
from vsock_loadgen.measures.judgement import judge
from vsock_loadgen.measures.receipt import Receipt
from vsock_loadgen.measures.reconciliation import Reconciliation
from vsock_loadgen.measures.result import Confirmation, Measured, PhaseResult, Result
from vsock_loadgen.measures.saturation import SaturationWatch
from vsock_loadgen.measures.thresholds import judge_thresholds
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.document import plan_document
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.report.seen import Seen, seen_by_receiver
from vsock_loadgen.telemetry.node_changes import NodeChanges
from vsock_loadgen.telemetry.threshold_watch import ThresholdWatch
from vsock_loadgen.transport.endpoint import Endpoint
from vsock_loadgen.units import SECOND


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
    config_warnings: tuple[str, ...] = ()
    """What was odd about the config, such as a key that is not known: whoever reads the result must know."""

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
            started_at=datetime.fromtimestamp(totals.began_wall_ns / SECOND, UTC).isoformat(),
            elapsed_ns=totals.elapsed_ns,
            counts=totals.counts,
            times=totals.times,
            phases=self._phases(totals),
            series=totals.series.rows(),
            series_width_seconds=totals.series.width_seconds,
            errors=totals.errors,
            confirmation="reconciled" if reconciliation and reconciliation.is_proof else self._confirmation(),
            complete=ended and not totals.lost and totals.lost_receiver is None,
            verdict=judge(totals, saturation, receipt, thresholds, abortion, reconciliation, ended=ended),
            thresholds=thresholds,
            abortion=abortion,
            warnings=(*self.config_warnings, *self.node_changes.warnings),
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
