"""What keys demand of each other: percents that add up, older keys beside newer ones, a node within the node count."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vsock_loadgen.config.address import VsockAddress
from vsock_loadgen.config.blocks import PERCENT, distribution_of
from vsock_loadgen.config.fleet_rules import check_fleet, check_fleet_tree, position
from vsock_loadgen.config.leaves import exact_number, show_decimal
from vsock_loadgen.config.model import Config, Distribution, Normal, Percentile, Scalar
from vsock_loadgen.config.places import Finding
from vsock_loadgen.config.section import PACKAGE_KEYS, PAYLOAD_SIZES, Section
from vsock_loadgen.config.sources import Findings, highest_rank
from vsock_loadgen.config.tree import Node, mapping_node
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration


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
    if "profiles" in section.entries:
        found.errors += _uneven_profiles(section.entries["profiles"])
    check_fleet_tree(section, found)
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
    yield from _uneven_shares(buckets, here)
    for index, bucket in enumerate(buckets.items):
        if "distribution" in bucket.entries:
            yield from _uneven_percents(bucket.entries["distribution"], f"{here}[{index}].distribution")


def _uneven_shares(items: Node, path: str) -> Iterator[Finding]:
    percents = [exact_number(item.entries["percent"].value) for item in items.items if "percent" in item.entries]
    valid = [percent for percent in percents if percent is not None and PERCENT.least < percent <= PERCENT.most]
    if valid and len(valid) == len(items.items) and sum(valid) != 100:
        total = show_decimal(sum(valid, Fraction(0)))
        yield Finding(items.place, path, f"percents add up to {total}, expected 100")


def _uneven_profiles(profiles: Node) -> Iterator[Finding]:
    yield from _uneven_shares(profiles, "profiles")
    for number, profile in enumerate(profiles.items):
        for key in ("packages", "reportInterval"):
            if key in profile.entries:
                yield from _uneven_percents(profile.entries[key], f"profiles[{number}].{key}")


def _check_package_keys(section: Node, found: Findings) -> None:
    given = {key: section.entries[key] for key in PACKAGE_KEYS if key in section.entries}
    block = given.get("packages")
    if block is not None and block.entries:
        for key in ("numPackages", "payloadSize"):
            if key in given:
                message = f"stands beside a block of packages ({position(block.place)}), expected only one of them"
                found.errors.append(Finding(given[key].place, key, message))
        return
    if len(given) < 2:
        return
    winner = next(iter(given))
    for key, node in given.items():
        if _packages(key, node) != _packages(winner, given[winner]):
            message = f"{node.shown()} is ignored: {winner} {given[winner].shown()} ({position(given[winner].place)}) wins"
            found.warnings.append(Finding(node.place, key, message))


def _packages(key: str, node: Node) -> object:
    return PAYLOAD_SIZES.get(node.text) if key == "payloadSize" else node.value


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


def packages_of(values: Section) -> Distribution:
    """The packages of validated values, of the top level, whichever key says them."""
    decisive = next((key for key, name in PACKAGE_KEYS.items() if name in values.model_fields_set), "packages")
    if decisive == "packages":
        return distribution_of(values.packages)
    return Scalar(values.num_packages if decisive == "numPackages" else PAYLOAD_SIZES[values.payload_size])


def check_config(config: Config, values: Section, section: Node, found: Findings) -> None:
    """Adds what can only be said about a config whose values are all valid."""
    if {"port", "target"} <= values.model_fields_set and not (
        isinstance(config.target, VsockAddress) and config.target.port == values.port
    ):
        place = section.entries["port"].place
        found.warnings.append(Finding(place, "port", f"{values.port} is ignored: target {config.target} wins"))
    _check_time_scale(config, section, found)
    _check_abort(config, section, found)
    if "discoveredData" in section.entries and config.report_format == "indexReport":
        place = section.entries["discoveredData"].place
        found.warnings.append(Finding(place, "discoveredData", "has no effect: reportFormat indexReport has no room for it"))
    check_fleet(config, values, section, found)
    _check_threshold_phases(config, section, found)
    for key, distribution in (("packages", packages_of(values)), ("reportInterval", distribution_of(values.report_interval))):
        if key in section.entries:
            found.warnings += _outlying_means(distribution, section.entries[key], key)
    for number, block in enumerate(values.profiles):
        node = section.entries["profiles"].items[number]
        for key, read in (("packages", block.packages), ("reportInterval", block.report_interval)):
            if key in node.entries:
                found.warnings += _outlying_means(distribution_of(read), node.entries[key], f"profiles[{number}].{key}")


def _check_time_scale(config: Config, section: Node, found: Findings) -> None:
    shortest_ns = min(map(_shortest_ns, [profile.report_interval for profile in config.profiles] or [config.report_interval]))
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
