"""Loads a config: file, environment and flags in, one frozen Config out, or every problem at once with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vsock_loadgen.config.messages import finding_of
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.older_keys import translated, without_outranked
from vsock_loadgen.config.places import Finding, Findings, Override, Place, Rank, Source, ordered_problems, shorten
from vsock_loadgen.config.profiles import intervals_within, profiles_of
from vsock_loadgen.config.rules import check_config, check_tree
from vsock_loadgen.config.schema import KEYS, NEWER, section_model
from vsock_loadgen.config.sources import nearest, read_file, with_environment, with_overrides
from vsock_loadgen.config.tree import Node, UnreadableError, mapping_node
from vsock_loadgen.distributions.timing import UNSAID
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.grammar.block import shown
from vsock_loadgen.inputs import STDIN

__all__ = ["Loaded", "Override", "load"]

_KEYS = tuple(key.name for key in KEYS.values())
_OF_PROFILES = ("packages", "report_interval")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid config, and its warnings."""

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
        raise ConfigError(ordered_problems(found.errors + found.warnings))
    config = _config(values, section, found)
    check_config(config, values, section, found)
    if found.errors:
        raise ConfigError(ordered_problems(found.errors + found.warnings))
    places = {path: str(node.place) for path, node in section.walk()}
    return Loaded(replace(config, effective=effective(config), places=places), ordered_problems(found.warnings))


def _file_section(path: Path | None, found: Findings, *, strict: bool) -> Node:
    if path is None:
        return mapping_node(Place(Source("defaults", Rank.FILE), 0), {})
    return read_file(path, _KEYS, found, strict=strict)


def _known_keys(section: Node, found: Findings, *, strict: bool) -> Node:
    """The section without unknown keys. The predecessor ignored them in a file; on the command line they are mistakes."""
    known = {}
    for key, node in section.entries.items():
        if key in _KEYS:
            known[key] = node
            continue
        is_error = strict or node.place.source.rank is Rank.FLAG
        message = f"unknown key{'' if is_error else ', ignored'}{nearest(key, _KEYS)}"
        (found.errors if is_error else found.warnings).append(Finding(node.place, shorten(key), message))
    return mapping_node(section.place, known)


def _validate(section: Node, found: Findings) -> Any:
    try:
        return section_model().model_validate(section.plain())
    except ValidationError as error:
        found.errors += [finding_of(each, section) for each in error.errors(include_url=False, include_input=False)]
        return None


def _config(values: Any, section: Node, found: Findings) -> Config:
    made = translated(dict(values), section, found)
    profiles = profiles_of(values.profiles, made["packages"], values.report_interval)
    # what profiles do not use, or have taken over, keeps its default
    for name in _OF_PROFILES if profiles else ():
        made[name] = NEWER[name].default
    made |= {
        "profiles": profiles,
        "report_interval": intervals_within(made["report_interval"], UNSAID)[0],
        "package_catalog": catalogue_path(values.package_catalog, section.entries.get("packageCatalog")),
    }
    return Config(**made)


def catalogue_path(written: str | None, node: Node | None) -> str | None:
    """The absolute path of a catalogue: one in a config file is relative to that file, any other to the working directory; stdin
    as it is."""
    if written is None or node is None or Path(written) == STDIN:
        return written
    source = node.place.source
    folder = Path(source.name).parent if source.rank is Rank.FILE else Path()
    return str((folder / written).absolute())


def effective(config: Config) -> dict[str, object]:
    """The config as plain JSON values under the keys of the file, complete, older keys translated."""
    return shown({name: key for name, key in NEWER.items() if not (config.profiles and name in _OF_PROFILES)}, config)
