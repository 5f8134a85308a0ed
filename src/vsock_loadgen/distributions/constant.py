"""One value for all."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vsock_loadgen.distributions.kind import Bucket, Distribution, Sample
from vsock_loadgen.distributions.quantity import Grain, Quantity


@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """Every VM has the same value, unchanged."""

    name = "scalar"
    noun = "a value for all"

    value: int

    @classmethod
    def grammar(cls, quantity: Quantity, any_kind: Any) -> Any:
        from vsock_loadgen.distributions.models import scalar_type

        return scalar_type(quantity, cls)

    @classmethod
    def example(cls, quantity: Quantity) -> Any:
        return quantity.exact.show(quantity.typical)

    def show(self, quantity: Quantity) -> Any:
        return quantity.exact.show(self.value)

    @property
    def configured_mean(self) -> Fraction:
        return Fraction(self.value)

    def ends(self, grain: Grain) -> tuple[int, int]:
        return self.value, self.value

    def take(self, count: int, grain: Grain) -> Sample:
        return Sample(array("q", [self.value]) * count, array("i", [0]) * count)

    @property
    def buckets_of(self) -> tuple[Bucket, ...]:
        return (Bucket(Fraction(100), self),)

    @property
    def constant(self) -> int:
        return self.value

    @property
    def is_continuous(self) -> bool:
        return False
