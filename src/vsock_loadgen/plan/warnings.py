"""Warnings before the load starts: it exceeds a limit, or is not what the config seems to say.

Each warning says what was found, which limit that exceeds and whose it is, what to change, and how to override the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.measures.cells import MOST_CELLS
from vsock_loadgen.plan.fleet import Column, Fleet
from vsock_loadgen.plan.forecast import Forecast
from vsock_loadgen.plan.groups import Groups
from vsock_loadgen.plan.limits import AppliedLimits
from vsock_loadgen.plan.sending import busy_seconds, lateness_ns
from vsock_loadgen.plan.slices import CIDS_PER_NODE, NodeSlice
from vsock_loadgen.units import MILLISECOND, MINUTE, SECOND, format_bytes, format_duration, format_number

MEAN_SHIFT = 0.01
RESERVED_DESCRIPTORS = 32
"""Files that a worker has open besides those of its reports, rounded up."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: `kind` is a stable short name, `message` says what was found, against which limit, and what to change;
    `limit` is the key of the config that overrides the limit, if there is one."""

    kind: str
    message: str
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Warnable:
    """What warnings are about: the config, the fleet that it makes, how that is split, and its load; `drawn` has the packages and
    the intervals of each profile's VMs, and `workers` is of the node that has most VMs. For a fleet that `is_asked`, warnings about
    sending do not apply."""

    config: Config
    fleet: Fleet
    drawn: Sequence[tuple[Column, Column]]
    nodes: Sequence[NodeSlice]
    load: Forecast
    limits: AppliedLimits
    workers: int
    groups: Groups
    is_asked: bool = False

    @property
    def most_vms(self) -> int:
        """VMs of the largest node."""
        return max(node.vms for node in self.nodes)

    @property
    def largest_part(self) -> float:
        """The share of the fleet that the largest node has."""
        return self.most_vms / self.fleet.vm_count


def plan_warnings(about: Warnable) -> tuple[Warned, ...]:
    """Every warning about the plan, except those about an asker."""
    found = [*_bucket_warnings(about), *_mean_warnings(about)]
    if not about.is_asked:
        found += [*_node_warnings(about), *_pipeline_warnings(about)]
    if not about.load.reports_per_second or about.load.reports == 0:
        found.append(
            Warned("nothing_due", "no report is ever due: give a longer duration, or phases with a rate and vms above 0 for longer")
        )
    if about.groups.are_coarse:
        wide = "figures by group are of fewer, wider groups"
        found.append(Warned("groups", f"packages, intervals and profiles make more than {MOST_CELLS} combinations: {wide}"))
    return (*found, *(() if about.is_asked else _machine_warnings(about)))


def _attributes(about: Warnable) -> Iterator[tuple[str, Distribution, Column]]:
    """Every distribution of the config with its key and the VMs that draw from it; of profiles, those of each that has VMs."""
    config, fleet = about.config, about.fleet
    if not config.profiles:
        yield "packages", config.packages, fleet.packages
        yield "reportInterval", config.report_interval, fleet.report_interval
        return
    for number, (profile, (packages, intervals)) in enumerate(zip(config.profiles, about.drawn, strict=True)):
        if packages.values:
            yield f"profiles[{number}].packages", profile.packages, packages
            yield f"profiles[{number}].reportInterval", profile.report_interval, intervals


def _bucket_warnings(about: Warnable) -> Iterator[Warned]:
    present = set(about.fleet.profile)
    for number, profile in enumerate(about.config.profiles):
        if number not in present:
            yield _empty(f"profiles[{number}] ({profile.name}, {format_number(float(profile.percent))} %)", about.fleet.vm_count)
    for key, distribution, column in _attributes(about):
        present = set(column.buckets)
        for number, bucket in enumerate(distribution.buckets_of):
            if number not in present:
                yield _empty(f"{key}.buckets[{number}] ({format_number(float(bucket.percent))} %)", len(column.values))


def _empty(what: str, vms: int) -> Warned:
    return Warned("empty_bucket", f"{what} gets no VM out of {vms:,}: raise vmCount so that it gets one")


def _mean_warnings(about: Warnable) -> Iterator[Warned]:
    for key, distribution, column in _attributes(about):
        if distribution.centre:
            configured = float(distribution.configured_mean)
            actual = sum(column.values) / len(column.values)
            if configured and abs(actual - configured) > MEAN_SHIFT * configured:
                shown = format_number if key.endswith("packages") else _to_the_millisecond
                yield Warned(
                    "clamped_mean",
                    f"{key}: clamping at min and max moves the mean from {shown(round(configured))} to "
                    f"{shown(round(actual))}: widen the range, or lower stddev",
                )


def _node_warnings(about: Warnable) -> Iterator[Warned]:
    limit = about.limits.vms_per_node
    if limit is None or about.most_vms <= limit:
        return
    why = f"above {limit:,} their CIDs would collide with those of a second node" if limit == CIDS_PER_NODE else f"limit {limit:,}"
    yield Warned(
        "vms_per_node",
        f"{about.most_vms:,} VMs on one node: {why}. Use more nodes{_or_override('vmsPerNode')}",
        "limits.vmsPerNode",
    )


def _pipeline_warnings(about: Warnable) -> Iterator[Warned]:
    load, limits = about.load, about.limits
    if limits.report_bytes is not None and load.largest_report_bytes > limits.report_bytes:
        yield Warned(
            "report_size",
            f"the largest report has {format_bytes(load.largest_report_bytes)}; the relay reads at most "
            f"{format_bytes(limits.report_bytes)} (ROX_VIRTUAL_MACHINES_VSOCK_CONN_MAX_SIZE_KB). "
            f"Use fewer packages, raise it there{_or_override('maxReportBytes')}",
            "limits.maxReportBytes",
        )
    yield from _rate_of_one_vm(about)
    limit = limits.cluster_reports_per_second
    if limit is not None and load.reports_per_second > limit:
        yield Warned(
            "cluster_rate",
            f"{format_number(load.reports_per_second)} reports per second; Central accepts {float(limit):g} per second "
            "from a whole cluster (ROX_VM_INDEX_REPORT_RATE_LIMIT) and drops the rest. Raise it there, use fewer VMs or longer "
            f"intervals{_or_override('clusterReportsPerSecond')}",
            "limits.clusterReportsPerSecond",
        )


def _rate_of_one_vm(about: Warnable) -> Iterator[Warned]:
    """Of the VM that reports most often; if all have one CID, the relay counts them as one VM."""
    limit = about.limits.reports_per_minute_per_vm
    if limit is None:
        return
    rates = [level for phase in about.config.phases for level in (phase.rate.start, phase.rate.end)]
    interval_ns = about.load.shortest_interval_seconds * SECOND / max(1.0, *map(float, rates), 1.0)
    found = f"the shortest interval is {_to_the_millisecond(interval_ns)}"
    if about.config.cids == "own" and about.load.reports_per_second:
        interval_ns = SECOND / (about.load.reports_per_second * about.largest_part)
        found = f"all VMs of a node have its CID and count as one, with a report every {_to_the_millisecond(interval_ns)}"
    if interval_ns * limit >= MINUTE:
        return
    often = "one report per minute" if limit == 1 else f"{float(limit):g} reports per minute"
    yield Warned(
        "reports_per_vm",
        f"{found}; the relay forwards {often} and VM (ROX_VM_RELAY_MAX_REPORTS_PER_MINUTE) and drops the rest. "
        f"Use longer intervals, raise it there{_or_override('reportsPerMinutePerVm')}",
        "limits.reportsPerMinutePerVm",
    )


def _machine_warnings(about: Warnable) -> Iterator[Warned]:
    """What the generator itself cannot do, so that the run would prove nothing about the target."""
    load, config = about.load, about.config
    workers = f"{about.workers} worker{'s' if about.workers > 1 else ''}"
    if load.herd is not None:
        late_ns = lateness_ns(load.herd, load.bytes_per_report, about.workers / about.largest_part)
        if late_ns > config.lag_limit_ns:
            yield Warned(
                "herd",
                f"{load.herd.reports:,} reports are due together; {workers} would start the last of a node's about "
                f"{_to_the_millisecond(late_ns)} late, and above lagLimit ({format_duration(config.lag_limit_ns)}) the run "
                "is invalid (exit code 4). Use more workers or nodes, give the synchronised VMs a jitter, or raise lagLimit",
                "lagLimit",
            )
    share = busy_seconds(load.peak_reports_per_second * about.largest_part, load.bytes_per_report) / about.workers
    if share > 1:
        yield Warned(
            "rate",
            f"in the busiest second a node's {workers} would need {format_number(share)} times the processor time they have "
            "(on a slower machine). If they are late, the run is invalid (exit code 4). Use more workers or "
            "nodes, fewer VMs or longer intervals",
        )
    limit = about.limits.descriptors
    if limit is not None:
        vms = -(-about.most_vms // about.workers)
        under_way = min(vms, round(load.most_within(config.request_timeout_ns) * about.largest_part / about.workers))
        if under_way + RESERVED_DESCRIPTORS > limit:
            yield Warned(
                "descriptors",
                f"a target that stalls would leave up to {under_way:,} reports of one worker in flight until requestTimeout "
                f"({format_duration(config.request_timeout_ns)}); a process may open {limit:,} files here (ulimit -Hn). Raise it, "
                f"use more workers, a shorter requestTimeout{_or_override('descriptors')}",
                "limits.descriptors",
            )


def _or_override(key: str) -> str:
    return f", or set limits.{key}"


def _to_the_millisecond(nanoseconds: float) -> str:
    return format_duration(round(nanoseconds / MILLISECOND) * MILLISECOND)
