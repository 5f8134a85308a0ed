"""Groups of VMs that are counted apart: by packages, by report interval and by profile. Each VM is in one of each dimension.

Groups are those of the whole fleet, before it is sliced, so that they are the same on every node. If the config gives a value by
buckets, these are the groups. Otherwise they are the distinct values of the fleet if these are few, or four bands, cut at the
nearest-rank percentiles 50, 90 and 99.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.model import Config
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Quantity
from vsock_loadgen.measures.cells import MOST_CELLS, ends_of, id_meant
from vsock_loadgen.plan.fleet import Column, Fleet, Tally, part_of, values_of
from vsock_loadgen.plan.statistics import nearest_ranks

MOST_GROUPS = 32
MOST_VALUES = 8
"""Distinct values that are groups by themselves."""
CUTS = (50, 90, 99)
OTHER = "other"
_LIMITS = ((MOST_GROUPS, MOST_GROUPS), (MOST_GROUPS, 4), (4, 4))
"""Limits of groups by packages and by interval, tried until the combinations are few enough: 4 by 4 by 16 profiles always are."""
_FEWER_PROFILES = 16


@dataclass(frozen=True, slots=True)
class Group:
    """VMs that are counted together. `id` stands in thresholds and labels, `name` is for people; both are unique.

    `low` and `high` are the smallest and the largest value that one of its VMs has, in the unit of the quantity (intervals before
    any time scale); None for profiles. `percent` is the share of the fleet as configured, or as it is if the config does not say
    it; `fleet_vms` the VMs of the whole fleet.
    """

    id: str
    name: str
    low: int | None
    high: int | None
    percent: Fraction
    fleet_vms: int


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to group the fleet: the groups in the order of the plan (none if it has none of this kind), and for every VM the
    number of its group."""

    groups: tuple[Group, ...]
    of_vm: array[int]

    def vms(self, indices: Sequence[int]) -> list[int]:
        """VMs of each group among those with these global indices."""
        if indices == range(len(self.of_vm)):
            return [group.fleet_vms for group in self.groups]
        here = Counter(part_of(self.of_vm, indices))
        return [here[number] for number in range(len(self.groups))]

    def number_of(self, name: str) -> int:
        """The number of the group that a name means: an id, or one of `ENDS`. There is one."""
        wanted = id_meant(name, ends_of(self.groups))
        return next(number for number, group in enumerate(self.groups) if group.id == wanted)


@dataclass(frozen=True, slots=True)
class Groups:
    """Every dimension by its name. `cell` is each VM's place in `combinations`, the group numbers of those that occur.

    If the combinations would be more than MOST_CELLS, groups are fewer than the config has buckets or profiles: then `are_coarse`.
    """

    dimensions: Mapping[str, Dimension]
    combinations: tuple[tuple[int, ...], ...]
    cell: array[int]
    are_coarse: bool = False


def groups_of(config: Config, fleet: Fleet, packages: Tally, intervals: Tally) -> Groups:
    """The groups of a fleet, from its columns and the tallies of these."""
    for most_packages, most_intervals in _LIMITS:
        most_profiles = _FEWER_PROFILES if most_packages < MOST_GROUPS else MOST_GROUPS
        dimensions = {
            "packages": _by_value(config, config.packages, fleet.packages, packages, PACKAGES, most_packages),
            "report_interval": _by_value(
                config, config.report_interval, fleet.report_interval, intervals, REPORT_INTERVAL, most_intervals
            ),
            "profile": _by_profile(config, fleet, most_profiles),
        }
        columns = [dimension.of_vm for dimension in dimensions.values()]
        places = {triple: place for place, triple in enumerate(dict.fromkeys(zip(*columns, strict=True)))}
        if len(places) <= MOST_CELLS:
            break
    cell = array("l", map(places.__getitem__, zip(*columns, strict=True)))
    return Groups(dimensions, tuple(places), cell, are_coarse=most_intervals < MOST_GROUPS)


