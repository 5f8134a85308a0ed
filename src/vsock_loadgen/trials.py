"""The plans of trials: the fleet of a config under another load, and how long to measure it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from vsock_loadgen.capacity.amounts import Asked
from vsock_loadgen.capacity.asked import Fleet, check_config, terms_of
from vsock_loadgen.capacity.cells import phases_of
from vsock_loadgen.capacity.goals import goals_of
from vsock_loadgen.capacity.ladder import Ladder, ladder_of, ladder_terms, loads_of_ladder
from vsock_loadgen.capacity.search import Step, Terms
from vsock_loadgen.capacity.timing import Lengths, lengths_of
from vsock_loadgen.capacity.trial import Level
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.machine import usable_processors
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.plan.arrivals import Arrivals
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.preparing import prepare
from vsock_loadgen.units import SECOND

_BETWEEN_TRIALS = 1.0
"""Seconds, about, until a trial has ended and the target has recovered."""
_DIGITS = 6
_ANY = Lengths(SECOND, 10 * SECOND)


@dataclass(slots=True)
class Bench:
    """What trials are planned from: a config, its fleet, and the terms of the search."""

    config: Config
    plan: Plan
    factory: ReportFactory
    terms: Terms
    workers: int
    node: int = 0
    """Which of the plan's nodes this one is."""
    loads: tuple[float, ...] = ()
    """Those of a ladder, the lowest first."""
    _made: dict[int, tuple[Plan, ReportFactory]] = field(default_factory=dict)

    def level(self, step: Step) -> Level:
        """A load as it is shown."""
        plan, _ = self._fleet(step)
        rate = self._rate(step)
        return Level(rate, plan.fleet.vm_count, round(plan.forecast.reports_per_second * rate, _DIGITS))

    def lengths(self, step: Step) -> Lengths:
        """How long a trial takes."""
        factor = step.load if self.terms.vary == "rate" else step.load / self.config.vm_count
        due = {scope: factor * rate for scope, rate in self._due_by_scope().items()}
        return lengths_of(self.terms.goals, due, long=step.long)

    def seconds(self, step: Step) -> float:
        """About how long it takes in total."""
        lengths = self.lengths(step)
        return (lengths.settle_ns + lengths.window_ns) / SECOND + _BETWEEN_TRIALS

    def ladder(self) -> Ladder:
        """The slots of the loads. Raises ConfigError if there is no fleet for the first or the last of them."""
        steps = [Step(load, "ladder") for load in self.loads]
        for step in (steps[-1], steps[0]):
            self._fleet(step)
        return ladder_of(self.loads, [self.lengths(step) for step in steps], self.config.request_timeout_ns)

    def trial_plan(self, step: Step, number: int, lengths: Lengths) -> tuple[Plan, ReportFactory]:
        """The plan of one trial: a fleet with its own moments, in the stretches of the trial."""
        plan, factory = self._fleet(step)
        vms = plan.fleet.vm_count
        phases = phases_of(lengths.settle_ns, lengths.window_ns)
        made = replace(
            plan,
            time_scale=self.config.time_scale * Fraction(str(self._rate(step))),
            phases=phases,
            shape=Shape(phases, repeat=False, vm_count=vms, time_scale=Fraction(1)),
            arrivals=Arrivals(number, vms),
            workers=min(self.workers, vms),
        )
        return made, factory

    def _rate(self, step: Step) -> float:
        return step.load if self.terms.vary == "rate" else 1.0

    def _fleet(self, step: Step) -> tuple[Plan, ReportFactory]:
        """The fleet of a load: the config's, or one of another number of VMs; the last one is kept."""
        if self.terms.vary == "rate":
            return self.plan, self.factory
        vms = int(step.load)
        if vms not in self._made:
            self._made = {vms: prepare(replace(self.config, vm_count=vms))}
        return self._made[vms]

    def _due_by_scope(self) -> dict[str, float]:
        """Reports due per second of each part of the config's fleet that a goal is about."""
        rates = {PHASE: self.plan.forecast.reports_per_second}
        for goal in self.terms.goals:
            if goal.dimension:
                number = self.plan.groups.dimensions[goal.dimension].number_of(goal.part)
                rates[goal.scope] = self.plan.group_loads[goal.dimension][number].reports_per_second
        return rates


def prepared(config: Config, asked: Asked, *, node: int = 0) -> Bench:
    """Everything that is known before the target is touched, by that `node` of the config's. Raises ConfigError if the config does
    not suit a search, or a ladder."""
    nodes = config.node_count or 1
    check_config(config, nodes=nodes, ladder=bool(asked.ladder))
    goals = goals_of(config)
    phases = phases_of(_ANY.settle_ns, _ANY.window_ns)
    settled = replace(config, phases=phases, duration_ns=_ANY.settle_ns + _ANY.window_ns, node_index=node, node_count=nodes)
    plan, factory = prepare(settled)
    if any(cohort.synchronized for cohort in plan.fleet.cohorts):
        raise ConfigError(
            [Problem("", "synchronized", "found VMs in step with the clock, expected none: their load does not follow the trial's")]
        )
    fleet = Fleet(config.vm_count, plan.forecast.reports_per_second, plan.forecast.shortest_interval_seconds)
    processors = max(1, usable_processors() - isinstance(config.target, EmbeddedAddress))
    if not asked.ladder:
        return Bench(settled, plan, factory, terms_of(asked, goals, fleet), config.workers or processors)
    loads = loads_of_ladder(asked, goals, fleet)
    terms = ladder_terms(asked.vary, goals, loads, asked.precision)
    return Bench(settled, plan, factory, terms, config.workers or processors, node, loads)
