"""What keys require of each other: each rule gives errors and warnings by path; the place follows from the path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from vsock_loadgen.config.blocks import Level
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.older_keys import PACKAGE_KEYS, check_older_keys
from vsock_loadgen.config.places import Finding, Findings, position
from vsock_loadgen.config.reach import out_of_reach
from vsock_loadgen.config.tree import Node
from vsock_loadgen.distributions.buckets import PERCENT
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import QUANTITIES, REPORT_INTERVAL, Quantity
from vsock_loadgen.distributions.timing import UNSAID, Timing
from vsock_loadgen.grammar.leaves import RefusedError
from vsock_loadgen.grammar.numbers import show_decimal
from vsock_loadgen.units import MILLISECOND, format_duration

Nodes = Mapping[str, Node]
"""What was written, by path."""
Said = Iterator[tuple[str, str]]
"""Paths, each with its message."""
_ONE = Level(Fraction(1), Fraction(1))
_OF_PROFILES = {"packages": PACKAGE_KEYS, "reportInterval": ("reportInterval",)}
"""The keys of a profile that it may leave to the top level, with those that say it there."""
_INNER_TIMING = re.compile(
    r"(profiles\[\d+\]\.)?(packages|reportInterval)(\.buckets\[\d+\]\.distribution)+\.buckets\[\d+\]\.(synchronized|offset|jitter|name)"
)
_PROFILE_BUCKET_NAME = re.compile(r"profiles\[\d+\]\.(packages|reportInterval)\.buckets\[\d+\]\.name")
_NAMES = re.compile(r"(profiles|phases|(profiles\[\d+\]\.)?(packages|reportInterval)\.buckets)\[\d+\]\.name")
_NO_GRID = "synchronized VMs need a common interval; found a distribution that gives every VM its own, expected values"


def check_tree(section: Node, found: Findings) -> None:
    """Adds what can be said about the section whether or not its single values are valid."""
    nodes = dict(section.walk())
    for rule in (_uneven_shares, _repeated_names, _attributes, _hidden_timing, _node):
        found.errors += _findings(nodes, rule(nodes))
    check_older_keys(section, found)


def check_config(config: Config, values: Any, section: Node, found: Findings) -> None:
    """Adds what can only be said about a config whose values are all valid; `values` are as they were read."""
    nodes = dict(section.walk())
    for error in (_time_scale, _idle_phases, _thresholds):
        found.errors += _findings(nodes, error(config))
    found.errors += _findings(nodes, _timing(config, values, nodes))
    found.warnings += _findings(nodes, _idle_keys(config, nodes))
    found.warnings += _findings(nodes, _in_step(config))
    for quantity, name in zip(QUANTITIES, ("packages", "report_interval"), strict=True):
        found.warnings += _findings(nodes, _cautions(getattr(values, name), quantity, nodes, quantity.key))
        for number, block in enumerate(values.profiles):
            path = f"profiles[{number}].{quantity.key}"
            found.warnings += _findings(nodes, _cautions(getattr(block, name), quantity, nodes, path))


def _findings(nodes: Nodes, said: Iterable[tuple[str, str]]) -> list[Finding]:
    """What was said with its place; a key that is missing has that of the block which should have it."""
    return [Finding((nodes.get(path) or nodes[path.rpartition(".")[0]]).place, path, message) for path, message in said]


def _uneven_shares(nodes: Nodes) -> Said:
    """Lists of shares of the fleet, at any depth, whose percents do not add up."""
    for path, node in nodes.items():
        percents = [percent for item in node.items for percent in _percent(item)]
        if percents and len(percents) == len(node.items) and sum(percents) != 100:
            yield path, f"percents add up to {show_decimal(sum(percents, Fraction(0)))}, expected 100"


def _percent(item: Node) -> Iterator[Fraction]:
    try:
        yield PERCENT.read(item.entries["percent"].plain())
    except (KeyError, RefusedError):
        return


def _repeated_names(nodes: Nodes) -> Said:
    first: dict[tuple[str, object], Node] = {}
    for path, node in nodes.items():
        if _NAMES.fullmatch(path) and isinstance(node.value, str):
            before = first.setdefault((path.rpartition("[")[0], node.value), node)
            if before is not node:
                yield path, f"found {node.shown()} again (first: {position(before.place)}), expected each name once"


def _attributes(nodes: Nodes) -> Said:
    """An attribute comes from each profile, or from the top level for those that leave it out; the top level says nothing without
    effect."""
    profiles = [path for path, node in nodes.items() if re.fullmatch(r"profiles\[\d+\]", path) and node.entries]
    for attribute, keys in _OF_PROFILES.items() if profiles else ():
        given = [key for key in keys if key in nodes]
        without = [f"{path}.{attribute}" for path in profiles if f"{path}.{attribute}" not in nodes]
        for path in without if not given else ():
            yield path, f"missing; expected it here, or {attribute} at the top level for all profiles without"
        has_no_effect = f"has no effect: every profile has {attribute} of its own; expected it to be left out, "
        for key in given if not without else ():
            yield key, f"{has_no_effect}or a profile without, or profiles[0].{attribute} to be set instead"


def _hidden_timing(nodes: Nodes) -> Said:
    """Buckets within a bucket's distribution only have values: the outermost bucket says how VMs keep time and are called."""
    for path in filter(_INNER_TIMING.fullmatch, nodes):
        yield path, "stands in a bucket inside a bucket, expected in the outermost bucket or in the profile"


