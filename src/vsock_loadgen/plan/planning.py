"""The plan: the whole fleet, how it is split, what it will cost, and a check that it is what the config asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.blocks import Phase, Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.kind import Bucket, Distribution
from vsock_loadgen.errors import ConfigError, InternalError, Problem
from vsock_loadgen.measures.cells import PHASE, Cells, ends_of, id_meant, ids_of
from vsock_loadgen.plan.arrivals import Arrivals
from vsock_loadgen.plan.asked import AskedFleet, AskedForecast, foresee
from vsock_loadgen.plan.asked_warnings import asked_warnings
from vsock_loadgen.plan.fleet import Column, Fleet, Tally, members_of, values_of
from vsock_loadgen.plan.forecast import Forecast, ReportBytes, forecast, sizes_by_packages
from vsock_loadgen.plan.group_loads import GroupLoad, loads_of_groups
from vsock_loadgen.plan.groups import Groups, groups_of
from vsock_loadgen.plan.largest import LargestGroup, largest_group
from vsock_loadgen.plan.limits import applied_limits
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.rates import rates_of
from vsock_loadgen.plan.schedule import Schedule, schedule_of
from vsock_loadgen.plan.sending import Machine, expected_memory_bytes, workers_for
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.plan.slices import CIDS_PER_NODE, NodeSlice, split_fleet
from vsock_loadgen.plan.statistics import Statistics, statistics_of
from vsock_loadgen.plan.warnings import Warnable, Warned, plan_warnings

UNKNOWN_MACHINE = Machine()


@dataclass(frozen=True, slots=True)
class BucketRow:
    """One configured bucket and the VMs that it got. `value` is None if the bucket holds a distribution."""

    value: int | None
    percent: Fraction
    vms: int
    actual_percent: float


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the whole fleet: configured mean, what the VMs really have, and its buckets (none if continuous)."""

    configured_mean: float
    statistics: Statistics
    buckets: tuple[BucketRow, ...]


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile and the VMs that it got; no attributes if that is none."""

    name: str
    percent: Fraction
    vms: int
    actual_percent: float
    packages: Attribute | None
    report_interval: Attribute | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the first report. Statistics and forecast are those of the whole fleet."""

    seed: int
    time_scale: Fraction
    fleet: Fleet
    packages: Attribute
    report_interval: Attribute
    profiles: tuple[ProfileRow, ...]
    phases: tuple[Phase, ...]
    shape: Shape | None
    nodes: tuple[NodeSlice, ...]
    own_cids: bool
    """Whether every report of a node carries the CID of that node's kernel, which the plan does not know."""
    forecast: Forecast
    groups: Groups
    group_loads: Mapping[str, tuple[GroupLoad, ...]]
    """The share of every group of `groups` in the forecast."""
    largest: LargestGroup
    workers: int
    """Processes that send on the node with most VMs, and the memory of all processes of its run."""
    memory_bytes: int
    warnings: tuple[Warned, ...]
    asked: AskedForecast | None = None
    """What the asker makes of the fleet, if it is asked for its reports."""
    arrivals: Arrivals | None = None
    """The moments of one trial of a search, in place of the plan's."""

    def schedule(self, indices: range) -> Schedule:
        """When the reports of these VMs (global indices) are due."""
        schedule = schedule_of(self.fleet, indices, seed=self.seed, time_scale=self.time_scale, shape=self.shape)
        return self.arrivals.of(schedule) if self.arrivals else schedule

    def cells(self, mine: NodeSlice) -> Cells:
        """How the reports of a node are told apart when they are counted."""
        dimensions, members = self.groups.dimensions, zip(*self.groups.combinations, strict=True)
        return Cells(
            tuple(phase.name for phase in self.phases),
            {name: tuple(group.id for group in dimension.groups) for name, dimension in dimensions.items()},
            {name: tuple(dimension.vms(mine.indices())) for name, dimension in dimensions.items()},
            {name: ends_of(dimension.groups) for name, dimension in dimensions.items()},
            dict(zip(dimensions, members, strict=True)),
        )


