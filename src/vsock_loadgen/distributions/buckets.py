"""Shares of the fleet, each with a distribution of its own."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, create_model

from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket, Distribution, Key, Part, Sample
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.quantity import Grain, Quantity
from vsock_loadgen.distributions.timing import UNSAID, Timed, Timing
from vsock_loadgen.grammar.block import leaf_in
from vsock_loadgen.grammar.leaves import GroupName, Percentage

PERCENT = Percentage(above=True, whole=100)
VALUE, MIXED = "form:value", "form:distribution"
"""The steps of pydantic's locations that tell both ways of writing a bucket apart."""
_SAYS = "Shares of the fleet; the percents add up to exactly 100."
_EXAMPLES = {"percent": 12.5, "name": "typical", "synchronized": True, "offset": "10s", "jitter": 1}
_DEFAULTS = {"synchronized": False, "offset": 0}


def _form_of(bucket: object) -> str | None:
    """Whether a bucket has a value or a distribution; None where it has both."""
    if not isinstance(bucket, dict) or "distribution" not in bucket:
        return VALUE
    return None if "value" in bucket else MIXED


_BY_FORM = Discriminator(
    _form_of,
    custom_error_type="complaint",
    custom_error_message="the bucket has both",
    custom_error_context={"message": "the bucket has both value and distribution, expected one of them"},
)


class _Share(Part):
    """A share of the fleet."""

    percent: Annotated[Fraction, PERCENT] = Field(description="Share of the VMs in percent; all buckets add up to 100.")
    name: Annotated[str, GroupName()] = Field("", description="What its VMs are called in results, thresholds and metrics.")


_PERCENT, *_OTHERS = _Share.model_fields
FORM_KEYS = {
    form: (_PERCENT, *forms, *_OTHERS) for form, forms in ((VALUE, ("value", "distribution")), (MIXED, ("distribution", "value")))
}
"""The keys that a bucket may have, by the form it has: that of its own form first, and that of the other."""


@dataclass(frozen=True, slots=True)
class Buckets(Distribution):
    """Shares of the fleet. The percents add up to exactly 100."""

    name = "percentile"
    noun = "a block with buckets"
    says = "{all} by shares of the fleet."

    buckets: tuple[Bucket, ...]

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("buckets",)

    @classmethod
    def has(cls, key: str) -> bool:
        return key == "buckets"

    @classmethod
    def grammar(cls, quantity: Quantity, any_kind: Any) -> Any:
        value, mixed = _bucket_blocks(quantity, any_kind).values()
        each: Any = Annotated[Annotated[value, Tag(VALUE)] | Annotated[mixed, Tag(MIXED)], _BY_FORM]
        return cls.block(quantity, buckets=(list[each], Field(min_length=1, description=_SAYS)))

    @classmethod
    def build(cls, block: Any) -> Self:
        return cls(tuple(map(_bucket, block.buckets)))

    @classmethod
    def example(cls, quantity: Quantity) -> Any:
        shares = ((70, quantity.typical), (30, 2 * quantity.typical))
        return {"buckets": [{"percent": percent, "value": quantity.exact.show(value)} for percent, value in shares]}

    @classmethod
    def keys(cls, quantity: Quantity) -> list[Key]:
        examples = _EXAMPLES | {"value": Constant.example(quantity), "distribution": Quantiles.example(quantity)}
        keys = [Key("buckets", "a list of blocks", _SAYS, cls.example(quantity)["buckets"])]
        for model in _bucket_blocks(quantity, Any).values():
            for field in model.model_fields.values():
                name: Any = field.alias
                takes, says = leaf_in(field) or "any form of a distribution", field.description
                keys.append(Key(f"buckets[].{name}", takes, says, examples[name], _DEFAULTS.get(name)))
        return keys

    def show(self, quantity: Quantity) -> Any:
        return {"buckets": [_shown(bucket, quantity) for bucket in self.buckets]}

    @property
    def configured_mean(self) -> Fraction:
        return sum((bucket.value.configured_mean * bucket.percent for bucket in self.buckets), Fraction(0)) / 100

    def ends(self, grain: Grain) -> tuple[int, int]:
        lows, highs = zip(*(bucket.value.ends(grain) for bucket in self.buckets), strict=True)
        return min(lows), max(highs)

    def take(self, count: int, grain: Grain) -> Sample:
        shares = apportion(count, [bucket.percent for bucket in self.buckets])
        pairs: list[tuple[int, int]] = []
        for number, (bucket, share) in enumerate(zip(self.buckets, shares, strict=True)):
            pairs.extend((value, number) for value in bucket.value.take(share, grain).values)
        pairs.sort()
        return Sample(array("q", [value for value, _ in pairs]), array("i", [number for _, number in pairs]))

    @property
    def buckets_of(self) -> tuple[Bucket, ...]:
        return self.buckets

    @property
    def is_continuous(self) -> bool:
        return any(bucket.value.is_continuous for bucket in self.buckets)

    def within(self, around: Timing) -> Buckets:
        """The same where every bucket says how its VMs keep time, and `around` is what is said about all of them."""
        return Buckets(tuple(replace(bucket, timing=bucket.timing.within(around)) for bucket in self.buckets))


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
    bases: Any = (_Share, Timed) if quantity.is_timed else _Share
    name, says = f"{quantity.title}{kind}Bucket", f"A share of the fleet {says}."
    return create_model(name, __base__=bases, __doc__=says, **field)


def _bucket(read: Any) -> Bucket:
    value = read.distribution if hasattr(read, "distribution") else Constant(read.value)
    return Bucket(read.percent, value, read.timing if isinstance(read, Timed) else UNSAID, read.name)


def _shown(bucket: Bucket, quantity: Quantity) -> dict[str, object]:
    name = "distribution" if bucket.value.constant is None else "value"
    own = {"name": bucket.name} if bucket.name else {}
    return {"percent": PERCENT.show(bucket.percent), name: bucket.value.show(quantity), **own, **bucket.timing.show()}
