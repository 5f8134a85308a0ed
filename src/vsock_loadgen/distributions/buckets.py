"""Shares of the fleet, each with a distribution of its own."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self

from vsock_loadgen.distributions.apportion import apportion
from vsock_loadgen.distributions.constant import Constant
from vsock_loadgen.distributions.kind import Bucket, Distribution, Key, Sample
from vsock_loadgen.distributions.quantiles import Quantiles
from vsock_loadgen.distributions.quantity import Grain, Quantity
from vsock_loadgen.distributions.timing import UNSAID, Timing
from vsock_loadgen.grammar.block import key, keys_of
from vsock_loadgen.grammar.leaves import GroupName, Percentage

PERCENT = Percentage(above=True, whole=100)
VALUE, MIXED = "form:value", "form:distribution"
"""The steps of pydantic's locations that tell both ways of writing a bucket apart."""
_SAYS = "Shares of the fleet; the percents add up to exactly 100."
_EXAMPLES = {"percent": 12.5, "name": "typical", "synchronized": True, "offset": "10s", "jitter": 1}
_DEFAULTS = {"synchronized": False, "offset": 0}


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of the fleet."""

    percent: Fraction = key(..., PERCENT, "Share of the VMs in percent; all buckets add up to 100.", "12.5")
    name: str = key("", GroupName(), "What its VMs are called in results, thresholds and metrics.", "typical")


SHARE = keys_of(_Share)
_PERCENT, *_OTHERS = SHARE
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
        from vsock_loadgen.distributions.models import buckets_field, kind_type

        return kind_type(cls, quantity, buckets=buckets_field(quantity, any_kind, _SAYS))

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
        from vsock_loadgen.distributions.models import fields_of_buckets

        keys = [Key("buckets", "a list of blocks", _SAYS, cls.example(quantity)["buckets"])]
        for name, takes, says in fields_of_buckets(quantity):
            keys.append(Key(f"buckets[].{name}", takes or "any form of a distribution", says, examples[name], _DEFAULTS.get(name)))
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
        runs = [bucket.value.take(share, grain).values for bucket, share in zip(self.buckets, shares, strict=True)]
        if any(bucket.value.constant is None for bucket in self.buckets):
            return _merged(runs)
        values, numbers = array("q"), array("i")
        for number in sorted(range(len(runs)), key=lambda number: runs[number][:1]):
            values += runs[number]
            numbers += array("i", [number]) * len(runs[number])
        return Sample(values, numbers)

    @property
    def buckets_of(self) -> tuple[Bucket, ...]:
        return self.buckets

    @property
    def is_continuous(self) -> bool:
        return any(bucket.value.is_continuous for bucket in self.buckets)

    def within(self, around: Timing) -> Buckets:
        """The same with every bucket saying how its VMs keep time; `around` is what is said about all of them."""
        return Buckets(tuple(replace(bucket, timing=bucket.timing.within(around)) for bucket in self.buckets))


def _merged(runs: Sequence[array[int]]) -> Sample:
    """Ascending values of each bucket as one column, equal ones in the order of the buckets: value and bucket are sorted as one
    number, which takes half the memory of a pair."""
    pairs = sorted(value * len(runs) + number for number, run in enumerate(runs) for value in run)
    return Sample(array("q", [pair // len(runs) for pair in pairs]), array("i", [pair % len(runs) for pair in pairs]))


def _bucket(read: Any) -> Bucket:
    value = read.distribution if hasattr(read, "distribution") else Constant(read.value)
    return Bucket(read.percent, value, getattr(read, "timing", UNSAID), read.name)


def _shown(bucket: Bucket, quantity: Quantity) -> dict[str, object]:
    name = "distribution" if bucket.value.constant is None else "value"
    own = {"name": bucket.name} if bucket.name else {}
    return {"percent": PERCENT.show(bucket.percent), name: bucket.value.show(quantity), **own, **bucket.timing.show()}
