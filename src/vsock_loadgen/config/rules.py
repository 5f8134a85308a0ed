"""What keys demand of each other: percents that add up, older keys beside newer ones, a node within the node count."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vsock_loadgen.config.address import VsockAddress
from vsock_loadgen.config.blocks import PERCENT
from vsock_loadgen.config.leaves import exact_number, show_decimal
from vsock_loadgen.config.model import Config, Distribution, Normal, Percentile, Scalar
from vsock_loadgen.config.places import Finding, Place
from vsock_loadgen.config.section import DEFAULTS, PAYLOAD_SIZES, Section
from vsock_loadgen.config.sources import Findings, highest_rank
from vsock_loadgen.config.tree import Node, mapping_node
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration

PACKAGE_KEYS = {"numPackages": "num_packages", "packages": "packages", "payloadSize": "payload_size"}
"""The keys that say how many packages a report has; where several have a plain number, the first wins. With their fields."""


def without_outranked(section: Node) -> Node:
    """The section without those package keys that one from a higher rank replaces: a flag beats whatever the file says."""
    ranks = {key: highest_rank(section.entries[key]) for key in PACKAGE_KEYS if key in section.entries}
    outranked = [key for key, rank in ranks.items() if rank < max(ranks.values())]
    kept = {key: node for key, node in section.entries.items() if key not in outranked}
    return mapping_node(section.place, kept)


def check_tree(section: Node, found: Findings) -> None:
    """Adds what can be said about the section whether or not its single values are valid."""
    for key in ("packages", "reportInterval"):
        if key in section.entries:
            found.errors += _uneven_percents(section.entries[key], key)
    _check_package_keys(section, found)
    _check_node(section, found)
    if "numRepositories" in section.entries:
        place = section.entries["numRepositories"].place
        found.warnings.append(Finding(place, "numRepositories", "has no effect: every report has complete repositories"))


def _uneven_percents(node: Node, path: str) -> Iterator[Finding]:
    buckets = node.entries.get("buckets")
    if buckets is None:
        return
    here = f"{path}.buckets"
    percents = [exact_number(bucket.entries["percent"].value) for bucket in buckets.items if "percent" in bucket.entries]
    valid = [percent for percent in percents if percent is not None and PERCENT.least < percent <= PERCENT.most]
    if valid and len(valid) == len(buckets.items) and sum(valid) != 100:
        total = show_decimal(sum(valid, Fraction(0)))
        yield Finding(buckets.place, here, f"percents add up to {total}, expected 100")
    for index, bucket in enumerate(buckets.items):
        if "distribution" in bucket.entries:
            yield from _uneven_percents(bucket.entries["distribution"], f"{here}[{index}].distribution")


def _check_package_keys(section: Node, found: Findings) -> None:
    given = {key: section.entries[key] for key in PACKAGE_KEYS if key in section.entries}
    block = given.get("packages")
    if block is not None and block.entries:
        for key in ("numPackages", "payloadSize"):
            if key in given:
                message = f"stands beside a block of packages ({_position(block.place)}), expected only one of them"
                found.errors.append(Finding(given[key].place, key, message))
        return
    if len(given) < 2:
        return
    winner = next(iter(given))
    for key, node in given.items():
        if _packages(key, node) != _packages(winner, given[winner]):
            message = f"{node.shown()} is ignored: {winner} {given[winner].shown()} ({_position(given[winner].place)}) wins"
            found.warnings.append(Finding(node.place, key, message))


def _packages(key: str, node: Node) -> object:
    return PAYLOAD_SIZES.get(node.text) if key == "payloadSize" else node.value


def _position(place: Place) -> str:
    is_in_file = str(place) != place.source.name
    return f"line {place.line}" if is_in_file else place.source.name


def _check_node(section: Node, found: Findings) -> None:
    index = section.entries.get("nodeIndex")
    count_node = section.entries.get("nodeCount")
    count = count_node.value if count_node else DEFAULTS.node_count
    if index is None or not isinstance(index.value, int) or not isinstance(count, int):
        return
    if index.value >= count >= 1:
        message = f"found {index.shown()}, expected less than nodeCount, {count}"
        found.errors.append(Finding(index.place, "nodeIndex", message))


def packages_read(values: Section) -> str:
    """The key that decides the number of packages in validated values."""
    return next((key for key, name in PACKAGE_KEYS.items() if name in values.model_fields_set), "packages")


def check_config(config: Config, values: Section, section: Node, found: Findings) -> None:
    """Adds what can only be said about a config whose values are all valid."""
    if {"port", "target"} <= values.model_fields_set and not (
        isinstance(config.target, VsockAddress) and config.target.port == values.port
    ):
        place = section.entries["port"].place
        found.warnings.append(Finding(place, "port", f"{values.port} is ignored: target {config.target} wins"))
    _check_time_scale(config, section, found)
    for key, distribution in (("packages", config.packages), ("reportInterval", config.report_interval)):
        if key in section.entries:
            found.warnings += _outlying_means(distribution, section.entries[key], key)


def _check_time_scale(config: Config, section: Node, found: Findings) -> None:
    shortest_ns = _shortest_ns(config.report_interval)
    if shortest_ns / config.time_scale >= MILLISECOND:
        return
    scaled = f"{format_duration(shortest_ns)} / {show_decimal(config.time_scale)}"
    found.errors.append(
        Finding(section.entries["timeScale"].place, "timeScale", f"the shortest interval is {scaled}, expected at least 1ms")
    )


def _shortest_ns(intervals: Distribution) -> int:
    """The shortest interval that a VM may get; a sampled one is at least 1 s."""
    if isinstance(intervals, Scalar):
        return intervals.value
    if isinstance(intervals, Percentile):
        return min(b.value if isinstance(b.value, int) else _shortest_ns(b.value) for b in intervals.buckets)
    lowest = intervals.minimum if isinstance(intervals, Normal) else intervals.points[0][1]
    return max(int(lowest), SECOND)


def _outlying_means(distribution: Distribution, node: Node, path: str) -> Iterator[Finding]:
    """A mean beyond an end is legal, since older files may have it, but then half the fleet sits on that end."""
    if isinstance(distribution, Normal) and not distribution.minimum <= distribution.mean <= distribution.maximum:
        shown = ", ".join(f"{key} {node.entries[key].text}" for key in ("mean", "min", "max"))
        yield Finding(node.place, path, f"the mean is not between min and max ({shown}): most VMs get one of the ends")
    if isinstance(distribution, Percentile):
        for index, (bucket, item) in enumerate(zip(distribution.buckets, node.entries["buckets"].items, strict=True)):
            if not isinstance(bucket.value, int):
                below = f"{path}.buckets[{index}].distribution"
                yield from _outlying_means(bucket.value, item.entries["distribution"], below)
