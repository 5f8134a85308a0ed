"""Pydantic's side of the distributions: the models by which their blocks are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, create_model

from vsock_loadgen.distributions.buckets import MIXED, SHARE, VALUE
from vsock_loadgen.distributions.kind import Distribution, Key
from vsock_loadgen.distributions.quantity import Quantity
from vsock_loadgen.distributions.timing import TIMING, Timing
from vsock_loadgen.grammar.leaves import Choice, Leaf
from vsock_loadgen.grammar.models import Block, leaf_in, model_of


class _Part(Block):
    """A block that is part of a distribution, and complete only once all kinds are: they may stand within each other."""

    model_config = ConfigDict(defer_build=True)


class Timed(model_of("Keys", None, TIMING)):  # type: ignore[misc]
    """A share of the fleet that may have its own way of keeping time."""

    @property
    def timing(self) -> Timing:
        """What is said about it."""
        return Timing(**{name: getattr(self, name) for name in TIMING})


_SHARE = model_of("Share", None, SHARE, _Part)


def field_of(key: Key) -> tuple[Any, Any]:
    """The field of a model that reads a key."""
    if key.default is None:
        return Annotated[Any, key.takes], Field(description=key.says)
    return Annotated[Any, key.takes], Field(key.default, description=f"{key.says} By default {key.show(key.default)}.")


def kind_type(kind: type[Distribution], quantity: Quantity, **fields: Any) -> Any:
    """The type of a kind's block, with these fields and with `type`."""
    declared = {"type": (Annotated[str, Choice((kind.name,))], kind.name), **fields}
    says = kind.says.format_map(quantity.words)
    model = create_model(f"{quantity.title}{kind.name.title()}", __base__=_Part, __doc__=says, **declared)
    return Annotated[model, AfterValidator(kind.build)]


def scalar_type(quantity: Quantity, make: Callable[[int], Distribution]) -> Any:
    """The type of a value by itself."""
    return Annotated[int, quantity.exact, AfterValidator(make)]


def any_type(types: dict[str, Any], form_of: Callable[[object], str | None], complaint: tuple[str, str]) -> Any:
    """One of several types, each under the step of pydantic's locations that `form_of` tells; else a complaint, short and whole."""
    tagged = (Annotated[each, Tag(form)] for form, each in types.items())
    short, whole = complaint
    by_form = Discriminator(
        form_of, custom_error_type="complaint", custom_error_message=short, custom_error_context={"message": whole}
    )
    return Annotated[reduce(or_, tagged), by_form]


def buckets_field(quantity: Quantity, any_kind: Any, says: str) -> tuple[Any, Any]:
    """The field that reads a list of buckets."""
    has_both = ("the bucket has both", "the bucket has both value and distribution, expected one of them")
    each: Any = any_type(_bucket_blocks(quantity, any_kind), _form_of, has_both)
    return list[each], Field(min_length=1, description=says)


def fields_of_buckets(quantity: Quantity) -> Iterator[tuple[str, Leaf | None, str]]:
    """The keys of both ways of writing a bucket: each with its grammar, if that is one value, and its meaning."""
    for model in _bucket_blocks(quantity, Any).values():
        for name, field in model.model_fields.items():
            yield field.alias or name, leaf_in(field), field.description


def _form_of(bucket: object) -> str | None:
    """Whether a bucket has a value or a distribution; None if it has both."""
    if not isinstance(bucket, dict) or "distribution" not in bucket:
        return VALUE
    return None if "value" in bucket else MIXED


def _bucket_blocks(quantity: Quantity, any_kind: Any) -> dict[str, Any]:
    """Both ways of writing a bucket, by the step that tells them apart."""
    alike, own = f"whose VMs all have the same {quantity.words['each']}", "with a distribution of its own"
    inner = f"{quantity.words['many']} of the bucket's VMs, in any form."
    return {
        VALUE: _bucket_block(
            quantity, "Value", alike, value=(Annotated[int, quantity.exact], Field(description=quantity.words["value"]))
        ),
        MIXED: _bucket_block(quantity, "Mixed", own, distribution=(any_kind, Field(description=inner))),
    }


def _bucket_block(quantity: Quantity, kind: str, says: str, **field: Any) -> Any:
    """A model that is complete only together with that of all kinds, which it is part of."""
    bases: Any = (_SHARE, Timed) if quantity.is_timed else _SHARE
    name, says = f"{quantity.title}{kind}Bucket", f"A share of the fleet {says}."
    return create_model(name, __base__=bases, __doc__=says, **field)
