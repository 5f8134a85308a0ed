"""The limits that matter for the VMs with the largest reports: a report's size, and the times to read it in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.cells import ends_of, id_meant
from vsock_loadgen.percentiles import percentile_of
from vsock_loadgen.plan.group_loads import GroupLoad
from vsock_loadgen.plan.groups import Group, Groups
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.units import SECOND

WIRE_BYTES_PER_SECOND = 125_000_000
"""Of one gigabit per second."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline for a report: `what` is a key of the config, a threshold, or a setting of the asker."""

    what: str
    within_ns: int


@dataclass(frozen=True, slots=True)
class LargestGroup:
    """The group of VMs with most packages. `report_bytes` is its largest report, `most_bytes` what a report may have at most (None:
    no limit); `deadlines` are the times within which such a report has to be read."""

    group: Group
    report_bytes: int
    most_bytes: int | None
    deadlines: tuple[Deadline, ...]

    @property
    def wire_seconds(self) -> float:
        """How long its largest report takes on the wire, at one gigabit per second."""
        return self.report_bytes / WIRE_BYTES_PER_SECOND

    def needed(self, deadline: Deadline) -> float:
        """Bytes per second at which its largest report is read in time."""
        return self.report_bytes * SECOND / deadline.within_ns


def largest_group(
    config: Config, groups: Groups, loads: Sequence[GroupLoad], report_bytes: int, most_bytes: int | None, asker: Settings | None
) -> LargestGroup:
    """Of a fleet whose groups by packages have these `loads`, and whose largest report has `report_bytes`."""
    known = groups.dimensions["packages"].groups
    number = max((number for number, each in enumerate(known) if each.fleet_vms), key=lambda number: known[number].high or 0)
    group, reports = known[number], sum(load.reports_per_second for load in loads)
    if asker is not None:
        deadlines = [Deadline("Sensor's PER_VM_TIMEOUT", asker.timeout_ns)]
    else:
        share = loads[number].reports_per_second / reports if reports else 0.0
        deadlines = [Deadline("requestTimeout", config.request_timeout_ns), *_thresholds(config, ends_of(known), group, share)]
    return LargestGroup(group, report_bytes, most_bytes, tuple(deadlines))


def _thresholds(config: Config, ends: Sequence[str], group: Group, share: float) -> Iterator[Deadline]:
    """The thresholds that reports of the group decide: those on the group, and on percentiles that fall among them if all other
    reports are faster."""
    for threshold in config.thresholds:
        is_time = threshold.metric.unit == "seconds" and not threshold.metric.name.startswith("lag.")
        if not is_time or threshold.comparison not in ("<", "<=") or not threshold.limit:
            continue
        is_of_group = threshold.dimension == "packages" and id_meant(threshold.part, ends) == group.id
        if is_of_group or (not threshold.dimension and _is_among(threshold, share)):
            yield Deadline(threshold.expression, int(threshold.limit * SECOND))


def _is_among(threshold: Threshold, share: float) -> bool:
    point = threshold.metric.name.partition(".")[2]
    at = Fraction(100) if point == "max" else percentile_of(point)
    return at is not None and 100 * share > 100 - at
