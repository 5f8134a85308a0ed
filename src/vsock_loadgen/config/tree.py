"""What a config's text says, as a tree of plain values in which every node knows its place and how it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vsock_loadgen.config.places import Finding, Place, Rank, shorten
from vsock_loadgen.grammar.scalars import OddNumber, Value, resolve


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a mapping or a sequence. `place` is where a reader looks for it: the line of its key, if it has one.

    `size` and `height` count the nodes and the levels below and with this one, aliases expanded.
    """

    place: Place
    value: Value | Mapping[str, Node] | tuple[Node, ...]
    text: str = ""
    size: int = 1
    height: int = 1

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; of anything else, none."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a sequence; of anything else, none."""
        return self.value if isinstance(self.value, tuple) else ()

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        """This node and all below it, each with its path."""
        yield path, self
        for key, below in self.entries.items():
            yield from below.walk(f"{path}.{key}".removeprefix("."))
        for number, item in enumerate(self.items):
            yield from item.walk(f"{path}[{number}]")

    def plain(self) -> object:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def shown(self) -> str:
        """The value as an error message names it."""
        match self.value:
            case Mapping():
                return "a block"
            case tuple():
                return "a list"
            case None:
                return f"{self.text} (no value)" if self.text else "no value"
            case bool():
                return f"{self.text} (a boolean)"
            case OddNumber(why):
                return f"{shorten(self.text)} ({why})"
            case str() as text:
                return repr(shorten(text)) + ("" if isinstance(resolve(text), str) else " (a text)")
            case _:
                return shorten(self.text)


def mapping_node(place: Place, entries: Mapping[str, Node]) -> Node:
    """A mapping with its size and height counted."""
    children = entries.values()
    return Node(place, dict(entries), "", *_extent(children))


def sequence_node(place: Place, items: tuple[Node, ...]) -> Node:
    """A sequence with its size and height counted."""
    return Node(place, items, "", *_extent(items))


def _extent(children: Any) -> tuple[int, int]:
    return 1 + sum(child.size for child in children), 1 + max((child.height for child in children), default=0)


class UnreadableError(Exception):
    """The text cannot be read as a YAML document; `finding` says why."""

    def __init__(self, place: Place, message: str) -> None:
        self.finding = Finding(place, "", message)
        super().__init__(message)


def highest_rank(node: Node) -> Rank:
    """The highest rank that anything in this tree comes from."""
    below = [highest_rank(child) for child in (*node.entries.values(), *node.items)]
    return max([node.place.source.rank, *below])
