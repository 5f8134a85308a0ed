"""What keys demand of each other: percents that add up, older keys beside newer ones, a node within the node count."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic_core import PydanticCustomError

from vsock_loadgen.config.fleet_rules import check_fleet, check_fleet_tree
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.older_keys import check_older_keys
from vsock_loadgen.config.places import Finding, Findings
from vsock_loadgen.config.tree import Node
from vsock_loadgen.distributions.buckets import PERCENT
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.quantity import PACKAGES, REPORT_INTERVAL, Quantity
from vsock_loadgen.grammar.leaves import show_decimal
from vsock_loadgen.units import MILLISECOND, format_duration


def check_tree(section: Node, found: Findings) -> None:
    """Adds what can be said about the section whether or not its single values are valid."""
    found.errors += _uneven_shares(section, "")
    check_fleet_tree(section, found)
    check_older_keys(section, found)
    _check_node(section, found)


def _uneven_shares(node: Node, path: str) -> Iterator[Finding]:
    """Lists of shares of the fleet, wherever they stand, whose percents do not add up."""
    percents = [_percent(item.entries["percent"]) for item in node.items if "percent" in item.entries]
    valid = [percent for percent in percents if percent is not None]
    if valid and len(valid) == len(node.items) and sum(valid) != 100:
        yield Finding(node.place, path, f"percents add up to {show_decimal(sum(valid, Fraction(0)))}, expected 100")
    for key, below in node.entries.items():
        yield from _uneven_shares(below, f"{path}.{key}".removeprefix("."))
    for number, item in enumerate(node.items):
        yield from _uneven_shares(item, f"{path}[{number}]")


def _percent(node: Node) -> Fraction | None:
    try:
        return PERCENT.read(node.plain())
    except PydanticCustomError:
        return None


def _check_node(section: Node, found: Findings) -> None:
    index = section.entries.get("nodeIndex")
    count_node = section.entries.get("nodeCount")
    if index is None or not isinstance(index.value, int):
        return
    count = count_node.value if count_node else "auto"
    if count == "auto" and index.value > 0:
        found.errors.append(Finding(index.place, "nodeIndex", f"found {index.shown()}, expected nodeCount as well"))
    if isinstance(count, int) and index.value >= count >= 1:
        message = f"found {index.shown()}, expected less than nodeCount, {count}"
        found.errors.append(Finding(index.place, "nodeIndex", message))


def check_config(config: Config, values: Any, section: Node, found: Findings) -> None:
    """Adds what can only be said about a config whose values are all valid."""
    _check_time_scale(config, section, found)
    _check_abort(config, section, found)
    if "discoveredData" in section.entries and config.report_format == "indexReport":
        place = section.entries["discoveredData"].place
        found.warnings.append(Finding(place, "discoveredData", "has no effect: reportFormat indexReport has no room for it"))
    check_fleet(config, values, section, found)
    _check_threshold_phases(config, section, found)
    for name, quantity in {"packages": PACKAGES, "report_interval": REPORT_INTERVAL}.items():
        found.warnings += _cautions(getattr(values, name), quantity, section.entries.get(quantity.key), quantity.key)
        for number, block in enumerate(values.profiles):
            node = section.entries["profiles"].items[number].entries.get(quantity.key)
            found.warnings += _cautions(getattr(block, name), quantity, node, f"profiles[{number}].{quantity.key}")


def _check_time_scale(config: Config, section: Node, found: Findings) -> None:
    intervals = [profile.report_interval for profile in config.profiles] or [config.report_interval]
    shortest_ns = min(each.ends(REPORT_INTERVAL.grain)[0] for each in intervals)
    if shortest_ns / config.time_scale >= MILLISECOND:
        return
    scaled = f"{format_duration(shortest_ns)} / {show_decimal(config.time_scale)}"
    found.errors.append(
        Finding(section.entries["timeScale"].place, "timeScale", f"the shortest interval is {scaled}, expected at least 1ms")
    )


def _check_threshold_phases(config: Config, section: Node, found: Findings) -> None:
    """A threshold on a phase that there is not would fail every run."""
    names = [phase.name for phase in config.phases]
    for number, threshold in enumerate(config.thresholds):
        if threshold.phase and threshold.phase not in names:
            known = f"expected one of {', '.join(names)}" if names else "expected a phase of phases, and there are none"
            place = section.entries["thresholds"].items[number].place
            found.errors.append(Finding(place, f"thresholds[{number}]", f"there is no phase {threshold.phase}, {known}"))


def _check_abort(config: Config, section: Node, found: Findings) -> None:
    if not config.abort_on_fail or "abortOnFail" not in section.entries:
        return
    message = ""
    if not config.thresholds:
        message = "has no effect without thresholds"
    elif 0 < config.duration_ns <= config.abort_grace_ns:
        ends = f"the run ends after {format_duration(config.duration_ns)}"
        message = f"has no effect: {ends}, and abortGrace is {format_duration(config.abort_grace_ns)}"
    if message:
        found.warnings.append(Finding(section.entries["abortOnFail"].place, "abortOnFail", message))


def _cautions(distribution: Distribution, quantity: Quantity, node: Node | None, path: str) -> Iterator[Finding]:
    """What a distribution, or one in its buckets, warns of, where it was given; with its values as they were written."""
    if node is None:
        return
    for caution in distribution.cautions():
        written = {key: entry.text for key, entry in node.entries.items()}
        yield Finding(node.place, path, caution.format_map(distribution.show(quantity) | written))
    if "buckets" in node.entries:
        for number, (bucket, item) in enumerate(zip(distribution.buckets_of, node.entries["buckets"].items, strict=True)):
            below = f"{path}.buckets[{number}].distribution"
            yield from _cautions(bucket.value, quantity, item.entries.get("distribution"), below)
