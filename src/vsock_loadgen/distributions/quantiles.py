"""Measured quantiles."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from vsock_loadgen.distributions.kind import MAX, MIN, Continuous, Field
from vsock_loadgen.distributions.quantity import Quantity
from vsock_loadgen.grammar.leaves import Leaf, complaint, expected
from vsock_loadgen.percentiles import PATTERN, percentile_name, percentile_of

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

_ENDS = {"min": Fraction(0), "max": Fraction(100)}
_SAYS = "A measured quantile: `p` and a percentage above 0 and below 100, as in `p50` or `p99.9`; with `min` and `max`."


@dataclass(frozen=True, slots=True)
class Quantiles(Continuous):
    """Measured quantiles: `points` are (percentile 0..100, value), ascending in both; 0 is the minimum, 100 the maximum."""

    name = "quantiles"
    noun = "quantiles"
    says = "Measured quantiles, linear between them."
    whole = 100

    points: tuple[tuple[Fraction, Fraction], ...]

    @classmethod
    def fields(cls) -> Mapping[str, Field]:
        return {"min": MIN, "p50": Field("sample", _SAYS, 1), "max": MAX}

    @classmethod
    def has(cls, key: str) -> bool:
        return key in _ENDS or percentile_of(key) is not None

    @classmethod
    def keys_in_words(cls) -> str:
        return "min, max and quantiles such as p50"

    @classmethod
    def grammar(cls, quantity: Quantity, any_kind: Any) -> Any:
        return Annotated[cls, _Points(quantity.sample)]

    def show(self, quantity: Quantity) -> Any:
        return {_name_of(at): quantity.sample.show(value) for at, value in self.points}

    @property
    def limits(self) -> tuple[Fraction, Fraction]:
        return self.points[0][1], self.points[-1][1]

    @property
    def configured_mean(self) -> Fraction:
        pairs = pairwise(self.points)
        return sum(((b - a) * (low + high) / 2 for (a, low), (b, high) in pairs), Fraction(0)) / 100

    def quantile(self) -> Callable[[float], float]:
        points = [(float(at), float(value)) for at, value in self.points]
        above_each = [at for at, _ in points[1:]]

        def value_at(percentile: float) -> float:
            segment = bisect_left(above_each, percentile)
            (below, low), (above, high) = points[segment], points[segment + 1]
            return low + (high - low) * (percentile - below) / (above - below)

        return value_at


def _name_of(at: Fraction) -> str:
    return next((name for name, end in _ENDS.items() if end == at), None) or percentile_name(at)


def _percentile(key: str) -> Fraction:
    at = _ENDS.get(key, percentile_of(key))
    if at is None:
        raise expected("min, max or a quantile such as p50 or p99.9")
    return at


@dataclass(frozen=True, slots=True)
class _Points:
    """Makes pydantic read a map of quantiles, all of whose values are of one leaf."""

    leaf: Leaf

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        from pydantic_core import core_schema

        points = core_schema.dict_schema(
            keys_schema=core_schema.no_info_plain_validator_function(_percentile),
            values_schema=core_schema.no_info_plain_validator_function(self.leaf.read),
        )
        return core_schema.no_info_wrap_validator_function(self._read, points)

    def _read(self, value: dict[str, object], read_points: Callable[[object], dict[Fraction, Any]]) -> Quantiles:
        named = value.get("type", Quantiles.name)
        if named != Quantiles.name:
            raise complaint(f"type is {named!r} beside quantiles such as p50, expected quantiles")
        names = {key: given for key, given in value.items() if key != "type"}
        points = read_points(names)
        if len(points) < len(names):
            raise complaint("a quantile is given twice, as in p5 and p05; expected once")
        missing = [name for name, at in _ENDS.items() if at not in points]
        if missing or len(points) < 3:
            raise complaint(f"{' and '.join(missing) or 'a quantile'} missing, expected min, max and at least one like p50")
        ascending = tuple(sorted((at, Fraction(point)) for at, point in points.items()))
        for (lower_at, lower), (upper_at, upper) in pairwise(ascending):
            if lower > upper:
                low, high = _name_of(lower_at), _name_of(upper_at)
                raise complaint(f"{low} is above {high}, expected values that do not fall from min to max")
        return Quantiles(ascending)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> dict[str, object]:
        value = self.leaf.json_schema()
        return {
            "type": "object",
            "description": Quantiles.says,
            "properties": {"type": {"const": Quantiles.name}, **dict.fromkeys(_ENDS, value)},
            "patternProperties": {f"^{PATTERN}$": value},
            "required": list(_ENDS),
            "minProperties": 3,
            "additionalProperties": False,
        }
