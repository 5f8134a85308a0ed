"""Brings file, environment and flags together into one tree, the higher rank on top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vsock_loadgen.config.places import Finding, Findings, Override, Place, Rank, Source, closest, shorten
from vsock_loadgen.config.schema import KEYS, scalar_keys
from vsock_loadgen.config.tree import Node, UnreadableError, mapping_node, sequence_node
from vsock_loadgen.config.yaml_text import read_yaml
from vsock_loadgen.grammar.block import ENVIRONMENT_PREFIX
from vsock_loadgen.grammar.leaves import Grammar
from vsock_loadgen.inputs import InputError, name_of, read_input, text_of

ROOT_KEY = "loadgen"
OWN_PREFIX = "x-"
"""Prefix of keys at the top that belong to the user, as in compose files: a place for anchors."""
MOST_BYTES = 1_048_576
_NO_FILE: dict[type | None, str] = {
    FileNotFoundError: "no such file, expected a config file",
    IsADirectoryError: "is a directory, expected a config file",
}
_RESERVED = ("LOADGEN_CONFIG",)
_SEGMENT = re.compile(r"(p[0-9]+\.[0-9]+|[A-Za-z_][A-Za-z0-9_-]*)((?:\[[0-9]{1,6}\])*)(?:\.(?=.)|$)")
_GRAMMARS: dict[str | int, Grammar] = {key.name: key.takes for key in KEYS.values()}
_INDEX = re.compile(r"\[([0-9]+)\]")


def nearest(key: str, known: Iterable[str]) -> str:
    """`; did you mean X?` if a known key is close to this one, otherwise nothing."""
    close = closest(key, known)
    return f"; did you mean {close}?" if close else ""


def read_file(path: Path, known: Iterable[str], found: Findings, *, strict: bool) -> Node:
    """The mapping below `loadgen:` in a file. Raises UnreadableError."""
    source = Source(name_of(path), Rank.FILE)
    root, duplicates = read_yaml(_file_text(path, source), source)
    below = f"{ROOT_KEY}."
    found.errors += [replace(finding, path=finding.path.removeprefix(below)) for finding in duplicates]
    return _section(root, source, tuple(known), found, strict=strict)


def _file_text(path: Path, source: Source) -> str:
    try:
        return text_of(read_input(path, MOST_BYTES, f"larger than {MOST_BYTES:,} bytes, expected a config file"))
    except InputError as error:
        message = _NO_FILE.get(type(error.__cause__), str(error))
        raise UnreadableError(Place(source, error.line), message) from None


def _section(root: Node, source: Source, known: tuple[str, ...], found: Findings, *, strict: bool) -> Node:
    if root.value is None:
        raise UnreadableError(Place(source, 0), f"the file is empty, expected the key {ROOT_KEY}:")
    if not isinstance(root.value, Mapping):
        raise UnreadableError(root.place, f"found {root.shown()} at the top, expected the key {ROOT_KEY}:")
    if ROOT_KEY not in root.entries:
        stray = [key for key in root.entries if key in known][:3]
        hint = f"; {', '.join(stray)} at the top belong below it" if stray else _nearest_root(root.entries)
        raise UnreadableError(root.place, f"the key {ROOT_KEY}: is missing{hint}")
    severity = found.errors if strict else found.warnings
    for key, node in root.entries.items():
        if key != ROOT_KEY and not key.startswith(OWN_PREFIX):
            hint = f"; it belongs below {ROOT_KEY}:" if key in known else ""
            severity.append(Finding(node.place, shorten(key), f"unknown key beside {ROOT_KEY}:, ignored{hint}"))
    section = root.entries[ROOT_KEY]
    if section.value is None:
        return mapping_node(section.place, {})
    if not isinstance(section.value, Mapping):
        raise UnreadableError(section.place, f"{ROOT_KEY}: found {section.shown()}, expected a block of keys")
    return section


def _nearest_root(keys: Iterable[str]) -> str:
    """A hint if a key at the top is a misspelt `loadgen`."""
    close = closest(ROOT_KEY, (key[:100].lower() for key in keys), 0.75)
    return f"; is {close} a misspelling of it?" if close else ""


def with_environment(section: Node, environment: Mapping[str, str], found: Findings, *, strict: bool) -> Node:
    """The section with every `LOADGEN_*` variable in it. An empty variable counts as unset."""
    by_name = {key.environment: key for key in scalar_keys()}
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX) or name in _RESERVED or not environment[name]:
            continue
        place = Place(Source(shorten(name), Rank.ENVIRONMENT), 0)
        if name not in by_name:
            severity = found.errors if strict else found.warnings
            severity.append(Finding(place, "", f"unknown variable, ignored{nearest(name, by_name)}"))
            continue
        section = _put_text(section, (by_name[name].name,), environment[name], place, found)
    return section


def with_overrides(section: Node, overrides: Sequence[Override], found: Findings) -> Node:
    """The section with every value from the command line in it, later ones over earlier ones."""
    for override in overrides:
        place = Place(Source(shorten(override.where, 80), Rank.FLAG), 0)
        segments = _segments(override.path)
        if segments is None:
            message = f"found the path {shorten(override.path)!r}, expected one like packages.buckets[0].percent"
            found.errors.append(Finding(place, "", message))
            continue
        section = _put_text(section, segments, override.text, place, found)
    return section


def _segments(path: str) -> tuple[str | int, ...] | None:
    segments: list[str | int] = []
    position = 0
    while position < len(path) <= 500:
        match = _SEGMENT.match(path, position)
        if match is None:
            return None
        segments.append(match[1])
        segments += [int(index) for index in _INDEX.findall(match[2])]
        position = match.end()
    return tuple(segments) or None


def path_text(segments: Iterable[str | int]) -> str:
    """Segments as a path for people: `packages.buckets[1].percent`."""
    text = ""
    for segment in segments:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{shorten(segment)}" if text else shorten(segment)
    return text


def _put_text(section: Node, segments: tuple[str | int, ...], text: str, place: Place, found: Findings) -> Node:
    """The section with a value read from `text` at a path; unchanged, with one more finding, if that cannot be done."""
    try:
        value, duplicates = _read_value(text, segments, place.source)
        found.errors += duplicates
        return _put(section, segments, value, ())
    except UnreadableError as error:
        found.errors.append(Finding(place, path_text(segments), error.finding.message))
        return section


def _read_value(text: str, segments: tuple[str | int, ...], source: Source) -> tuple[Node, list[Finding]]:
    is_text = _kind(segments) == "text"
    verbatim = Node(Place(source, 0), text, text)
    try:
        node, duplicates = read_yaml(text, source)
    except UnreadableError:
        if is_text:
            return verbatim, []
        raise
    # a shell has taken one pair of quotes off already: for a key that takes a text, `::` and `700` are texts
    return (node, duplicates) if not is_text or isinstance(node.value, str) else (verbatim, [])


def _kind(segments: tuple[str | int, ...]) -> str | None:
    takes = _GRAMMARS.get(segments[0])
    if takes and len(segments) == 2:
        takes = takes.under(segments[1])
    return takes.scalar.kind if takes and takes.scalar and len(segments) < 3 else None


def _put(node: Node, segments: Sequence[str | int], value: Node, before: tuple[str | int, ...]) -> Node:
    """The tree with `value` at a path below `node`. Missing blocks are made, a list grows by its next item."""
    if not segments:
        return value
    segment, rest = segments[0], segments[1:]
    here = (*before, segment)
    if isinstance(segment, str):
        if not isinstance(node.value, Mapping):
            raise UnreadableError(value.place, f"{path_text(before)} is {node.shown()}, expected a block of keys there")
        child = node.entries.get(segment) or _empty(rest, value.place)
        return mapping_node(node.place, {**node.entries, segment: _put(child, rest, value, here)})
    if not isinstance(node.value, tuple):
        raise UnreadableError(value.place, f"{path_text(before)} is {node.shown()}, expected a list there")
    if segment > len(node.items):
        raise UnreadableError(value.place, f"{path_text(before)} has {len(node.items)} entries, expected one of these or the next")
    items = list(node.items) + [_empty(rest, value.place)] * (segment == len(node.items))
    items[segment] = _put(items[segment], rest, value, here)
    return sequence_node(node.place, tuple(items))


def _empty(rest: Sequence[str | int], place: Place) -> Node:
    """The container that a path with the steps `rest` needs."""
    return sequence_node(place, ()) if rest and isinstance(rest[0], int) else mapping_node(place, {})
