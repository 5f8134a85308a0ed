"""A normal distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Annotated

from vsock_loadgen.distributions.kind import MAX_IF_ANY, MIN_IF_ANY, Continuous, Field
from vsock_loadgen.distributions.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Normal(Continuous):
    """A normal distribution, clamped at both ends."""

    name = "normal"
    noun = "a normal distribution"
    says = "{all} from a normal distribution, clamped at min and max, at least {least}."
    centre = "mean"

    mean: Annotated[Fraction, Field("figure", "Mean {figure}.", 1)]
    stddev: Annotated[Fraction, Field("figure", "Standard deviation{in_unit}.", 0.25)]
    min: Annotated[Fraction, MIN_IF_ANY]
    max: Annotated[Fraction, MAX_IF_ANY]

    @property
    def configured_mean(self) -> Fraction:
        return self.mean

    def label(self, quantity: Quantity) -> str:
        return f"{quantity.says(float(self.mean))} ± {quantity.says(float(self.stddev))}"

    def quantile(self) -> Callable[[float], float]:
        mean, stddev, low, high = float(self.mean), float(self.stddev), float(self.min), float(self.max)
        if stddev == 0:
            return lambda at: min(max(mean, low), high)
        inverse = NormalDist(mean, stddev).inv_cdf
        return lambda at: min(max(inverse(at), low), high)
