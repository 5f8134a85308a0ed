"""Pydantic's side of the grammar: the models by which the blocks of a file are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from vsock_loadgen.grammar.block import Key
from vsock_loadgen.grammar.leaves import Leaf


class Block(BaseModel):
    """A mapping of the file: only the known keys, values as the leaves read them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


class SchemaOfText(GenerateJsonSchema):
    """Leaves out the defaults that pydantic finds in its models, which are in internal units, and the titles it makes up."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def model_of(name: str, says: str | None, keys: Mapping[str, Key], base: type[BaseModel] = Block) -> type[Any]:
    """The model of a block with these keys."""
    return create_model(name, __base__=base, __doc__=says, **{attribute: _field(each) for attribute, each in keys.items()})


def _field(key: Key) -> Any:
    return key.takes.typed, Field(key.default, alias=key.name, description=key.says, deprecated=key.idle)


def block_type(name: str, says: str | None, keys: Mapping[str, Key], make: Callable[..., object]) -> Any:
    """The type of a block with these keys, read as what `make` makes of their values by their names."""
    return Annotated[model_of(name, says, keys), AfterValidator(lambda block: make(**dict(block)))]


def list_type(item: Any) -> Any:
    """The type of a list, read as a tuple."""
    return Annotated[list[item], AfterValidator(tuple)]


def either_type(one: Any, block: Any, tags: tuple[str, str], make: Callable[[Any], object]) -> Any:
    """The type of one value by itself or a block, told apart in locations by `tags`, read as what `make` makes of either."""
    of_one, of_block = tags
    either: Any = Annotated[one, Tag(of_one)] | Annotated[block, Tag(of_block)]
    by_form = Discriminator(lambda value: of_block if isinstance(value, dict) else of_one)
    return Annotated[either, by_form, AfterValidator(make)]


def leaf_in(field: FieldInfo) -> Leaf | None:
    """The grammar of a field that takes one value, None for any other."""
    return next((note for note in field.metadata if isinstance(note, Leaf)), None)
