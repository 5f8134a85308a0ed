"""Any value between two ends, each as likely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from vsock_loadgen.distributions.kind import MAX, MIN, Continuous


@dataclass(frozen=True, slots=True)
class Uniform(Continuous):
    """Every value between both ends is as likely as any other."""

    name = "uniform"
    noun = "a uniform distribution"
    says = "{all} spread evenly between min and max."

    min: Annotated[Fraction, MIN]
    max: Annotated[Fraction, MAX]

    @property
    def configured_mean(self) -> Fraction:
        return (self.min + self.max) / 2

    def quantile(self) -> Callable[[float], float]:
        low, high = float(self.min), float(self.max)
        return lambda at: low + (high - low) * at
