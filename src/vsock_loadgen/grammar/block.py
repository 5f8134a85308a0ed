"""A mapping of the file, checked by pydantic."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from vsock_loadgen.grammar.leaves import Leaf


class Block(BaseModel):
    """A mapping of the file: keys in camelCase, none beyond the known ones, values as the leaves read them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True)


def leaf_in(field: FieldInfo) -> Leaf | None:
    """The grammar of a field that takes one value, None for any other."""
    return next((note for note in field.metadata if isinstance(note, Leaf)), None)
