"""From the totals of a run to its result: config, plan, counts and findings in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.outcome import Mode
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.plan.document import plan_document, span_of
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.shares import Shares
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.results.clocks import ClockStep, sentences
from vsock_loadgen.results.ended import Ended, ended_of, instant
from vsock_loadgen.results.explanation import explained
from vsock_loadgen.results.groups import GroupResult, GroupResults
from vsock_loadgen.results.judgement import Terms, judge
from vsock_loadgen.results.known import Known, KnownGroup
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.reconciliation import Reconciliation
from vsock_loadgen.results.result import Confirmation, Result, Verdict
from vsock_loadgen.results.saturation import Saturation
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.results.seen import Seen, seen_by_asker, seen_by_receiver
from vsock_loadgen.results.sensor_reconciliation import AnyReconciliation, SensorReconciliation
from vsock_loadgen.results.thresholds import Abortion, JudgedThreshold, judge_thresholds
from vsock_loadgen.units import SECOND


@dataclass(frozen=True, slots=True)
class Run:
    """Everything about a run that does not change during it.

    With an `own_cid` every report carries that, in place of a CID for each VM. `config_warnings` say what was odd about the config,
    such as an unknown key: readers of the result must know. `processors` are those that the run may use.
    `listen` is where a fleet that is asked listens, `asker` has the settings of an embedded asker.
    """

    config: Config
    plan: Plan
    mine: NodeSlice
    hides_unread_close: bool
    own_cid: int | None
    processors: int
    environment: Mapping[str, object]
    shares: Shares
    config_warnings: tuple[str, ...] = ()
    listen: str | None = None
    asker: Settings | None = None

    @property
    def mode(self) -> Mode:
        """Who opens connections."""
        return "push" if self.listen is None else "pull"

    def confirmation(self, counts: Counts, reconciliation: AnyReconciliation | None) -> Confirmation:
        """What proves that the delivered reports arrived; None if there are none."""
        if not counts.delivered:
            return "none"
        if reconciliation and reconciliation.is_proof:
            return "reconciled"
        if self.listen is not None:
            return "receipt"
        if self.config.delivery == "written":
            return "none"
        return "weak" if self.hides_unread_close else "strong"

    @property
    def slice(self) -> dict[str, object]:
        """The part of the fleet that this run has, as the document says it."""
        mine = self.mine
        first_cid = mine.first_cid if self.own_cid is None else self.own_cid
        return {
            "node_index": mine.index,
            "node_count": len(self.plan.nodes),
            "first_vm": mine.first_vm,
            "vms": mine.vms,
            "first_cid": first_cid if mine.vms else None,
        }

    def thresholds(self, totals: RunTotals) -> Sequence[Threshold]:
        """Those of the config, with the limits for this node's figures so far."""
        return self.shares.applied(self.config.thresholds, totals.joined_ns, totals.schedule_ns)

    def seen(self, receipt: Receipt | Scraped | None) -> Seen | None:
        """What the run's own receiver or asker saw, beside the plan."""
        if isinstance(receipt, Scraped):
            return seen_by_asker(receipt, self.plan)
        return None if receipt is None else seen_by_receiver(receipt, self.plan, self.mine, self.own_cid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What has been found out about a run beside its totals: so far, or in the end if it has `ended`."""

    ended: bool = False
    saturation: Saturation | None = None
    abortion: Abortion | None = None
    warnings: tuple[str, ...] = ()
    clock_steps: tuple[ClockStep, ...] = ()
    parent_cpu_seconds: float = 0.0
    receipt: Receipt | Scraped | None = None
    reconciliation: AnyReconciliation | None = None


def result_of(run: Run, totals: RunTotals, findings: Findings) -> Result:
    """The result of these totals: the final one, or a snapshot while the run continues."""
    thresholds = judge_thresholds(run.thresholds(totals), totals)
    receipt, reconciliation = findings.receipt, findings.reconciliation
    seen = run.seen(receipt)
    ended = ended_of(totals, run.config.duration_ns) if findings.ended else None
    result = Result(
        complete=ended is not None and ended.is_whole and not totals.lost and totals.lost_receiver is None,
        ended=ended,
        verdict=_verdict(run, totals, findings, thresholds, ended),
        confirmation=run.confirmation(totals.counts, reconciliation),
        warnings=(*run.config_warnings, *findings.warnings, *sentences(findings.clock_steps)),
        clock_steps=findings.clock_steps,
        started_at=instant(totals.began_wall_ns),
        elapsed_ns=totals.elapsed_ns,
        counts=totals.counts,
        errors=dict(totals.errors),
        phases=_phases(totals),
        groups=_groups(run, totals, seen),
        thresholds=thresholds,
        abortion=findings.abortion,
        asked=Known.of(run.listen, run.asker, run.mine.vms, totals.knowledge, totals.ages) if run.listen is not None else None,
        receiver=receipt.summary() | seen.to_json() if receipt and seen else None,
        reconciliation=reconciliation if isinstance(reconciliation, Reconciliation) else None,
        sensor=reconciliation if isinstance(reconciliation, SensorReconciliation) else None,
        slice=run.slice,
        config=run.config.effective,
        plan=plan_document(run.plan),
        generator=_generator(run, totals, findings),
        environment=run.environment,
        series_width_seconds=totals.series.width_seconds,
        times=totals.times,
        spread_width_seconds=totals.spread.width_seconds,
        spread=totals.spread.columns(),
        series=totals.series.rows(),
    )
    return explained(result, run.config.thresholds)


def verdict_so_far(run: Run, totals: RunTotals, findings: Findings, thresholds: tuple[JudgedThreshold, ...]) -> Verdict:
    """What the verdict would be if nothing fell due any more and all in flight were delivered."""
    return _verdict(run, totals, findings, thresholds, ended_of(totals, run.config.duration_ns))


def _verdict(
    run: Run, totals: RunTotals, findings: Findings, thresholds: tuple[JudgedThreshold, ...], ended: Ended | None
) -> Verdict:
    return judge(
        totals,
        findings.saturation,
        findings.receipt,
        thresholds,
        findings.abortion,
        findings.reconciliation,
        ended=ended,
        terms=Terms.of(run.config),
        clock_steps=findings.clock_steps,
    )


def _phases(totals: RunTotals) -> tuple[PhaseResult, ...]:
    phases = zip(totals.cells.phases, totals.parts(PHASE), strict=True)
    return tuple(PhaseResult(name, part.counts, part.times) for name, part in phases)


def _groups(run: Run, totals: RunTotals, seen: Seen | None) -> GroupResults:
    """The figures of each group, beside the plan's."""
    found = {}
    for name, dimension in run.plan.groups.dimensions.items():
        vms = totals.cells.vms[name]
        saw = seen.of(name, len(vms)) if seen else [None] * len(vms)
        parts = zip(dimension.groups, vms, totals.parts(name), saw, totals.ages_of(name), strict=True)
        found[name] = tuple(
            GroupResult(
                group.id,
                group.name,
                low,
                high,
                percent=float(group.percent),
                vms=here,
                fleet_vms=group.fleet_vms,
                counts=part.counts,
                times=part.times,
                seen=there,
                asked=KnownGroup.of(ages) if run.listen is not None else None,
            )
            for group, here, part, there, ages in parts
            for low, high in [span_of(group, name)]
        )
    return GroupResults(**found)


def _generator(run: Run, totals: RunTotals, findings: Findings) -> dict[str, object]:
    """What sending cost this machine, and whether that was too much for it."""
    seconds = max(totals.elapsed_ns, 1) / SECOND
    workers = [cpu_ns / SECOND for cpu_ns in totals.worker_cpu_ns]
    return {
        "workers": run.plan.workers,
        "worker_cpu_seconds": workers,
        "parent_cpu_seconds": findings.parent_cpu_seconds,
        "share_of_machine": sum(workers) / seconds / run.processors,
        "saturation": findings.saturation.to_json() if findings.saturation else None,
    }
