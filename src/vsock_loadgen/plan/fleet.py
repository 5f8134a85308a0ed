"""The fleet: every VM's attributes, held as columns indexed by the VM's global index 0..n-1.

A pure function of (config, seed, global index), independent of node, worker and clock.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import islice
from typing import Literal

from vsock_loadgen.config.blocks import Profile
from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Quantity
from vsock_loadgen.distributions.timing import UNSAID
from vsock_loadgen.plan.streams import permutation, uniforms

_OFFSET_BITS = 53
_NO_JITTER = Fraction(0)


def part_of(column: array[int], indices: Sequence[int]) -> array[int]:
    """The values of some VMs in their order: of a range with a step in one go, else one by one."""
    if isinstance(indices, range) and indices.step > 0:
        return column[indices.start : indices.stop : indices.step]
    return array(column.typecode, map(column.__getitem__, indices))


Tally = Counter[tuple[int, int]]
"""VMs by (bucket, value): what can be said of a column without looking at every VM again."""


def values_of(tally: Tally) -> Counter[int]:
    """VMs by value."""
    counts = Counter[int]()
    for (_, value), vms in tally.items():
        counts[value] += vms
    return counts


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute over the fleet: its value and the index of its bucket for every VM."""

    values: array[int]
    buckets: array[int]

    def of(self, indices: Sequence[int]) -> Column:
        """The part of these VMs, in their order."""
        return Column(part_of(self.values, indices), part_of(self.buckets, indices))

    def tally(self) -> Tally:
        """How many VMs there are of each bucket and value."""
        return Counter(zip(self.buckets, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class Cohort:
    """What VMs that keep time alike have in common; times are before any time scale."""

    jitter: Fraction
    synchronized: bool = False
    offset_ns: int = 0
    package_sets: Literal["shared", "perVM"] = "shared"


@dataclass(frozen=True, slots=True)
class Fleet:
    """VMs 0..vm_count-1 as columns. Intervals and offsets are nanoseconds before any time scale; 0 <= offset < interval.

    `cohort` gives each VM's place in `cohorts`, `profile` its place in the config's profiles (all 0 if there are none). The
    offset of a synchronised VM is its cohort's modulo its interval. `rank` orders the VMs for being switched on, lowest first.
    """

    vm_count: int
    packages: Column
    report_interval: Column
    offset_ns: array[int]
    profile: array[int]
    cohort: array[int]
    cohorts: tuple[Cohort, ...]
    rank: array[int]

    def digest(self) -> str:
        """A fingerprint of every VM's attributes: equal digests mean the same fleet, VM by VM."""
        state = blake2b(digest_size=16)
        columns = [self.packages.values, self.report_interval.values, self.offset_ns]
        if len(self.cohorts) > 1 or self.cohorts[0].synchronized:
            columns += [self.cohort]
            state.update(repr(self.cohorts).encode())
        for column in columns:
            data = column if sys.byteorder == "little" else array(column.typecode, column)
            if data is not column:
                data.byteswap()
            state.update(data.tobytes())
        return state.hexdigest()


def build_fleet(config: Config) -> Fleet:
    """Give every VM its attributes, each from its own stream. Without profiles the whole fleet is one."""
    profiles = config.profiles or (
        Profile(name="", percent=Fraction(100), packages=config.packages, report_interval=config.report_interval),
    )
    profile = _assign_profiles(profiles, config)
    members = members_of(profile, len(profiles))
    packages = _assign([each.packages for each in profiles], members, PACKAGES, config)
    intervals = _assign([each.report_interval for each in profiles], members, REPORT_INTERVAL, config)
    cohorts, cohort = _cohorts(profiles, profile, intervals, config)
    return Fleet(
        vm_count=config.vm_count,
        packages=packages,
        report_interval=intervals,
        offset_ns=_offsets(config, intervals, cohorts, cohort),
        profile=profile,
        cohort=cohort,
        cohorts=cohorts,
        rank=_ranks(config),
    )


def members_of(profile: array[int], profiles: int) -> Sequence[Sequence[int]]:
    """Global indices of the VMs of each profile, from the profile of every VM."""
    if profiles == 1:
        return [range(len(profile))]
    members = [array("i") for _ in range(profiles)]
    for index, number in enumerate(profile):
        members[number].append(index)
    return members


def _assign_profiles(profiles: Sequence[Profile], config: Config) -> array[int]:
    """The profile of every VM: exact counts, assigned by their own stream."""
    column = array("H", bytes(2 * config.vm_count))
    if len(profiles) > 1:
        shares = apportion(config.vm_count, [profile.percent for profile in profiles])
        order = iter(permutation(config.seed, "profile", config.vm_count))
        for number, share in enumerate(shares):
            for index in islice(order, share):
                column[index] = number
    return column


def _assign(distributions: Sequence[Distribution], members: Sequence[Sequence[int]], quantity: Quantity, config: Config) -> Column:
    """Assign values: within each profile, the j-th in ascending order goes to the j-th of its VMs in the
    permutation of the quantity's own stream."""
    values, buckets = array("q", bytes(8 * config.vm_count)), array("i", bytes(4 * config.vm_count))
    if len(distributions) == 1 and distributions[0].constant is not None:  # independent of the assignment
        sample = distributions[0].take(config.vm_count, quantity.grain)
        return Column(sample.values, sample.buckets)
    keys = uniforms(config.seed, quantity.key, config.vm_count)
    for distribution, indices in zip(distributions, members, strict=True):
        sample = distribution.take(len(indices), quantity.grain)
        order = sorted(indices, key=keys.__getitem__)
        for index, value, bucket in zip(order, sample.values, sample.buckets, strict=True):
            values[index] = value
            buckets[index] = bucket
    return Column(values, buckets)


def _cohorts(
    profiles: Sequence[Profile], profile: array[int], intervals: Column, config: Config
) -> tuple[tuple[Cohort, ...], array[int]]:
    """The distinct ways of keeping time, and every VM's among them. A bucket that says how takes precedence over its profile."""
    places: dict[Cohort, int] = {}
    by_bucket: dict[tuple[int, int], int] = {}
    for key in dict.fromkeys(zip(profile, intervals.buckets, strict=True)):
        cohort = _cohort(profiles[key[0]], key[1], config)
        by_bucket[key] = places.setdefault(cohort, len(places))
    if len(places) == 1:
        return tuple(places), array("H", bytes(2 * config.vm_count))
    return tuple(places), array("H", map(by_bucket.__getitem__, zip(profile, intervals.buckets, strict=True)))


def _cohort(profile: Profile, bucket: int, config: Config) -> Cohort:
    timing, buckets = profile.timing, profile.report_interval.buckets_of
    if buckets and buckets[bucket].timing != UNSAID:
        timing = buckets[bucket].timing
    jitter = timing.jitter
    if jitter is None:
        jitter = _NO_JITTER if timing.synchronized else config.jitter
    return Cohort(jitter, bool(timing.synchronized), timing.offset_ns or 0, profile.package_sets or config.package_sets)


def _offsets(config: Config, intervals: Column, cohorts: tuple[Cohort, ...], cohort: array[int]) -> array[int]:
    shares, whole = uniforms(config.seed, "phase", config.vm_count), 2.0**_OFFSET_BITS  # the name is part of the plan
    offsets = array(
        "q", [int(share * whole) * interval >> _OFFSET_BITS for share, interval in zip(shares, intervals.values, strict=True)]
    )
    for index, number in enumerate(cohort) if any(each.synchronized for each in cohorts) else ():
        if cohorts[number].synchronized:
            offsets[index] = cohorts[number].offset_ns % intervals.values[index]
    return offsets


def _ranks(config: Config) -> array[int]:
    ranks = array("l", bytes(8 * config.vm_count)) if config.phases else array("l")
    if config.phases:
        for rank, index in enumerate(permutation(config.seed, "activation", config.vm_count)):
            ranks[index] = rank
    return ranks
