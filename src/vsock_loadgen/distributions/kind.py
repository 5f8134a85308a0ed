"""What every kind of distribution says about itself. Grammar, JSON Schema, messages, documents and the plan follow from it.

A kind is a frozen record. Its fields are the keys of its block, each annotated with a `Field`; what is special about it is a class
attribute or a method here, with the answer that most kinds give.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, ClassVar, Literal, Self, get_type_hints

from vsock_loadgen.distributions.quantity import Grain, Quantity
from vsock_loadgen.distributions.timing import UNSAID, Timing
from vsock_loadgen.grammar.leaves import Leaf, complaint

CONTINUOUS = -1
"""Bucket number of a value that comes from a continuous distribution."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a block: what it takes, in words if that is not a single value, an example, and its default if it has one."""

    name: str
    takes: Leaf | str
    says: str
    example: object
    default: object = None

    def show(self, value: object) -> object:
        """A value of it, as JSON holds it."""
        return value if isinstance(self.takes, str) else self.takes.show(value)


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a kind's block, whatever the quantity: its grammar, what it means, an example, and the default if it has one.

    A named `leaf` is the quantity's, and the example a multiple of its typical value; a default is named too.
    """

    leaf: Leaf | Literal["figure", "sample"]
    says: str
    example: float
    default: Literal["least", "most"] | None = None

    def key(self, name: str, quantity: Quantity) -> Key:
        """The key of this name."""
        leaf, unit = (getattr(quantity, self.leaf), quantity.typical) if isinstance(self.leaf, str) else (self.leaf, 1)
        default = Fraction(getattr(quantity, self.default)) if self.default else None
        return Key(name, leaf, self.says.format_map(quantity.words), leaf.show(Fraction(self.example) * unit), default)


MIN = Field("sample", "{fewest}.", 0.5)
MAX = Field("sample", "{most}.", 2)
MIN_IF_ANY = Field("figure", "{fewest}; {none_below}.", 0.5, default="least")
MAX_IF_ANY = Field("sample", "{most}.", 2, default="most")


@dataclass(frozen=True, slots=True)
class Sample:
    """Values in ascending order and, in step with them, the index of the bucket of each (CONTINUOUS if there is none)."""

    values: array[int]
    buckets: array[int]


class Distribution(ABC):
    """Values of a quantity over the fleet, in the quantity's own unit: a count of packages, or nanoseconds."""

    __slots__ = ()
    name: ClassVar[str]
    """What `type` says."""
    noun: ClassVar[str]
    """What it is, in a sentence."""
    says: ClassVar[str]
    """What its block is."""
    centre: ClassVar[str] = ""
    """The key of the value around which it spreads, if `min` and `max` cut something off; else empty."""

    @classmethod
    def fields(cls) -> Mapping[str, Field]:
        """The keys of its block, in order."""
        return _fields_of(cls)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The keys that its block must have."""
        return tuple(name for name, field in cls.fields().items() if field.default is None)

    @classmethod
    def has(cls, key: str) -> bool:
        """Whether its block may have a key."""
        return key in cls.fields()

    @classmethod
    def keys_in_words(cls) -> str:
        """The keys that its block must have, in a sentence."""
        return " and ".join(", ".join(cls.required()).rsplit(", ", 1))

    @classmethod
    def keys(cls, quantity: Quantity) -> list[Key]:
        """The keys of its block and below."""
        return [field.key(name, quantity) for name, field in cls.fields().items()]

    @classmethod
    def example(cls, quantity: Quantity) -> Any:
        """One as a file may have it, with every key."""
        return {key.name: key.example for key in cls.keys(quantity)}

    @classmethod
    def grammar(cls, quantity: Quantity, any_kind: Any) -> Any:
        """The type by which pydantic reads one. `any_kind` is that of all kinds together, for distributions in distributions."""
        from vsock_loadgen.distributions.models import field_of, kind_type

        return kind_type(cls, quantity, **{key.name: field_of(key) for key in cls.keys(quantity)})

    @classmethod
    def build(cls, block: Any) -> Self:
        """One from its block, as read. Raises RefusedError if its values do not go together."""
        made = cls(**{name: Fraction(getattr(block, name)) for name in cls.fields()})
        if fault := made.fault():
            raise complaint(fault)
        return made

    def show(self, quantity: Quantity) -> Any:
        """Itself as JSON holds it, which reads as the same again."""
        return {key.name: key.show(getattr(self, key.name)) for key in self.keys(quantity)}

    def fault(self) -> str:
        """What is wrong between its values, empty if nothing is."""
        return ""

    def cautions(self) -> Iterator[str]:
        """Values that are legal but hardly intended; `{key}` stands for the value of a key as written."""
        yield from ()

    def label(self, quantity: Quantity) -> str:
        """The name of its VMs when they are counted together: the values that they have."""
        return quantity.span(*self.ends(quantity.grain))

    @property
    @abstractmethod
    def configured_mean(self) -> Fraction:
        """The mean that the configuration states or implies, before rounding and clamping."""

    @abstractmethod
    def ends(self, grain: Grain) -> tuple[int, int]:
        """No VM gets less than the first, none more than the second."""

    @abstractmethod
    def take(self, count: int, grain: Grain) -> Sample:
        """Values in ascending order, each with its bucket."""

    @property
    def buckets_of(self) -> tuple[Bucket, ...]:
        """Its shares of the fleet; none if it is continuous."""
        return ()

    @property
    def constant(self) -> int | None:
        """The value of every VM, None if they differ."""
        return None

    @property
    def is_continuous(self) -> bool:
        """Whether, in a part, every VM has its own value."""
        return True


@cache
def _fields_of(kind: type[Distribution]) -> Mapping[str, Field]:
    hints = get_type_hints(kind, include_extras=True)
    notes = ((name, note) for name, hint in hints.items() for note in getattr(hint, "__metadata__", ()))
    return {name: note for name, note in notes if isinstance(note, Field)}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A share of the VMs, `percent` exact, that has a distribution of its own. Of intervals, it may also say how they keep time.
    `name` is for its VMs when they are counted together, empty if the config does not say."""

    percent: Fraction
    value: Distribution
    timing: Timing = UNSAID
    name: str = ""


