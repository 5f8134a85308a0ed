"""The grammar of a single value: how it is read, shown again, described to an editor, and what is expected in its place.

A leaf stands in a pydantic model as `Annotated[type, leaf]`; what it raises names what was expected, and the loader
adds what was found and where.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, ClassVar, Literal

from pydantic_core import PydanticCustomError, core_schema

from vsock_loadgen.grammar.scalars import resolve
from vsock_loadgen.units import format_duration, parse_duration

Kind = Literal["integer", "number", "percent", "duration", "choice", "boolean", "text"]
_NAME = "[A-Za-z0-9_.-]{1,63}"
_DURATION_PATTERN = r"^[+-]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$"


def expected(what: str, why: str = "") -> PydanticCustomError:
    """An error whose message becomes `found X, expected <what>`, or `found X, which <why>; expected <what>`."""
    return PydanticCustomError("expected", "expected {what}", {"what": what, "why": why})


def unfit(message: str) -> PydanticCustomError:
    """An error whose message becomes `found X: <message>`."""
    return PydanticCustomError("unfit", "{message}", {"message": message})


def complaint(message: str) -> PydanticCustomError:
    """An error about a block whose message stands as it is."""
    return PydanticCustomError("complaint", "{message}", {"message": message})


class Leaf(ABC):
    """One value of a config: `read` takes what YAML holds, `show` turns the result back into it."""

    kind: ClassVar[Kind]

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What is expected, to follow the word `expected`."""

    @abstractmethod
    def read(self, value: object) -> Any:
        """The validated value. Raises PydanticCustomError."""

    @abstractmethod
    def show(self, value: Any) -> object:
        """The value as JSON holds it, which `read` turns into the same value again."""

    @abstractmethod
    def json_schema(self) -> dict[str, object]:
        """What JSON Schema can say about the value as written."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> dict[str, object]:
        return self.json_schema()


@dataclass(frozen=True, slots=True)
class WholeNumber(Leaf):
    """A whole number within bounds, both included."""

    kind = "integer"
    least: int
    most: int

    @property
    def wanted(self) -> str:
        return f"a whole number from {self.least:,} to {self.most:,}"

    def read(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class AutoNumber(Leaf):
    """A whole number from `least` to `most`, or the word auto; read as the number, None for auto."""

    kind = "integer"
    most: int
    least: int = 1

    @property
    def wanted(self) -> str:
        return f"auto or a whole number from {self.least:,} to {self.most:,}"

    def read(self, value: object) -> int | None:
        if value == "auto":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return "auto" if value is None else value

    def json_schema(self) -> dict[str, object]:
        return {"anyOf": [{"type": "integer", "minimum": self.least, "maximum": self.most}, {"const": "auto"}]}


@dataclass(frozen=True, slots=True)
class Number(Leaf):
    """A number within bounds, both included, exact as written; `above` excludes the lower one."""

    kind = "number"
    least: Fraction
    most: Fraction
    above: bool = False

    @property
    def wanted(self) -> str:
        lower = f"above {show_decimal(self.least)}" if self.above else f"from {show_decimal(self.least)}"
        joint = "and at most" if self.above else "to"
        return f"a number {lower} {joint} {show_decimal(self.most)}"

    def read(self, value: object) -> Fraction:
        number = exact_number(value)
        if number is None or not self.least <= number <= self.most or (self.above and number == self.least):
            raise expected(self.wanted)
        return number

    def show(self, value: Any) -> object:
        return show_number(value)

    def json_schema(self) -> dict[str, object]:
        lower = "exclusiveMinimum" if self.above else "minimum"
        return {"type": "number", lower: show_number(self.least), "maximum": show_number(self.most)}


@dataclass(frozen=True, slots=True)
class Percentage(Leaf):
    """A percentage from 0 to 100, as a number or a text like `5%`, exact as written; read as a share of `whole`.

    `above` excludes 0, `below` excludes 100.
    """

    kind = "percent"
    above: bool = False
    below: bool = False
    whole: int = 1

    @property
    def wanted(self) -> str:
        lower, joint = ("above 0", "and at most") if self.above else ("from 0", "to")
        return f"a percentage {lower} {joint} {'below ' if self.below else ''}100, such as 5 or 5%"

    def read(self, value: object) -> Fraction:
        if isinstance(value, str) and value.endswith("%"):
            value = resolve(value.removesuffix("%").rstrip())
        percent = exact_number(value)
        if percent is None or not 0 <= percent <= 100 or (self.above and percent == 0) or (self.below and percent == 100):
            raise expected(self.wanted)
        return percent * self.whole / 100

    def show(self, value: Any) -> object:
        return show_number(value * 100 / self.whole)

    def json_schema(self) -> dict[str, object]:
        lower, upper = "exclusiveMinimum" if self.above else "minimum", "exclusiveMaximum" if self.below else "maximum"
        digits = r"[0-9]{1,2}(\.[0-9]*)?" if self.below else r"(100|[0-9]{1,2}(\.[0-9]*)?)"
        return {"anyOf": [{"type": "number", lower: 0, upper: 100}, {"type": "string", "pattern": rf"^{digits}\s*%$"}]}


@dataclass(frozen=True, slots=True)
class Duration(Leaf):
    """A duration in Go's grammar within bounds in nanoseconds, both included; read as nanoseconds.

    With `none_is_zero`, 0, an empty text and no value at all are 0 whatever the lower bound.
    """

    kind = "duration"
    least_ns: int
    most_ns: int
    none_is_zero: bool = False

    @property
    def wanted(self) -> str:
        without = "0 (none) or " if self.none_is_zero else ""
        return f"{without}a duration from {format_duration(self.least_ns)} to {format_duration(self.most_ns)}, such as 1m30s"

    def read(self, value: object) -> int:
        if self.none_is_zero and value in (None, ""):
            return 0
        if exact_number(value) is not None and value != 0:
            raise expected(self.wanted, "has no unit")
        if not isinstance(value, str) and (isinstance(value, bool) or value != 0):
            raise expected(self.wanted)
        try:
            duration_ns = parse_duration(value if isinstance(value, str) else "0")
        except ValueError as error:
            raise expected(self.wanted, str(error)) from None
        if self.none_is_zero and duration_ns == 0:
            return 0
        if not self.least_ns <= duration_ns <= self.most_ns:
            raise expected(self.wanted)
        return duration_ns

    def show(self, value: Any) -> object:
        return format_duration(int(value))

    def json_schema(self) -> dict[str, object]:
        as_text: dict[str, object] = {"type": "string", "pattern": _DURATION_PATTERN}
        if self.none_is_zero:
            return {"anyOf": [as_text, {"enum": [0, "", None]}]}
        return {"anyOf": [as_text, {"const": 0}]} if self.least_ns == 0 else as_text


@dataclass(frozen=True, slots=True)
class Choice(Leaf):
    """One of a few words."""

    kind = "choice"
    options: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return " or ".join(self.options)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.options)}


@dataclass(frozen=True, slots=True)
class YesOrNo(Leaf):
    """A boolean."""

    kind = "boolean"

    @property
    def wanted(self) -> str:
        return "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class OptionalText(Leaf):
    """A printable text; an empty one and no value at all mean none. `what` names it in an error."""

    kind = "text"
    what: str
    longest: int = 256

    @property
    def wanted(self) -> str:
        return f"{self.what}: a printable text of at most {self.longest} characters"

    def read(self, value: object) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > self.longest or not value.isprintable() or not value.strip():
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Name(Leaf):
    """A name that can stand in a metric's label and in the path of a threshold."""

    kind = "text"

    @property
    def wanted(self) -> str:
        return "a name of 1 to 63 letters, digits, dots, dashes and underscores"

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(_NAME, value):
            raise expected(self.wanted)
        return value

    def show(self, value: Any) -> object:
        return value

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": f"^{_NAME}$"}


def exact_number(value: object) -> Fraction | None:
    """A number of the YAML tree as an exact fraction; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Fraction(value)


def show_number(value: Fraction) -> int | float:
    """A number as JSON holds it. Exact for the 15 digits that the tree admits."""
    return value.numerator if value.denominator == 1 else float(value)


def show_decimal(value: Fraction) -> str:
    """A fraction with a power of ten below it, in decimal digits without trailing zeros, thousands set apart."""
    with localcontext(prec=100):
        number = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{number.normalize():,f}"
