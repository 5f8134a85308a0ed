"""The figures of each group of VMs, by packages, by report interval and by profile."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import add
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vsock_loadgen.measures.cells import ends_of, id_meant, ids_of
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.record import FLAT, LATER, As, Number, Record, Text, Whole
from vsock_loadgen.results.known import KnownGroup
from vsock_loadgen.results.measured import IN_TOTALS, LAG, RESPONSE, SERVICE, Measured

_Value = Annotated[float, As(Number, lambda value: int(value) if value == int(value) else value, lambda value: value)]
"""A value of a VM, written as a config would: 500, not 500.0."""


@dataclass(frozen=True, slots=True)
class SeenGroup(Record):
    """What the run's own receiver saw of a group: its reports, its VMs that arrived as planned, and how many of them can be
    identified (None for VMs that their reports do not tell apart)."""

    reports: Whole
    vms: Whole | None
    knowable: Whole | None

    def __add__(self, other: SeenGroup) -> SeenGroup:
        def added(one: int | None, two: int | None) -> int | None:
            return None if one is None or two is None else one + two

        return SeenGroup(self.reports + other.reports, added(self.vms, other.vms), added(self.knowable, other.knowable))


@dataclass(frozen=True, slots=True)
class GroupResult(Measured):
    """The reports of a group of VMs (`plan.groups`). Packages, or seconds before any time scale, from `low` to `high`, None for
    profiles; `vms` are those of the slice, `fleet_vms` of the whole fleet. `asked` is set if the fleet was asked."""

    id: Text
    name: Text
    low: _Value | None
    high: _Value | None
    percent: Number
    vms: Whole
    fleet_vms: Whole
    counts: Annotated[Counts, IN_TOTALS, FLAT]
    response_time_seconds: ClassVar[Any] = RESPONSE
    service_time_seconds: ClassVar[Any] = SERVICE
    lag_seconds: ClassVar[Any] = LAG
    times: Annotated[Times, Field(alias="histograms")]
    seen: SeenGroup | None = None
    asked: Annotated[KnownGroup | None, LATER] = None

    @property
    def is_of(self) -> tuple[object, ...]:
        """What has to be equal in groups that are added up."""
        return self.id, self.name, self.low, self.high, self.fleet_vms

    def __add__(self, other: GroupResult) -> GroupResult:
        return replace(
            self,
            vms=self.vms + other.vms,
            counts=self.counts + other.counts,
            times=self.times + other.times,
            seen=self.seen + other.seen if self.seen and other.seen else None,
        )


@dataclass(frozen=True, slots=True)
class GroupResults(Record):
    """The groups of each dimension, in the order of the plan; none of profiles if the config has none."""

    packages: tuple[GroupResult, ...]
    report_interval: tuple[GroupResult, ...]
    profile: tuple[GroupResult, ...]

    def of(self, dimension: str) -> tuple[GroupResult, ...]:
        """Those of one dimension."""
        groups: tuple[GroupResult, ...] = getattr(self, dimension)
        return groups

    def ids(self, dimension: str) -> tuple[str, ...]:
        """What `found` knows."""
        return ids_of(self.of(dimension))

    def __add__(self, other: GroupResults) -> GroupResults:
        """Those of another part of the same fleet beside these."""
        return GroupResults(*(tuple(map(add, self.of(name), other.of(name))) for name in DIMENSIONS))

    def found(self, dimension: str, wanted: str) -> GroupResult | None:
        """The group of an id, or that which a word of ENDS stands for; None if there is none."""
        groups = self.of(dimension)
        known = id_meant(wanted, ends_of(groups))
        return next((group for group in groups if group.id == known), None)


DIMENSIONS = tuple(each.name for each in fields(GroupResults))
"""The ways in which the fleet is grouped."""