def _by_value(config: Config, distribution: Distribution, column: Column, tally: Tally, quantity: Quantity, most: int) -> Dimension:
    buckets = () if config.profiles else distribution.buckets_of
    if 0 < len(buckets) <= most:
        labels = [(bucket.name, bucket.value.label(quantity)) for bucket in buckets]
        percents: list[Fraction | None] = [bucket.percent for bucket in buckets]
        ends = [bucket.value.ends(quantity.grain) for bucket in buckets]
        numbered = ((number, value, vms) for (number, value), vms in tally.items())
        return _dimension(labels, percents, ends, column.buckets, numbered)
    counts = values_of(tally)
    if len(counts) <= min(MOST_VALUES, most):
        number_of = {value: number for number, value in enumerate(sorted(counts))}
    else:
        number_of = _bands(counts)
    spans: dict[int, list[int]] = defaultdict(list)
    for value, number in number_of.items():
        spans[number].append(value)
    ends = [(min(spans[number]), max(spans[number])) for number in sorted(spans)]
    of_vm = array("l", map(number_of.__getitem__, column.values))
    numbered = ((number_of[value], value, vms) for value, vms in counts.items())
    return _dimension([("", quantity.span(*each)) for each in ends], [None] * len(ends), ends, of_vm, numbered)


def _bands(counts: Mapping[int, int]) -> dict[int, int]:
    """The band of every value, counted from 0 without empty ones; a value that is equal to a cut is below it."""
    cuts = nearest_ranks(counts, CUTS)
    band = {value: bisect_left(cuts, value) for value in counts}
    numbers = {known: number for number, known in enumerate(sorted(set(band.values())))}
    return {value: numbers[each] for value, each in band.items()}


def _by_profile(config: Config, fleet: Fleet, most: int) -> Dimension:
    """The profiles; of more than `most`, those with most VMs, and the others as one."""
    profiles = config.profiles
    vms = Counter(fleet.profile)
    if len(profiles) <= most:
        kept = list(range(len(profiles)))
    else:
        kept = sorted(sorted(range(len(profiles)), key=lambda number: -vms[number])[: most - 1])
    place = {number: at for at, number in enumerate(kept)}
    labels = [("", profiles[number].name) for number in kept]
    percents: list[Fraction | None] = [profiles[number].percent for number in kept]
    if len(kept) < len(profiles):
        labels.append(("", OTHER))
        percents.append(100 - sum((profiles[number].percent for number in kept), Fraction(0)))
    group_of = [place.get(number, len(kept)) for number in range(len(profiles))]
    of_vm = array("l", map(group_of.__getitem__, fleet.profile)) if profiles else fleet.profile
    numbered = ((group, None, vms[number]) for number, group in enumerate(group_of))
    return _dimension(labels, percents, [None] * len(labels), of_vm, numbered)


def _dimension(
    labels: Sequence[tuple[str, str]],
    percents: Sequence[Fraction | None],
    ends: Sequence[tuple[int, int] | None],
    of_vm: array[int],
    numbered: Iterable[tuple[int, int | None, int]],
) -> Dimension:
    """Groups with a given name or a label, a percentage if one is configured, and the ends of a group without VMs. `numbered` says
    for a group and a value, if VMs have one, how many have it."""
    counts, spans = Counter[int](), dict[int, tuple[int, int]]()
    for group, value, vms in numbered:
        counts[group] += vms
        if value is not None:
            smallest, largest = spans.get(group, (value, value))
            spans[group] = min(smallest, value), max(largest, value)
    ids = _distinct([own or _id(label) for own, label in labels], [own for own, _ in labels], "_{}")
    names = _distinct([own or label for own, label in labels], [own for own, _ in labels], " ({})")
    groups = []
    for number, percent in enumerate(percents):
        low, high = spans.get(number, ends[number]) or (None, None)
        share = Fraction(100 * counts[number], len(of_vm)) if percent is None else percent
        groups.append(Group(ids[number], names[number], low, high, share, counts[number]))
    return Dimension(tuple(groups), of_vm)


def _id(label: str) -> str:
    """A label as it can stand in an expression: `1,100-4,000` is 1100-4000, `900 ± 50` is 900pm50."""
    return re.sub(r"[, ]", "", label.replace("±", "pm"))


def _distinct(wanted: Sequence[str], reserved: Iterable[str], further: str) -> list[str]:
    """Each text once: one that occurs again, or is a given name, gets a number."""
    taken = {text for text in reserved if text}
    own = set(taken)
    return [text if text in own else _free(text, further, taken) for text in wanted]


def _free(text: str, further: str, taken: set[str]) -> str:
    def candidates() -> Iterator[str]:
        yield text
        number = 1
        while True:
            number += 1
            yield text + further.format(number)

    free = next(candidate for candidate in candidates() if candidate not in taken)
    taken.add(free)
    return free