_LOOKS_FOR_A_VALUE = 32


def _ascending(value_of: Callable[[int], int], count: int) -> array[int]:
    """The values of ascending ranks, which do not fall. If both ends of a stretch have the same value, so has everything between
    them: of a million VMs, only enough are evaluated to find where each value begins."""
    values = array("q", [0]) * count
    stretches = [(0, count - 1, value_of(0), value_of(count - 1))] if count else []
    while stretches:
        first, last, low, high = stretches.pop()
        if low == high:
            values[first : last + 1] = array("q", [low]) * (last + 1 - first)
            continue
        values[first], values[last] = low, high
        if last - first > 1:
            middle = (first + last) // 2
            between = value_of(middle)
            stretches += ((first, middle, low, between), (middle, last, between, high))
    return values


class Continuous(Distribution):
    """Values at the mid-points of a quantile function, never drawn at random, so that a fleet of any size has the configured
    shares, mean and percentiles. `plan.fleet` decides which VM gets which value.

    Its keys `min` and `max` are the ends.
    """

    __slots__ = ()
    whole: ClassVar[int] = 1
    """The quantile function's argument for the whole fleet: 1, or 100 for percentiles."""

    @abstractmethod
    def quantile(self) -> Callable[[float], float]:
        """The quantile function, strictly between 0 and `whole`."""

    @property
    def limits(self) -> tuple[Fraction, Fraction]:
        """Both ends, before rounding."""
        return self.min, self.max  # type: ignore[attr-defined]

    def ends(self, grain: Grain) -> tuple[int, int]:
        low, high = self.limits
        return grain.fit(float(low)), grain.fit(float(high))

    def take(self, count: int, grain: Grain) -> Sample:
        value_at, fit, whole = self.quantile(), grain.fit, self.whole

        def value_of(rank: int) -> int:
            return fit(value_at((rank + 0.5) * whole / count))

        low, high = self.ends(grain)
        if (high - low) // grain.step * _LOOKS_FOR_A_VALUE < count:
            values = _ascending(value_of, count)
        else:
            values = array("q", map(value_of, range(count)))
        return Sample(values, array("i", [CONTINUOUS]) * count)

    def fault(self) -> str:
        low, high = self.limits
        return "min is above max, expected min to be at most max" if low > high else ""

    def cautions(self) -> Iterator[str]:
        low, high = self.limits
        if self.centre and not low <= getattr(self, self.centre) <= high:
            found = f"({self.centre} {{{self.centre}}}, min {{min}}, max {{max}})"
            yield f"the {self.centre} is not between min and max {found}: most VMs get one of the ends"
