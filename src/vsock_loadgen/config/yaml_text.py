"""A YAML text becomes a tree.

Built from ruamel.yaml's event stream instead of its node graph, so that depth and size are bounded while reading and not
after: a text that would expand to millions of nodes costs no more than the few that are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from vsock_loadgen.config.places import Finding, Place, Source, shorten
from vsock_loadgen.config.tree import Node, UnreadableError, mapping_node, sequence_node
from vsock_loadgen.grammar.scalars import resolve

MOST_NODES = 10_000
MOST_DEPTH = 32
LONGEST_LINE = 65_536  # the scanner takes quadratic time over a tag, and a tag ends with its line
_CORE = "tag:yaml.org,2002:"
_TEXT_TAGS = ("!", _CORE + "str")
_PLAIN_TAGS = (None, _CORE + "int", _CORE + "float", _CORE + "bool", _CORE + "null")


def read_yaml(text: str, source: Source) -> tuple[Node, list[Finding]]:
    """The root of the one document in `text`, and the duplicate keys found in it (the first of each is kept).

    An empty document is a node without a value. Raises UnreadableError.
    """
    _refuse_long_lines(text, source)
    reader = _TreeReader(source, _events(text, source))
    return reader.document(), reader.findings


def _refuse_long_lines(text: str, source: Source) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            place = Place(source, number)
            raise UnreadableError(place, f"the line has {len(line):,} characters, expected at most {LONGEST_LINE:,}")


def _events(text: str, source: Source) -> Iterator[Any]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # an error "at" the line after the last one is about the last one, as an editor shows it
        line = min(mark.line + 1 if mark else 1, max(1, len(text.splitlines())))
        raise UnreadableError(Place(source, line), _one_line(_fault(error, line))) from None
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        character = f"U+{ord(text[position]):04X}" if position < len(text) else "a character"
        raise UnreadableError(Place(source, line), f"not valid YAML: found {character}, which YAML forbids") from None
    except (ValueError, IndexError, AttributeError, AssertionError, TypeError, KeyError, OverflowError):
        # these two reach code in the library that does not expect them and has no line
        raise UnreadableError(Place(source, 0), "not valid YAML: an escape sequence or a directive is malformed") from None


def _fault(error: MarkedYAMLError, line: int) -> str:
    """What is wrong with a text, in a line of it."""
    if "'\\t'" in (error.problem or ""):
        return "found a tab, expected spaces"
    began = error.context_mark.line + 1 if error.context_mark else line
    context = f"{error.context} that begins in line {began}" if error.context and began < line else error.context
    return ": ".join(part for part in ("not valid YAML", context, error.problem) if part)


def _one_line(text: str) -> str:
    return shorten(" ".join(text.split()), 140)


@dataclass(slots=True)
class _TreeReader:
    """Builds the tree of one document from its events, and stops at the first bound that is exceeded."""

    source: Source
    events: Iterator[Any]
    findings: list[Finding] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> Node:
        empty = Node(Place(self.source, 1), None)
        for event in self.events:
            if isinstance(event, StreamEndEvent):
                return empty
            if isinstance(event, DocumentStartEvent):
                break
        root = self.node(next(self.events), depth=1, path="")
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, StreamEndEvent):
            raise UnreadableError(self.place(after), "a second YAML document begins here, expected only one")
        return root

    def place(self, event: Any) -> Place:
        return Place(self.source, event.start_mark.line + 1)

    def node(self, event: Any, depth: int, path: str) -> Node:
        place = self.place(event)
        if isinstance(event, AliasEvent):
            return self.alias(event, place, depth)
        self.count(1, depth, place)
        if event.anchor:
            self.anchors[event.anchor] = None  # under construction: an alias inside would have no end
        if isinstance(event, ScalarEvent):
            node = self.scalar(event, place)
        elif isinstance(event, MappingStartEvent):
            node = self.mapping(event, place, depth, path)
        else:
            node = self.sequence(event, place, depth, path)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def count(self, nodes: int, depth: int, place: Place) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise UnreadableError(place, f"more than {MOST_NODES:,} values with every alias expanded, expected a config")
        if depth > MOST_DEPTH:
            raise UnreadableError(place, f"nested more than {MOST_DEPTH} levels deep, expected a config")

    def alias(self, event: Any, place: Place, depth: int) -> Node:
        name = event.anchor
        if name not in self.anchors:
            raise UnreadableError(place, f"the alias *{shorten(name)} has no anchor &{shorten(name)} before it")
        target = self.anchors[name]
        if target is None:
            raise UnreadableError(place, f"the alias *{shorten(name)} stands inside what it names, and would never end")
        self.count(target.size, depth + target.height - 1, place)
        return replace(target, place=place)

    def scalar(self, event: Any, place: Place) -> Node:
        tag = _tag(event)
        if tag in _TEXT_TAGS:
            return Node(place, event.value, event.value)
        if tag not in _PLAIN_TAGS:
            raise UnreadableError(place, f"the tag {shorten(tag)} is not known here, expected plain values")
        is_plain = event.style is None or tag is not None
        return Node(place, resolve(event.value) if is_plain else event.value, event.value)

    def mapping(self, event: Any, place: Place, depth: int, path: str) -> Node:
        self.require(event, "map", place)
        entries: dict[str, Node] = {}
        while not isinstance(key_event := next(self.events), MappingEndEvent):
            key_place = self.place(key_event)
            key_node = self.node(key_event, depth + 1, path)
            if isinstance(key_node.value, Mapping | tuple):
                raise UnreadableError(key_place, f"a key is {key_node.shown()}, expected a name")
            key = key_node.text
            key_path = f"{path}.{shorten(key)}" if path else shorten(key)
            if key == "<<":
                raise UnreadableError(key_place, "merge keys (<<) are not part of YAML 1.2; expected the keys themselves")
            value = replace(self.node(next(self.events), depth + 1, key_path), place=key_place)
            if key in entries:
                first = entries[key].place.line
                self.findings.append(Finding(key_place, key_path, f"given twice, first on line {first}; expected once"))
            else:
                entries[key] = value
        return mapping_node(place, entries)

    def sequence(self, event: Any, place: Place, depth: int, path: str) -> Node:
        self.require(event, "seq", place)
        items: list[Node] = []
        while not isinstance(item_event := next(self.events), SequenceEndEvent):
            items.append(self.node(item_event, depth + 1, f"{path}[{len(items)}]"))
        return sequence_node(place, tuple(items))

    def require(self, event: Any, kind: str, place: Place) -> None:
        tag = _tag(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent) and tag not in (None, "!", _CORE + kind):
            raise UnreadableError(place, f"the tag {shorten(tag)} is not known here, expected plain values")


def _tag(event: Any) -> Any:
    return None if event.tag is None else str(event.tag)