def _node(nodes: Nodes) -> Said:
    index = nodes.get("nodeIndex")
    if index is None or not isinstance(index.value, int):
        return
    count = nodes["nodeCount"].value if "nodeCount" in nodes else "auto"
    if count == "auto" and index.value > 0:
        yield "nodeIndex", f"found {index.shown()}, expected nodeCount as well"
    if isinstance(count, int) and index.value >= count >= 1:
        yield "nodeIndex", f"found {index.shown()}, expected less than nodeCount, {count}"


def _time_scale(config: Config) -> Said:
    shortest_ns = min(intervals.ends(REPORT_INTERVAL.grain)[0] for intervals, _ in _intervals(config))
    if shortest_ns / config.time_scale < MILLISECOND:
        scaled = f"{format_duration(shortest_ns)} / {show_decimal(config.time_scale)}"
        yield "timeScale", f"the shortest interval is {scaled}, expected at least 1ms"


def _intervals(config: Config) -> list[tuple[Distribution, Timing]]:
    return [(each.report_interval, each.timing) for each in config.profiles] or [(config.report_interval, UNSAID)]


def _idle_phases(config: Config) -> Said:
    if config.phases and all(phase.rate.start == phase.rate.end == 0 for phase in config.phases):
        yield "phases", "every rate is 0, expected at least one above 0"


def _thresholds(config: Config) -> Said:
    yield from out_of_reach(config, synchronized=any(_is_synchronized(*each) for each in _intervals(config)))
    if config.no_verdict and config.abort_on_fail:
        yield "abortOnFail", "stops a run for a verdict that noVerdict leaves out; expected one of the two"


def _timing(config: Config, values: Any, nodes: Nodes) -> Said:
    """Who keeps time with whom."""
    if not values.profiles:
        yield from _timing_of(values.report_interval, UNSAID, nodes, "reportInterval")
    for number, (block, made) in enumerate(zip(values.profiles, config.profiles, strict=True)):
        path, around = f"profiles[{number}]", block.timing.within(UNSAID)
        own = block.report_interval
        at = f"{path}.reportInterval" if own else "reportInterval"
        yield from _timing_of(own or values.report_interval, around, nodes, at)
        if not around.synchronized and not _is_synchronized(made.report_interval, made.timing):
            yield from _idle_offset(nodes, path)


def _timing_of(intervals: Distribution, around: Timing, nodes: Nodes, path: str) -> Said:
    """What is wrong about how the VMs of these intervals keep time, which is `around` unless a bucket says otherwise."""
    has_buckets = f"{path}.buckets" in nodes
    if not has_buckets and around.synchronized and intervals.is_continuous:
        yield path, _NO_GRID
    for number, bucket in enumerate(intervals.buckets_of if has_buckets else ()):
        here, synchronized = f"{path}.buckets[{number}]", bucket.timing.within(around).synchronized
        if synchronized and bucket.value.is_continuous:
            yield here, _NO_GRID
        if not synchronized:
            yield from _idle_offset(nodes, here)


def _idle_offset(nodes: Nodes, path: str) -> Said:
    if offset := nodes.get(f"{path}.offset"):
        yield f"{path}.offset", f"found {offset.shown()} without synchronized, expected synchronized: true beside it"


def _is_synchronized(intervals: Distribution, timing: Timing) -> bool:
    """Whether some of the VMs are."""
    return bool(timing.synchronized) or any(bucket.timing.synchronized for bucket in intervals.buckets_of)


def _idle_keys(config: Config, nodes: Nodes) -> Said:
    """Keys that change nothing."""
    if "discoveredData" in nodes and config.report_format == "indexReport":
        yield "discoveredData", "has no effect: reportFormat indexReport has no room for it"
    if config.after_run == "wait" and config.metrics_port == 0:
        yield "afterRun", "nothing can be seen while it waits: metricsPort is 0"
    if config.no_verdict and config.max_lost is not None:
        yield "maxLost", "has no effect with noVerdict"
    if config.abort_on_fail and not config.thresholds:
        yield "abortOnFail", "has no effect without thresholds"
    elif config.abort_on_fail and 0 < config.duration_ns <= config.abort_grace_ns:
        ends = f"the run ends after {format_duration(config.duration_ns)}"
        yield "abortOnFail", f"has no effect: {ends}, and abortGrace is {format_duration(config.abort_grace_ns)}"
    for path in filter(_PROFILE_BUCKET_NAME.fullmatch, nodes):
        yield path, "has no effect: with profiles, packages and intervals are grouped by value over the whole fleet"
    if config.repeat_phases and not config.phases:
        yield "repeatPhases", "has no effect without phases"
    if config.phases and all(phase.vms.start == phase.vms.end == 0 for phase in config.phases):
        yield "phases", "no VM is ever switched on, so that nothing is due: raise vms"


def _in_step(config: Config) -> Said:
    """VMs that keep to the wall clock ignore a rate."""
    changed = [f"phases[{number}].rate" for number, phase in enumerate(config.phases) if phase.rate != _ONE]
    for path in changed[:1] if any(_is_synchronized(*each) for each in _intervals(config)) else ():
        yield path, "does not apply to the synchronized VMs, which keep to the wall clock; vms does"


def _cautions(distribution: Distribution, quantity: Quantity, nodes: Nodes, path: str) -> Said:
    """The warnings of a distribution, or of one in its buckets, at its place, with its values as written."""
    if path not in nodes:
        return
    for caution in distribution.cautions():
        written = {key: entry.text for key, entry in nodes[path].entries.items()}
        yield path, caution.format_map(distribution.show(quantity) | written)
    for number, bucket in enumerate(distribution.buckets_of):
        yield from _cautions(bucket.value, quantity, nodes, f"{path}.buckets[{number}].distribution")
