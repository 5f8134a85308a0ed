"""A mapping of the file: each of its keys is declared once, as a field of a dataclass, and pydantic's model of it follows:

`vm_count: int = key(50, WholeNumber(1, 100), "Number of VMs.", "5000", unit="VMs")`. The model is in `grammar.models`, which is
imported when something is to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal

from vsock_loadgen.grammar.leaves import Grammar, Leaf
from vsock_loadgen.grammar.scalars import flow

ENVIRONMENT_PREFIX = "LOADGEN_"
Scope = Literal["load", "shared", "node"]
"""Whether a key decides when reports are due, beside the VMs of the plan; if not, whether all nodes of a fleet share it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key: what it takes, what it means, a value as one writes it, and where documents have it.

    `otherwise` says what a key that is left out means, if the default does not say it. One that is `idle` is read and has no
    effect.
    """

    takes: Grammar
    says: str
    example: str
    unit: str = ""
    group: str = ""
    scope: Scope | None = None
    otherwise: str = ""
    idle: bool | None = None
    name: str = ""
    default: Any = ...

    @property
    def flag(self) -> str:
        """The option of the command line that gives it."""
        return "--" + re.sub("([A-Z])", r"-\1", self.name).lower()

    @property
    def environment(self) -> str:
        """The variable that gives it."""
        return ENVIRONMENT_PREFIX + re.sub("([A-Z])", r"_\1", self.name).upper()

    @property
    def by_default(self) -> object:
        """The default as JSON holds it."""
        return self.takes.show(self.default)

    @property
    def as_written(self) -> str:
        """The default as a file has it, empty if there is none."""
        return "" if self.by_default in (None, []) else flow(self.by_default)


def key(default: Any, takes: Grammar, says: str, example: str, **others: Any) -> Any:
    """The field of a dataclass that is a key; `...` if it has no default."""
    return field(default=MISSING if default is ... else default, metadata={"key": Key(takes, says, example, **others)})


@cache
def keys_of(declared: Any) -> Mapping[str, Key]:
    """The keys that a dataclass declares, by the names of its fields, of which a key's name has no unit."""
    found = {}
    for each in fields(declared):
        if made := each.metadata.get("key"):
            name = made.name or _camel(re.sub("_(ns|url)$", "", each.name))
            found[each.name] = replace(made, name=name, default=... if each.default is MISSING else each.default)
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def shown(keys: Mapping[str, Key], value: Any) -> dict[str, object]:
    """What declares these keys as JSON holds it."""
    return {each.name: each.takes.show(getattr(value, attribute)) for attribute, each in keys.items()}


class BlockOf(Grammar):
    """A block whose keys a dataclass declares."""

    in_words = "a block"

    def __init__(self, declared: Any) -> None:
        self.declared, self.keys = declared, keys_of(declared)

    @property
    def typed(self) -> Any:
        from vsock_loadgen.grammar.models import block_type

        return block_type(f"{self.declared.__name__}Block", self.declared.__doc__, self.keys, self.declared)

    def show(self, value: Any) -> object:
        return shown(self.keys, value)

    def under(self, step: str | int) -> Grammar | None:
        return next((each.takes for each in self.keys.values() if each.name == step), None)


class ListOf(Grammar):
    """A list of values, or of blocks."""

    suffix = "[]"

    def __init__(self, item: Grammar) -> None:
        self.item, self.keys = item, item.keys

    @property
    def typed(self) -> Any:
        from vsock_loadgen.grammar.models import list_type

        return list_type(self.item.typed)

    @property
    def in_words(self) -> str:
        return f"a list; each item {self.item.in_words}" if isinstance(self.item, Leaf) else "a list of blocks"

    def show(self, value: Any) -> object:
        return [self.item.show(each) for each in value]

    def under(self, step: str | int) -> Grammar | None:
        return self.item if isinstance(step, int) else None


class OrBlock(Grammar):
    """One value by itself, or a block around such values; `tags` are the steps of pydantic's locations that tell them apart.

    `name` and `says` are the block's in the JSON Schema; `words` stand for it in documents.
    """

    def __init__(self, scalar: Leaf, name: str, says: str, keys: Mapping[str, Key], words: str, tags: tuple[str, str]) -> None:
        self.name, self.says, self.keys, self.words, self.tags = name, says, keys, words, tags
        self.scalar: Leaf = scalar

    @property
    def in_words(self) -> str:
        return f"{self.scalar.in_words}, or {self.words}"

    @property
    def typed(self) -> Any:
        from vsock_loadgen.grammar.models import block_type, either_type

        return either_type(self.scalar.typed, block_type(self.name, self.says, self.keys, dict), self.tags, self.made)

    def made(self, value: Any) -> Any:
        """What either is read as, a block as its values by their names: by default the only value of the block."""
        return next(iter(value.values())) if isinstance(value, dict) else value

    def show(self, value: Any) -> object:
        return self.scalar.show(value)
