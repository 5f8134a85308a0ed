"""Adds the results of several nodes up to that of the fleet they share: counts summed, histograms merged, nothing averaged.

What cannot be added exactly is the quantiles within a second of the series, whose histograms are gone: there the largest of the
nodes' values stands, which is never too small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add, attrgetter
from typing import Any

from vsock_loadgen.config.schema import keys_of_scope
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.errors import EXIT_INTERNAL, EXIT_SATURATED, ConfigError, Problem
from vsock_loadgen.measures.series import MOST_ROWS, SeriesRow
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.measures.spread import SpreadColumn, merged_spread
from vsock_loadgen.record import shown
from vsock_loadgen.results.clocks import was_set
from vsock_loadgen.results.ended import Ended
from vsock_loadgen.results.explanation import explained
from vsock_loadgen.results.groups import DIMENSIONS, GroupResults
from vsock_loadgen.results.judgement import NO_TERMS, Terms, judge_target
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.result import Confirmation, Named, Result, Verdict
from vsock_loadgen.results.thresholds import JudgedThreshold, judge_thresholds
from vsock_loadgen.units import SECOND, format_seconds

MOST_APART_NS = SECOND
"""Nodes that begin within this time begin together: what starting a process takes."""

OF_A_NODE = keys_of_scope("node")
"""Keys of the config that may differ between the nodes of one fleet: none of them changes what is due."""


def merge_results(parts: Sequence[Named], thresholds: Sequence[Threshold] = (), terms: Terms = NO_TERMS) -> Result:
    """The result of the fleet whose nodes' results these are, in any order; at least one. Thresholds and `terms` judge the sums.

    Raises ConfigError, with a problem for every wrong file, if they are not of one run of one fleet.
    """
    parts = sorted(parts, key=lambda part: (part.vms.start, part.vms.stop))
    if problems := _asked(parts) or _sums(parts) or _strangers(parts) or list(_overlaps(parts)):
        raise ConfigError(problems)
    whole = _added_up(parts)
    judged = judge_thresholds(thresholds, whole)
    return explained(replace(whole, thresholds=judged, verdict=_verdict(parts, whole, judged, terms)), thresholds)


def _added_up(parts: Sequence[Named]) -> Result:
    """Everything but the judgement, which is still that of one part."""
    results = [part.result for part in parts]
    counts = sum((result.counts for result in results), Counts())
    by_start = sorted(parts, key=lambda part: part.began_ns)
    by_end = sorted(parts, key=lambda part: part.ended_ns)
    width, rows = merged_series([(result.series_width_seconds, result.series) for result in results])
    spread_width, columns = _merged_spread(results)
    abortions = [result.abortion for result in results if result.abortion is not None]
    return replace(
        results[0],
        config=common(result.config for result in results),
        slice=_merged_slice(parts),
        started_at=by_start[0].result.started_at,
        elapsed_ns=by_end[-1].ended_ns - by_start[0].began_ns,
        counts=counts,
        times=sum((result.times for result in results), Times()),
        series=rows,
        series_width_seconds=width,
        spread=columns,
        spread_width_seconds=spread_width,
        errors=dict(item for part in by_end for item in part.result.errors.items()),
        confirmation=min(
            (result.confirmation for result in results if result.counts.delivered), key=_STRENGTH.__getitem__, default="none"
        ),
        complete=not missing_nodes(parts) and all(result.complete for result in results),
        ended=_first_ended(results),
        abortion=min(abortions, key=lambda abortion: abortion.at_ns, default=None),
        phases=tuple(reduce(add, parts) for parts in zip(*(result.phases for result in results), strict=False)),
        groups=_merged_groups(results),
        warnings=tuple(
            dict.fromkeys(
                [*_apart(by_start), *_without_groups(results), *(warning for result in results for warning in result.warnings)]
            )
        ),
        clock_steps=tuple(sorted((step for result in results for step in result.clock_steps), key=attrgetter("elapsed_ns"))),
        reconciliation=_merged_reconciliation(results, counts),
        receiver=_merged_receivers([result.receiver for result in results]),
        generator=_merged_generators([result.generator for result in results]),
        environment={**common(result.environment for result in results), "nodes": [result.environment for result in results]},
    )


def _verdict(parts: Sequence[Named], whole: Result, judged: Sequence[JudgedThreshold], terms: Terms) -> Verdict:
    """Invalid if a part is missing or proves nothing, with that part's reasons; else what the sums say about the target."""
    incomplete, limited = missing_nodes(parts), []
    for part in parts:
        reasons = [f"{part.name}: {reason}" for reason in part.result.verdict.reasons]
        if part.result.verdict.exit_code == EXIT_INTERNAL:
            incomplete += reasons
        elif part.result.verdict.exit_code == EXIT_SATURATED:
            limited += reasons
    if incomplete or limited:
        return Verdict("invalid", (*incomplete, *limited), EXIT_INTERNAL if incomplete else EXIT_SATURATED)
    verdict = judge_target(whole.counts, judged, whole.abortion, whole.reconciliation, ended=whole.ended, terms=terms)
    return replace(verdict, reasons=(*verdict.reasons, *was_set(whole.clock_steps)))


