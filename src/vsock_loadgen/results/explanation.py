"""Which VMs a loss or a missed threshold comes from, in a sentence: a group, or all groups above or below a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.groups import DIMENSIONS, GroupResult
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import JudgedThreshold, judged_on
from vsock_loadgen.units import SECOND, format_duration, format_number

_MOST_OF_LOSS = 0.9
_PART_OF_LOAD = 0.6
"""What explains a loss has nearly all of it, and not much more than half of the reports that were due."""


@dataclass(frozen=True, slots=True)
class _Subset:
    """Some groups of a dimension, their VMs in words, and the other groups of it."""

    vms: str
    groups: tuple[GroupResult, ...]
    others: tuple[GroupResult, ...]

    def share(self, of: Callable[[Counts], int], whole: Counts) -> float:
        """Their share of a count of the whole."""
        return sum(of(group.counts) for group in self.groups) / max(1, of(whole))


def explained(result: Result, thresholds: Sequence[Threshold]) -> Result:
    """The result with the explanation of its verdict by its groups."""
    reasons = (*_losses(result), *_misses(result, thresholds))
    return replace(result, verdict=replace(result.verdict, reasons=(*result.verdict.reasons, *reasons)))


def _losses(result: Result) -> Iterator[str]:
    """The VMs that nearly all failed or skipped reports are of, if there are such."""
    due = attrgetter("due")
    for noun, of in (("failures", attrgetter("failed")), ("skipped reports", attrgetter("skipped"))):
        lost = of(result.counts)
        fitting = [
            (subset.share(of, result.counts) - subset.share(due, result.counts), subset)
            for subset in _subsets(result)
            if subset.share(of, result.counts) >= _MOST_OF_LOSS and subset.share(due, result.counts) <= _PART_OF_LOAD
        ]
        if lost and fitting:
            best = max(fitting, key=lambda each: each[0])[1]
            theirs = sum(of(group.counts) for group in best.groups)
            yield f"{_count(theirs, lost, noun)} {best.vms}"


def _count(part: int, whole: int, noun: str) -> str:
    if part < whole:
        return f"{part:,} of {whole:,} {noun} are of"
    return f"all {whole:,} {noun} are of" if whole > 1 else f"the one that is lost ({noun}) is of"


def _misses(result: Result, thresholds: Sequence[Threshold]) -> Iterator[str]:
    """For each threshold that the run as a whole misses, the groups that miss it, if the others meet it."""
    missed = {threshold.expression for threshold in result.thresholds if threshold.passed is False}
    for threshold in thresholds:
        if threshold.dimension or threshold.expression not in missed or threshold.metric.unit == "per_second":
            continue
        for subset in _subsets(result):
            inside = [_judged(threshold, group, result) for group in subset.groups if group.counts.settled]
            outside = [_judged(threshold, group, result) for group in subset.others if group.counts.settled]
            if inside and outside and not any(each.passed for each in inside) and all(each.passed for each in outside):
                yield f"only {subset.vms} miss {threshold.expression}: {inside[-1].shown_value}, and all others meet it"
                break


def _judged(threshold: Threshold, group: GroupResult, result: Result) -> JudgedThreshold:
    """A threshold of the whole, applied to a group."""
    return judged_on(threshold, PartFigures(group.counts, group.times, result.elapsed_ns))


def _subsets(result: Result) -> Iterator[_Subset]:
    """What can be said in a few words: single groups, and all groups above or below a value. The simplest first."""
    for name in DIMENSIONS if result.groups else ():
        groups = [group for group in result.groups.of(name) if group.counts.due] if result.groups else []
        if len(groups) < 2:
            continue
        for group in groups:
            yield _Subset(_called(name, group), (group,), tuple(other for other in groups if other is not group))
        yield from _ranges(name, groups)


def _ranges(name: str, groups: Sequence[GroupResult]) -> Iterator[_Subset]:
    valued = sorted((group for group in groups if group.low is not None), key=lambda group: (group.low, group.high))
    for cut in range(1, len(valued)):
        below, above = tuple(valued[:cut]), tuple(valued[cut:])
        highest = max(group.high or 0 for group in below)
        lowest = above[0].low or 0
        if highest >= lowest:
            continue  # they overlap
        if name == "packages":
            yield _Subset(f"VMs with {format_number(lowest)} packages or more", above, below)
            yield _Subset(f"VMs with {format_number(highest)} packages or fewer", below, above)
        else:
            yield _Subset(f"VMs that report every {_duration(lowest)} or less often", above, below)
            yield _Subset(f"VMs that report every {_duration(highest)} or more often", below, above)


def _called(name: str, group: GroupResult) -> str:
    if name == "profile":
        return f"VMs of profile {group.name}"
    if not group.name[0].isdigit():
        return f"VMs of the {name.replace('_', ' ')} group {group.name}"
    return f"VMs with {group.name} packages" if name == "packages" else f"VMs that report every {group.name}"


def _duration(seconds: float) -> str:
    return format_duration(round(seconds * SECOND))
