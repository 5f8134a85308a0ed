"""All kinds together: what tells them apart in a file, how pydantic reads them, and what messages and documents say of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from vsock_loadgen.distributions import KINDS
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Distribution, Key
from vsock_loadgen.distributions.quantity import PACKAGES, Quantity
from vsock_loadgen.grammar.leaves import Grammar

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

BLOCKS = {f"form:{kind.name}": kind for kind in KINDS if kind is not Constant}
"""The kinds that are a block, under the step of pydantic's locations that tells them apart."""
SCALAR = f"form:{Constant.name}"


def _either(texts: Sequence[str], joint: str) -> str:
    return joint.join((", ".join(texts[:-1]), texts[-1]))


NO_KNOWN_FORM = "the block has no known form, expected " + _either(
    [f"{kind.keys_in_words()} ({kind.name})" for kind in BLOCKS.values()], ", or "
)
IN_WORDS = _either([kind.noun for kind in BLOCKS.values()], " or ")
"""Every kind of block, in a sentence."""


class Of(Grammar):
    """A distribution of any kind, which pydantic reads by `Annotated[Distribution, Of(PACKAGES)]`."""

    def __init__(self, quantity: Quantity, words: str = "") -> None:
        self.quantity, self.scalar = quantity, quantity.exact
        self.words = words or f"{quantity.exact.in_words}, or a distribution"

    @property
    def in_words(self) -> str:
        return self.words

    @property
    def typed(self) -> Any:
        return Annotated[Distribution, self]

    def show(self, value: Any) -> object:
        return value and value.show(self.quantity)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(_union(self.quantity))


@cache
def _union(quantity: Quantity) -> Any:
    from vsock_loadgen.distributions.models import any_type

    any_kind = Annotated[Distribution, Of(quantity)]
    kinds = {f"form:{kind.name}": kind.grammar(quantity, any_kind) for kind in KINDS}
    return any_type(kinds, form_of, ("the block has no known form", NO_KNOWN_FORM))


def form_of(value: object) -> str | None:
    """What tells which kind a value is; None if it may be any, or none.

    That is a key that no other kind has, or else `type`, or else that a kind has all of the keys; the one that lacks least.
    """
    if not isinstance(value, dict):
        return SCALAR
    holders = [[form for form, kind in BLOCKS.items() if kind.has(key)] for key in value if key != "type"]
    own = [forms[0] for forms in holders if len(forms) == 1]
    if own:
        return min(own, key=list(BLOCKS).index)
    if f"form:{value.get('type')}" in BLOCKS:
        return f"form:{value['type']}"
    shared = [form for form in BLOCKS if holders and all(form in forms for forms in holders)]
    return min(shared, key=lambda form: len(set(BLOCKS[form].required()) - value.keys()), default=None)


def is_key(key: str) -> bool:
    """Whether any kind of block has a key."""
    return any(kind.has(key) for kind in BLOCKS.values())


def keys_of(kind: type[Distribution]) -> tuple[str, ...]:
    """The keys that a block of a kind may have, as far as they have names."""
    return (*(key.name for key in kind.keys(PACKAGES) if "[" not in key.name), "type")


def missing_from(form: str) -> str:
    """What a block of a form must have, for the message that it lacks something."""
    kind = BLOCKS[form]
    return f"{kind.noun} has {kind.keys_in_words()}"


def documented_keys(quantity: Quantity) -> dict[str, dict[str, Key]]:
    """Every key below that of a quantity, as each kind that has it has it."""
    found: dict[str, dict[str, Key]] = {}
    for kind in BLOCKS.values():
        for key in kind.keys(quantity):
            found.setdefault(key.name, {}).setdefault(kind.name, key)
    return found