def make_plan(
    config: Config,
    fleet: Fleet,
    report_bytes: ReportBytes,
    *,
    nodes: int | None = None,
    machine: Machine = UNKNOWN_MACHINE,
    asker: Settings | None = None,
) -> Plan:
    """Work out what a fleet will do, and check it against its config. `nodes` overrides the configured number of nodes; an `asker`
    asks for the reports; without one they are sent.

    Raises ConfigError if a node of several would have more VMs than CIDs, or a threshold is about a group that does not exist.
    Raises InternalError if the fleet is not as configured.
    """
    slices = _slices(config, nodes)
    groups, of_packages, of_intervals = _described(config, fleet)
    if problems := list(_unknown_groups(config, groups)):
        raise ConfigError(problems)
    shape = _shape(config)
    whole = schedule_of(fleet, range(config.vm_count), seed=config.seed, time_scale=config.time_scale, shape=shape)
    duration_ns, start_ns = config.duration_ns, config.start_at_ns or 0
    packages = fleet.packages.values
    rates, sizes = rates_of(groups.cell, packages, whole, duration_ns), sizes_by_packages(packages, report_bytes)
    load = forecast(packages, whole, rates, sizes, duration_ns=duration_ns, zero_wall_ns=start_ns)
    workers = 1 if asker else config.workers or _workers(load, slices[0].vms / config.vm_count, config, machine)
    limits, drawn = applied_limits(config, machine, is_asked=asker is not None), _drawn(config, fleet)
    asked_fleet = AskedFleet(packages, whole, groups, config.serve, config.time_scale, sizes)
    asked = foresee(asked_fleet, asker, limits) if asker else None
    about = Warnable(config, fleet, drawn, slices, load, limits, workers, groups, is_asked=asker is not None)
    loads = loads_of_groups(groups, rates, sizes)
    return Plan(
        seed=config.seed,
        time_scale=config.time_scale,
        fleet=fleet,
        packages=of_packages,
        report_interval=of_intervals,
        profiles=_profiles(config, drawn),
        phases=config.phases,
        shape=shape,
        nodes=slices,
        own_cids=config.cids == "own",
        forecast=load,
        groups=groups,
        group_loads=loads,
        largest=largest_group(config, groups, loads["packages"], load.largest_report_bytes, limits.report_bytes, asker),
        workers=workers,
        memory_bytes=_memory_bytes(config, slices[0].vms, workers, machine),
        warnings=(*plan_warnings(about), *(asked_warnings(asked) if asked else ())),
        asked=asked,
    )


def _described(config: Config, fleet: Fleet) -> tuple[Groups, Attribute, Attribute]:
    """The groups of a fleet, and its packages and intervals as a whole."""
    packages, intervals = fleet.packages.tally(), fleet.report_interval.tally()
    return (
        groups_of(config, fleet, packages, intervals),
        _whole("packages", config, packages, lambda profile: profile.packages, config.packages),
        _whole("reportInterval", config, intervals, lambda profile: profile.report_interval, config.report_interval),
    )


def _slices(config: Config, nodes: int | None) -> tuple[NodeSlice, ...]:
    """The part of each node. Raises ConfigError if there are too few CIDs."""
    slices = split_fleet(config.vm_count, nodes or config.node_count or 1)
    if len(slices) > 1 and slices[0].vms > CIDS_PER_NODE and config.cids != "own":
        problem = f"{slices[0].vms:,} VMs on a node, expected at most {CIDS_PER_NODE:,} with several nodes: CIDs would collide"
        raise ConfigError([Problem("", "vmCount", problem)])
    return slices


def _memory_bytes(config: Config, vms: int, workers: int, machine: Machine) -> int:
    return expected_memory_bytes(vms, workers, machine.shared_bytes, embedded=isinstance(config.target, EmbeddedAddress))


