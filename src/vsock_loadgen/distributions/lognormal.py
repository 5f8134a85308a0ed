"""A log-normal distribution: many small values and a long tail, as counts of packages and times often are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Annotated

from vsock_loadgen.distributions.kind import MAX_IF_ANY, MIN_IF_ANY, Continuous, Field
from vsock_loadgen.distributions.quantity import Quantity
from vsock_loadgen.grammar.leaves import Number

_SIGMA = Number(Fraction(0), Fraction(10), above=True)


@dataclass(frozen=True, slots=True)
class Lognormal(Continuous):
    """A distribution whose logarithms are normally distributed, clamped at both ends."""

    name = "lognormal"
    noun = "a log-normal distribution"
    says = "{all} from a log-normal distribution, clamped at min and max, at least {least}."
    centre = "median"

    median: Annotated[Fraction, Field("sample", "Median {figure}.", 1)]
    sigma: Annotated[Fraction, Field(_SIGMA, "Standard deviation of the natural logarithm, a pure number.", 0.5)]
    min: Annotated[Fraction, MIN_IF_ANY]
    max: Annotated[Fraction, MAX_IF_ANY]

    @property
    def configured_mean(self) -> Fraction:
        return self.median * Fraction(math.exp(self.sigma**2 / 2))

    def label(self, quantity: Quantity) -> str:
        return f"median {quantity.says(float(self.median))}"

    def quantile(self) -> Callable[[float], float]:
        median, sigma, low, high = float(self.median), float(self.sigma), float(self.min), float(self.max)
        deviations = NormalDist().inv_cdf
        return lambda at: min(max(median * math.exp(sigma * deviations(at)), low), high)