def _first_ended(results: Sequence[Result]) -> Ended | None:
    """The end of the part that had most of its schedule left, or did not end as it was to; None if nothing is known of any."""
    known = [result.ended for result in results if result.ended is not None]
    if not known:
        return None
    first = max(known, key=lambda ended: (not ended.is_whole, ended.left_ns or 0))
    return replace(first, abandoned=any(ended.abandoned for ended in known))


def _asked(parts: Sequence[Named]) -> list[Problem]:
    """Parts that were asked for their reports: what the asker knows of one is unknown for the others."""
    message = "is of a fleet that was asked, for which one process answers; expected results of `run`"
    return [Problem(part.name, "", message) for part in parts if part.result.asked is not None]


def _sums(parts: Sequence[Named]) -> list[Problem]:
    """Parts that are sums already: what made them invalid may not hold for the whole."""
    message = "is a merged result, expected the results of single nodes"
    return [Problem(part.name, "", message) for part in parts if part.node is None]


def _strangers(parts: Sequence[Named]) -> list[Problem]:
    """What shows that a part is not of the same run as the first."""
    first, *others = parts
    problems = []
    for part in others:
        differences = list(_differences(part.result, first.result))
        for what, mine, expected in differences:
            message = f"{what} is {shown(mine)}, expected {shown(expected)} as in {first.name}: the nodes of a fleet share it"
            problems.append(Problem(part.name, "", message))
        both_ended = part.result.complete and first.result.complete
        if both_ended and not differences and not _overlap_in_time(part, first):
            message = f"ran at another time than {first.name}, expected nodes that ran together: the fleet never ran as a whole"
            problems.append(Problem(part.name, "", message))
    return problems


def _differences(one: Result, other: Result) -> Iterator[tuple[str, object, object]]:
    """Key, value and expected value of what decides which reports are due and how they are judged."""
    is_alike = True
    for key in sorted({*one.config, *other.config} - OF_A_NODE):
        if one.config.get(key) != other.config.get(key):
            is_alike = False
            yield key, one.config.get(key), other.config.get(key)
    if is_alike and one.plan["digest"] != other.plan["digest"]:
        yield "the plan's digest", one.plan["digest"], other.plan["digest"]
    elif is_alike and one.groups and other.groups:
        for dimension in DIMENSIONS:
            mine, theirs = ([group.is_of for group in result.groups.of(dimension)] for result in (one, other) if result.groups)
            if mine != theirs:
                yield f"groups.{dimension}", mine, theirs


def _overlap_in_time(one: Named, other: Named) -> bool:
    return one.began_ns < other.ended_ns and other.began_ns < one.ended_ns


def _apart(by_start: Sequence[Named]) -> Iterator[str]:
    """A sentence if the parts, in the order of their start, did not begin together: that load was not planned."""
    first, last = by_start[0], by_start[-1]
    apart_ns = last.began_ns - first.began_ns
    if apart_ns > MOST_APART_NS:
        yield (
            f"the nodes began up to {format_seconds(apart_ns)} apart ({first.name} first, {last.name} last), or their clocks "
            "differ by that: until then the load was not that of the whole fleet; set startAt for a common start"
        )


def _overlaps(parts: Sequence[Named]) -> Iterator[Problem]:
    """Parts that share VMs with another; parts come in the order of their VMs."""
    taken = [part for part in parts if part.vms]
    for before, part in pairwise(taken):
        if part.vms.start < before.vms.stop:
            message = f"has VMs {part.vms.start} to {part.vms.stop - 1}, expected none of"
            yield Problem(part.name, "", f"{message} {before.vms.start} to {before.vms.stop - 1}, which {before.name} has")


def missing_nodes(parts: Sequence[Named]) -> list[str]:
    """A sentence for every node of the plan that has VMs and no part."""
    present = {part.node for part in parts}
    nodes = parts[0].result.plan["nodes"]
    return [
        f"the result of node {node['index']} of {len(nodes)} is missing: its {node['vms']:,} VMs are not counted"
        for node in nodes
        if node["vms"] and node["index"] not in present
    ]