def _unknown_groups(config: Config, groups: Groups) -> Iterator[Problem]:
    """A threshold on a group that does not exist, or that has no VM, would be judged on no node."""
    for number, threshold in enumerate(config.thresholds):
        if threshold.dimension in ("", PHASE):
            continue
        known = groups.dimensions[threshold.dimension].groups
        meant = id_meant(threshold.part, ends_of(known))
        if threshold.part not in ids_of(known):
            yield config.problem(f"thresholds[{number}]", threshold.unknown(ids_of(known)))
        elif not any(group.fleet_vms for group in known if group.id == meant):
            yield config.problem(f"thresholds[{number}]", f"the group {meant} has no VM: raise vmCount so that it gets one")


def _workers(load: Forecast, part: float, config: Config, machine: Machine) -> int:
    """As many as a node with that part of the fleet needs."""
    herd = replace(load.herd, reports=math.ceil(load.herd.reports * part)) if load.herd else None
    peak = load.peak_reports_per_second * part
    return workers_for(peak, load.bytes_per_report, machine.processors, herd, config.lag_limit_ns)


def _shape(config: Config) -> Shape | None:
    if not config.phases:
        return None
    return Shape(config.phases, repeat=config.repeat_phases, vm_count=config.vm_count, time_scale=config.time_scale)


def _whole(key: str, config: Config, tally: Tally, of: Callable[[Profile], Distribution], otherwise: Distribution) -> Attribute:
    """An attribute of the whole fleet. If profiles give it, it has no buckets of its own: theirs are checked one by one."""
    if not config.profiles:
        return checked_attribute(key, otherwise, tally)
    means = (profile.percent * of(profile).configured_mean for profile in config.profiles)
    return Attribute(float(sum(means, Fraction(0)) / 100), statistics_of(values_of(tally)), ())


def _drawn(config: Config, fleet: Fleet) -> list[tuple[Column, Column]]:
    """The packages and the intervals of each profile's VMs."""
    members = members_of(fleet.profile, len(config.profiles)) if config.profiles else []
    return [(fleet.packages.of(indices), fleet.report_interval.of(indices)) for indices in members]


def _profiles(config: Config, drawn: Sequence[tuple[Column, Column]]) -> tuple[ProfileRow, ...]:
    shares = apportion(config.vm_count, [profile.percent for profile in config.profiles]) if config.profiles else []
    rows = []
    for number, (profile, share, (packages, intervals)) in enumerate(zip(config.profiles, shares, drawn, strict=True)):
        if (vms := len(packages.values)) != share:
            raise InternalError(f"profile {profile.name}: {vms} VMs, expected {share}")
        name = f"profiles[{number}]"
        rows.append(
            ProfileRow(
                profile.name,
                profile.percent,
                share,
                100 * share / config.vm_count,
                checked_attribute(f"{name}.packages", profile.packages, packages.tally()) if vms else None,
                checked_attribute(f"{name}.reportInterval", profile.report_interval, intervals.tally()) if vms else None,
            )
        )
    return tuple(rows)


def checked_attribute(key: str, distribution: Distribution, tally: Tally) -> Attribute:
    """Describe a column, and check it against its configuration: InternalError unless every bucket has exactly its VMs."""
    rows = _checked_buckets(key, distribution.buckets_of, tally)
    return Attribute(float(distribution.configured_mean), statistics_of(values_of(tally)), rows)


def _checked_buckets(key: str, buckets: Sequence[Bucket], tally: Tally) -> tuple[BucketRow, ...]:
    if not buckets:
        return ()
    wanted = [(bucket.percent, bucket.value.constant) for bucket in buckets]
    vm_count = tally.total()
    shares = apportion(vm_count, [percent for percent, _ in wanted])
    distributed = {number for number, (_, value) in enumerate(wanted) if value is None}
    found = Counter[tuple[int, int | None]]()
    for (number, value), vms in tally.items():
        found[number, None if number in distributed else value] += vms
    expected = {(number, value): share for number, ((_, value), share) in enumerate(zip(wanted, shares, strict=True)) if share}
    if found != expected:
        raise InternalError(f"{key}: VMs by (bucket, value) are {dict(found)}, expected {expected}")
    return tuple(
        BucketRow(value, percent, share, 100 * share / vm_count) for (percent, value), share in zip(wanted, shares, strict=True)
    )
