"""What profiles, synchronised VMs and phases of load demand of each other and of the keys beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from vsock_loadgen.config.blocks import Level
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.older_keys import PACKAGE_KEYS
from vsock_loadgen.config.places import Finding, Findings, Place, position
from vsock_loadgen.config.tree import Node
from vsock_loadgen.distributions.kind import Distribution
from vsock_loadgen.distributions.timing import TIMING, UNSAID, Timing

_ONE = Fraction(1)
_DEFAULTS = {"packages": PACKAGE_KEYS, "reportInterval": ("reportInterval",)}
"""The keys of a profile that it may leave to the top level, with those that say it there."""


def check_fleet_tree(section: Node, found: Findings) -> None:
    """Adds what can be said about profiles and phases whether or not their single values are valid."""
    for key in ("profiles", "phases"):
        if key in section.entries:
            found.errors += _repeated_names(section.entries[key], key)
    profiles = [item for item in section.entries["profiles"].items if item.entries] if "profiles" in section.entries else []
    if profiles:
        for attribute, keys in _DEFAULTS.items():
            found.errors += _attribute_findings(section, attribute, keys)
    for attribute in ("packages", "reportInterval"):
        if attribute in section.entries:
            found.errors += _hidden_timing(section.entries[attribute], attribute)
        for number, profile in enumerate(profiles):
            if attribute in profile.entries:
                found.errors += _hidden_timing(profile.entries[attribute], f"profiles[{number}].{attribute}")


def _repeated_names(items: Node, path: str) -> Iterator[Finding]:
    first: dict[str, Place] = {}
    for number, item in enumerate(items.items):
        name = item.entries.get("name")
        if name is None or not isinstance(name.value, str):
            continue
        if name.value in first:
            message = f"found {name.shown()} again (first: {position(first[name.value])}), expected each name once"
            yield Finding(name.place, f"{path}[{number}].name", message)
        first.setdefault(name.value, name.place)


def _attribute_findings(section: Node, attribute: str, keys: Sequence[str]) -> Iterator[Finding]:
    """An attribute comes from each profile, or from the top level for those that leave it out; the top level says nothing idle."""
    profiles = section.entries["profiles"].items
    given = [key for key in keys if key in section.entries]
    without = [number for number, profile in enumerate(profiles) if profile.entries and attribute not in profile.entries]
    if without and not given:
        for number in without:
            message = f"missing; expected it here, or {attribute} at the top level for all profiles without"
            yield Finding(profiles[number].place, f"profiles[{number}].{attribute}", message)
    if not without:
        for key in given:
            message = (
                f"has no effect: every profile has {attribute} of its own; expected it to be left out, "
                f"or a profile without, or profiles[0].{attribute} to be set instead"
            )
            yield Finding(section.entries[key].place, key, message)


def _hidden_timing(node: Node, path: str, depth: int = 0) -> Iterator[Finding]:
    """Buckets within a bucket's distribution only have values: how VMs keep time is said by the outermost bucket."""
    buckets = node.entries.get("buckets")
    for number, bucket in enumerate(buckets.items if buckets else ()):
        here = f"{path}.buckets[{number}]"
        for key in TIMING if depth else ():
            if key in bucket.entries:
                message = "stands in a bucket inside a bucket, expected in the outermost bucket or in the profile"
                yield Finding(bucket.entries[key].place, f"{here}.{key}", message)
        if "distribution" in bucket.entries:
            yield from _hidden_timing(bucket.entries["distribution"], f"{here}.distribution", depth + 1)


def check_fleet(config: Config, values: Any, section: Node, found: Findings) -> None:
    """Adds what can only be said about valid values: who keeps time with whom, and what phases do to them."""
    if not values.profiles:
        found.errors += _timing_findings(values.report_interval, UNSAID, section.entries.get("reportInterval"), "reportInterval")
    for number, profile in enumerate(values.profiles):
        node, path = section.entries["profiles"].items[number], f"profiles[{number}]"
        around = profile.timing.within(UNSAID)
        if profile.report_interval is None:
            at_top = section.entries.get("reportInterval", section)
            found.errors += _timing_findings(values.report_interval, around, at_top, "reportInterval")
        else:
            here = f"{path}.reportInterval"
            found.errors += _timing_findings(profile.report_interval, around, node.entries["reportInterval"], here)
        made = config.profiles[number]
        in_step = around.synchronized or _is_synchronized(made.report_interval, made.timing)
        if "offset" in node.entries and not in_step:
            found.errors.append(_idle_offset(node, path))
    _check_phases(config, section, found)


def _timing_findings(intervals: Distribution, around: Timing, node: Node | None, path: str) -> Iterator[Finding]:
    """What is wrong about how the VMs of these intervals keep time, which is `around` where no bucket says otherwise."""
    if node is None:
        return
    buckets = node.entries["buckets"].items if "buckets" in node.entries else ()
    if not buckets and around.synchronized and intervals.is_continuous:
        yield _no_grid(node, path)
    for number, item in enumerate(buckets):
        bucket, here = intervals.buckets_of[number], f"{path}.buckets[{number}]"
        synchronized = bucket.timing.within(around).synchronized
        if synchronized and bucket.value.is_continuous:
            yield _no_grid(item, here)
        if "offset" in item.entries and not synchronized:
            yield _idle_offset(item, here)


def _no_grid(node: Node, path: str) -> Finding:
    message = "synchronized VMs need a common interval; found a distribution that gives every VM its own, expected values"
    return Finding(node.place, path, message)


def _idle_offset(node: Node, path: str) -> Finding:
    offset = node.entries["offset"]
    message = f"found {offset.shown()} without synchronized, expected synchronized: true beside it"
    return Finding(offset.place, f"{path}.offset", message)


def _is_synchronized(intervals: Distribution, timing: Timing) -> bool:
    """Whether some of the VMs are."""
    return bool(timing.synchronized) or any(bucket.timing.synchronized for bucket in intervals.buckets_of)


def _check_phases(config: Config, section: Node, found: Findings) -> None:
    if not config.phases:
        if config.repeat_phases:
            found.warnings.append(Finding(section.entries["repeatPhases"].place, "repeatPhases", "has no effect without phases"))
        return
    place = section.entries["phases"].place
    if all(phase.rate.start == phase.rate.end == 0 for phase in config.phases):
        found.errors.append(Finding(place, "phases", "every rate is 0, expected at least one above 0"))
    if all(phase.vms.start == phase.vms.end == 0 for phase in config.phases):
        found.warnings.append(Finding(place, "phases", "no VM is ever switched on, so that nothing is due: raise vms"))
    in_step = any(
        _is_synchronized(intervals, timing)
        for intervals, timing in (
            [(profile.report_interval, profile.timing) for profile in config.profiles] or [(config.report_interval, UNSAID)]
        )
    )
    changed = next((n for n, phase in enumerate(config.phases) if phase.rate != Level(_ONE, _ONE)), None)
    if in_step and changed is not None:
        node = section.entries["phases"].items[changed].entries["rate"]
        message = "does not apply to the synchronized VMs, which keep to the wall clock; vms does"
        found.warnings.append(Finding(node.place, f"phases[{changed}].rate", message))