def _merged_slice(parts: Sequence[Named]) -> dict[str, object]:
    vms = sum(len(part.vms) for part in parts)
    return {**parts[0].result.slice, "node_index": None, "vms": vms, "nodes": [part.node for part in parts]}


def merged_series(parts: Sequence[tuple[int, Sequence[SeriesRow]]]) -> tuple[int, list[SeriesRow]]:
    """The rows of several series by wall second, each part (width in seconds, rows in order): the common width, and the rows.

    The width is the widest of the parts', doubled until there are at most MOST_ROWS.
    """
    width = max(width for width, _ in parts)
    while True:
        whole: dict[int, SeriesRow] = {}
        for _, rows in parts:
            for second, row in _widened(rows, width).items():
                whole[second] = whole[second].beside(row) if second in whole else row
        if len(whole) <= MOST_ROWS:
            return width, [whole[second] for second in sorted(whole)]
        width *= 2


def _merged_spread(results: Sequence[Result]) -> tuple[int | None, tuple[SpreadColumn, ...]]:
    """The columns added up; none if a part has none, since the sums would be of less than the whole."""
    known = [(result.spread_width_seconds, result.spread) for result in results if result.spread_width_seconds]
    return merged_spread(known) if len(known) == len(results) else (None, ())


def _widened(rows: Sequence[SeriesRow], width: int) -> dict[int, SeriesRow]:
    wide: dict[int, SeriesRow] = {}
    for row in rows:
        start = row.second - row.second % width
        wide[start] = wide[start].then(row) if start in wide else replace(row, second=start)
    return wide


def _merged_groups(results: Sequence[Result]) -> GroupResults | None:
    """The groups added up; None if a part has none, since the sums would be of less than the whole."""
    groups = [result.groups for result in results]
    known = [each for each in groups if each is not None]
    return reduce(add, known) if len(known) == len(groups) else None


def _without_groups(results: Sequence[Result]) -> Iterator[str]:
    missing = sum(result.groups is None for result in results)
    if missing:
        yield f"no figures by group: {missing} of {len(results)} results have none, as they are of an older release"


def common(documents: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """What all the documents say, key by key."""
    first, *others = documents
    return {key: value for key, value in first.items() if all(key in other and other[key] == value for other in others)}


def _merged_reconciliation(results: Sequence[Result], counts: Counts) -> Reconciliation | None:
    """What the nodes' targets counted in total; without figures if those of a node are missing, or would be counted twice."""
    parts = [result.reconciliation for result in results if result.reconciliation is not None]
    if not parts:
        return None
    urls = sorted({part.url for part in parts})
    url = urls[0] if len(urls) == 1 else f"{urls[0]} and {len(urls) - 1} more"
    growths = [part.growth for part in parts if part.growth is not None]
    if len(urls) < len(parts):
        return Reconciliation.of(
            url, counts, None, "several nodes read the counters of one target, which include what the others sent"
        )
    if len(growths) < len(results):
        missing = len(results) - len(growths)
        return Reconciliation.of(url, counts, None, f"the target's counters are missing for {missing} of {len(results)} nodes")
    return Reconciliation.of(url, counts, sum(growths, TargetCounters()))


def _merged_receivers(receivers: Sequence[Mapping[str, object] | None]) -> dict[str, object] | None:
    """What the nodes' embedded receivers saw in total; None if a node had none, since the sum would be of a part of the fleet."""
    whole: dict[str, object] = {}
    for receiver in receivers:
        if receiver is None:
            return None
        whole = {key: _added(whole[key], value) if key in whole else value for key, value in receiver.items()}
    return whole


def _added(one: object, other: object) -> object:
    """Two documents of one shape as one: numbers added up, the rest kept."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _added(one[key], other[key]) if key in one and key in other else (one | other)[key] for key in one | other}
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one + other
    return one


def _merged_generators(generators: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What sending cost the machines: processor time added up, and the share of the machine that had the least left."""
    findings = [generator.get("saturation") for generator in generators]
    return {
        "workers": sum(part["workers"] for part in generators),
        "worker_cpu_seconds": [seconds for part in generators for seconds in part["worker_cpu_seconds"]],
        "parent_cpu_seconds": float(sum(part["parent_cpu_seconds"] for part in generators)),
        "share_of_machine": float(max(part["share_of_machine"] for part in generators)),
        "saturation": next((finding for finding in findings if finding is not None), None),
    }


_STRENGTH: dict[Confirmation, int] = {"none": 0, "weak": 1, "strong": 2, "receipt": 3, "reconciled": 4}
"""The order of proofs."""
