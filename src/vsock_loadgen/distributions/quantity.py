"""The quantity that a distribution is of: packages, or the time between two reports. All that differs between them is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.grammar.leaves import Duration, Leaf, Number, WholeNumber
from vsock_loadgen.units import HOUR, MILLISECOND, MINUTE, SECOND, format_duration, format_number

MOST_PACKAGES = 100_000
LONGEST_INTERVAL_NS = 365 * 24 * HOUR


@dataclass(frozen=True, slots=True)
class Grain:
    """How a sampled value is made a possible one: rounded to whole multiples of `step`, never below `least`."""

    step: int
    least: int

    def fit(self, value: float) -> int:
        """The nearest possible value, halves upwards."""
        return max(self.least, int(value / self.step + 0.5) * self.step)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantity:
    """An attribute of a VM that the config has as a distribution under `key`.

    The leaves read a value that VMs have exactly, a figure such as a mean or a deviation, and a value on a quantile function.
    `words` stand in the texts of the kinds, `title` begins the names of the JSON Schema's definitions, `says` writes a value for
    people.
    """

    key: str
    title: str
    grain: Grain
    most: int
    typical: int
    exact: Leaf
    figure: Leaf
    sample: Leaf
    is_timed: bool = False
    """Whether a bucket may say how its VMs keep time."""
    words: Mapping[str, str]
    says: Callable[[float], str]

    def span(self, low: int, high: int) -> str:
        """From a value to another, for people: `1,100-4,000`."""
        return self.says(low) if low == high else f"{self.says(low)}-{self.says(high)}"

    @property
    def least(self) -> int:
        """No sampled value is below it."""
        return self.grain.least


PACKAGES = Quantity(
    key="packages",
    title="Package",
    grain=Grain(step=1, least=1),
    most=MOST_PACKAGES,
    typical=600,
    exact=WholeNumber(1, MOST_PACKAGES),
    figure=Number(Fraction(0), Fraction(MOST_PACKAGES)),
    sample=Number(Fraction(1), Fraction(MOST_PACKAGES)),
    words={
        "all": "Package counts",
        "each": "number of packages",
        "value": "Packages of each VM.",
        "many": "Packages",
        "figure": "number of packages",
        "in_unit": " in packages",
        "fewest": "Fewest packages",
        "most": "Most packages",
        "none_below": "no VM has less than 1",
        "least": "1",
    },
    says=format_number,
)
REPORT_INTERVAL = Quantity(
    key="reportInterval",
    title="Interval",
    grain=Grain(step=MILLISECOND, least=SECOND),
    most=LONGEST_INTERVAL_NS,
    typical=MINUTE,
    exact=Duration(MILLISECOND, LONGEST_INTERVAL_NS),
    figure=Duration(0, LONGEST_INTERVAL_NS),
    sample=Duration(SECOND, LONGEST_INTERVAL_NS),
    is_timed=True,
    words={
        "all": "Intervals",
        "each": "interval",
        "value": "Time between two reports of a VM, a duration.",
        "many": "Intervals",
        "figure": "interval, a duration",
        "in_unit": ", a duration",
        "fewest": "Shortest interval",
        "most": "Longest interval",
        "none_below": "none is below 1s",
        "least": "1s",
    },
    says=lambda nanoseconds: format_duration(round(nanoseconds)),
)
QUANTITIES = (PACKAGES, REPORT_INTERVAL)
"""Quantities of which every VM has one value."""
DELAY = Quantity(
    key="delay",
    title="Delay",
    grain=Grain(step=MILLISECOND, least=0),
    most=LONGEST_INTERVAL_NS,
    typical=SECOND,
    exact=Duration(0, LONGEST_INTERVAL_NS),
    figure=Duration(0, LONGEST_INTERVAL_NS),
    sample=Duration(0, LONGEST_INTERVAL_NS),
    words={
        "all": "Delays",
        "each": "delay",
        "value": "How long, a duration.",
        "many": "Delays",
        "figure": "delay, a duration",
        "in_unit": ", a duration",
        "fewest": "Shortest delay",
        "most": "Longest delay",
        "none_below": "none is below 0s",
        "least": "0s",
    },
    says=lambda nanoseconds: format_duration(round(nanoseconds)),
)
"""Quantities that are drawn for every asking or start."""
