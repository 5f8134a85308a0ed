"""Loads a config: file, environment and flags in, one frozen Config out, or every problem at once with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from vsock_loadgen.config.address import VSOCK_CID_LOCAL, Address, VsockAddress
from vsock_loadgen.config.content import catalogue_path
from vsock_loadgen.config.messages import finding_of
from vsock_loadgen.config.model import Config, DiscoveredData, Limits
from vsock_loadgen.config.phases import phases_of
from vsock_loadgen.config.places import Finding, Place, Rank, Source, ordered_problems, shorten
from vsock_loadgen.config.profiles import intervals_within, profiles_of
from vsock_loadgen.config.reconcile import template_of
from vsock_loadgen.config.rules import check_config, check_tree, packages_of, without_outranked
from vsock_loadgen.config.schema import show_value
from vsock_loadgen.config.section import DEFAULTS, Section
from vsock_loadgen.config.sources import Findings, Override, nearest, read_file, with_environment, with_overrides
from vsock_loadgen.config.tree import Node, UnreadableError, mapping_node
from vsock_loadgen.distributions.timing import UNSAID
from vsock_loadgen.errors import ConfigError, Problem

__all__ = ["Loaded", "Override", "load"]

_KEYS = tuple(to_camel(name) for name in Section.model_fields)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid config, and what is worth saying about it."""

    config: Config
    warnings: tuple[Problem, ...]


def load(
    path: Path | None,
    *,
    environment: Mapping[str, str],
    overrides: Sequence[Override] = (),
    strict: bool = False,
) -> Loaded:
    """The config of a file (None: no file) with `LOADGEN_*` variables and flags on top of it.

    `strict` makes unknown keys and variables errors. Raises ConfigError with every problem, in the order of the file.
    """
    found = Findings([], [])
    try:
        section = _file_section(path, found, strict=strict)
    except UnreadableError as error:
        raise ConfigError(ordered_problems([error.finding, *found.errors])) from None
    section = with_environment(section, environment, found, strict=strict)
    section = with_overrides(section, overrides, found)
    section = without_outranked(_known_keys(section, found, strict=strict))
    check_tree(section, found)
    values = _validate(section, found)
    if values is None or found.errors:
        raise ConfigError(ordered_problems(found.errors))
    config = _config(values, section)
    check_config(config, values, section, found)
    if found.errors:
        raise ConfigError(ordered_problems(found.errors))
    return Loaded(replace(config, effective=effective(config)), ordered_problems(found.warnings))


def _file_section(path: Path | None, found: Findings, *, strict: bool) -> Node:
    if path is None:
        return mapping_node(Place(Source("defaults", Rank.FILE), 0), {})
    return read_file(path, _KEYS, found, strict=strict)


def _known_keys(section: Node, found: Findings, *, strict: bool) -> Node:
    """The section without unknown keys. Older tools ignored them in a file; on the command line they are mistakes."""
    known = {}
    for key, node in section.entries.items():
        if key in _KEYS:
            known[key] = node
            continue
        is_error = strict or node.place.source.rank is Rank.FLAG
        message = f"unknown key{'' if is_error else ', ignored'}{nearest(key, _KEYS)}"
        (found.errors if is_error else found.warnings).append(Finding(node.place, shorten(key), message))
    return mapping_node(section.place, known)


def _validate(section: Node, found: Findings) -> Section | None:
    try:
        return Section.model_validate(section.plain())
    except ValidationError as error:
        found.errors += [finding_of(each, section) for each in error.errors(include_url=False, include_input=False)]
        return None


def _config(values: Section, section: Node) -> Config:
    profiles = profiles_of(values.profiles, packages_of(values), values.report_interval)
    return Config(
        vm_count=values.vm_count,
        # what profiles have no use for, or have taken over, is left as it is by default
        packages=DEFAULTS.packages if profiles else packages_of(values),
        report_interval=DEFAULTS.report_interval if profiles else intervals_within(values.report_interval, UNSAID)[0],
        jitter=values.jitter,
        profiles=profiles,
        phases=phases_of(values.phases),
        repeat_phases=values.repeat_phases,
        start_at_ns=values.start_at,
        seed=values.seed,
        report_format=values.report_format,
        package_sets=values.package_sets,
        specific_package=values.specific_package,
        package_catalog=catalogue_path(values.package_catalog, section.entries.get("packageCatalog")),
        discovered_data=DiscoveredData(**dict(values.discovered_data)),
        cids=values.cids,
        limits=Limits(**dict(values.limits)),
        target=_target(values),
        delivery=values.delivery,
        request_timeout_ns=values.request_timeout,
        duration_ns=values.duration,
        time_scale=values.time_scale,
        stats_interval_ns=values.stats_interval,
        metrics_port=values.metrics_port,
        metrics_address=values.metrics_address,
        after_run=values.after_run,
        node_index=values.node_index,
        node_count=values.node_count,
        workers=values.workers,
        lag_limit_ns=values.lag_limit,
        log_format=values.log_format,
        reconcile_url=template_of(values.reconcile),
        thresholds=tuple(values.thresholds),
        abort_on_fail=values.abort_on_fail,
        abort_grace_ns=values.abort_grace,
    )


def _target(values: Section) -> Address:
    is_by_port = "port" in values.model_fields_set and "target" not in values.model_fields_set
    return VsockAddress(VSOCK_CID_LOCAL, values.port) if is_by_port else values.target


_RENAMED = {
    "request_timeout": "request_timeout_ns",
    "duration": "duration_ns",
    "stats_interval": "stats_interval_ns",
    "lag_limit": "lag_limit_ns",
    "start_at": "start_at_ns",
    "reconcile": "reconcile_url",
    "abort_grace": "abort_grace_ns",
}
_TRANSLATED = ("num_packages", "payload_size", "num_repositories", "port")


def effective(config: Config) -> dict[str, object]:
    """The config as plain JSON values under the keys of the file, complete, older keys translated."""
    shown: dict[str, object] = {}
    for name in Section.model_fields:
        if name in _TRANSLATED or (config.profiles and name in ("packages", "report_interval")):
            continue
        shown[to_camel(name)] = show_value(name, getattr(config, _RENAMED.get(name, name)))
    return shown
