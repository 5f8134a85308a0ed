"""The grammar of a single value: how it is read, shown again, described to an editor, and what is expected in its place.

A leaf stands in a pydantic model as `Annotated[type, leaf]`; its error names what was expected, and the loader adds what was found
and where. pydantic is imported when something is read: a command line's help, which only lists the keys, need not wait for it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from vsock_loadgen.grammar.numbers import exact_number, show_decimal, show_number
from vsock_loadgen.grammar.scalars import resolve
from vsock_loadgen.units import format_duration, parse_duration

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

Kind = Literal["integer", "number", "percent", "duration", "choice", "boolean", "text"]
_DURATION_PATTERN = r"^[+-]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$"


class RefusedError(ValueError):
    """A value that its grammar does not take. `kind` says how `context` becomes a sentence about the user's text."""

    def __init__(self, kind: Literal["expected", "unfit", "complaint"], message: str, why: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.context = {"what": message, "why": why, "message": message}


def expected(what: str, why: str = "") -> RefusedError:
    """An error whose message becomes `found X, expected <what>`, or `found X, which <why>; expected <what>`."""
    return RefusedError("expected", what, why)


def unfit(message: str) -> RefusedError:
    """An error whose message becomes `found X: <message>`."""
    return RefusedError("unfit", message)


def complaint(message: str) -> RefusedError:
    """An error about a block whose message stands as it is."""
    return RefusedError("complaint", message)


class Grammar(ABC):
    """What may stand under a key of a config."""

    scalar: Leaf | None = None
    """How one value is written that a flag can give."""
    suffix = ""
    """What follows a key in the path of what stands below it."""
    keys: Mapping[str, Any] = MappingProxyType({})
    """The keys below, by the names of their fields."""

    @property
    @abstractmethod
    def typed(self) -> Any:
        """The type by which pydantic reads it."""

    @property
    @abstractmethod
    def in_words(self) -> str:
        """What it takes, as documents say it."""

    @abstractmethod
    def show(self, value: Any) -> object:
        """The value as JSON holds it, which reads as the same value again."""

    def under(self, step: str | int) -> Grammar | None:
        """What stands under a key, or in a list, that begins here; None if that is not told apart."""
        return None


class Leaf(Grammar):
    """One value of a config: `read` takes what YAML holds, `show` turns the result back into it."""

    kind: ClassVar[Kind]

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What is expected, to follow the word `expected`."""

    @abstractmethod
    def json_schema(self) -> dict[str, object]:
        """What JSON Schema can say about the value as written."""

    def read(self, value: object) -> Any:
        """The validated value. Raises RefusedError."""
        if not self.fits(value):
            raise expected(self.wanted)
        return value

    def fits(self, value: object) -> bool:
        """Whether a value, as YAML holds it, is one."""
        return isinstance(value, str)

    def show(self, value: Any) -> object:
        return value

    @property
    def scalar(self) -> Leaf:  # type: ignore[override]
        return self

    @property
    def typed(self) -> Any:
        return Annotated[Any, self]

    @property
    def in_words(self) -> str:
        return re.sub(r", such as (1m30s|5 or 5%)$", "", self.wanted)

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        from pydantic_core import core_schema

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

    def fits(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most

    def json_schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class OrWord(Leaf):
    """A number, or one of a few words, each with what it is read as."""

    number: Leaf
    words: tuple[tuple[str, str | None], ...]

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """That of the number."""
        return self.number.kind

    @property
    def wanted(self) -> str:
        return f"{', '.join(word for word, _ in self.words)} or {self.number.wanted}"

    def read(self, value: object) -> Any:
        for word, meant in self.words:
            if value == word:
                return meant
        try:
            return self.number.read(value)
        except RefusedError:
            raise expected(self.wanted) from None

    def show(self, value: Any) -> object:
        return next((word for word, meant in self.words if value == meant), None) or self.number.show(value)

    def json_schema(self) -> dict[str, object]:
        words = [word for word, _ in self.words]
        return {"anyOf": [self.number.json_schema(), {"enum": words} if words[1:] else {"const": words[0]}]}


def auto(least: int, most: int) -> OrWord:
    """A whole number, or the word auto, read as None."""
    return OrWord(WholeNumber(least, most), (("auto", None),))


@dataclass(frozen=True, slots=True)
class Number(Leaf):
    """A number within bounds, both included, exact as written; `above` excludes the lower one, `below` the upper one."""

    kind: ClassVar[Kind] = "number"
    least: Fraction
    most: Fraction
    above: bool = False
    below: bool = False

    @property
    def wanted(self) -> str:
        return f"a number {self.bounds}"

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        lower, joint = ("above", "and at most") if self.above else ("from", "to")
        return f"{lower} {show_decimal(self.least)} {joint} {'below ' if self.below else ''}{show_decimal(self.most)}"

    def read(self, value: object) -> Fraction:
        number = exact_number(value)
        if number is None or not self.least <= number <= self.most or number in self._excluded():
            raise expected(self.wanted)
        return number

    def _excluded(self) -> list[Fraction]:
        return [self.least] * self.above + [self.most] * self.below

    def show(self, value: Any) -> object:
        return show_number(value)

    def json_schema(self) -> dict[str, object]:
        lower, upper = "exclusiveMinimum" if self.above else "minimum", "exclusiveMaximum" if self.below else "maximum"
        return {"type": "number", lower: show_number(self.least), upper: show_number(self.most)}


@dataclass(frozen=True, slots=True)
class Percentage(Number):
    """A percentage from 0 to 100, as a number or a text like `5%`, exact as written; read as a share of `whole`."""

    kind = "percent"
    least: Fraction = Fraction(0)
    most: Fraction = Fraction(100)
    whole: int = 1

    @property
    def wanted(self) -> str:
        return f"a percentage {self.bounds}, such as 5 or 5%"

    def read(self, value: object) -> Fraction:
        number = resolve(value.removesuffix("%").rstrip()) if isinstance(value, str) and value.endswith("%") else value
        return Number.read(self, number) * self.whole / 100

    def show(self, value: Any) -> object:
        return show_number(value * 100 / self.whole)

    def json_schema(self) -> dict[str, object]:
        digits = r"[0-9]{1,2}(\.[0-9]*)?" if self.below else r"(100|[0-9]{1,2}(\.[0-9]*)?)"
        return {"anyOf": [Number.json_schema(self), {"type": "string", "pattern": rf"^{digits}\s*%$"}]}


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
        number = exact_number(value)
        if not isinstance(value, str) and number != 0:
            raise expected(self.wanted, "" if number is None else "has no unit")
        try:
            duration_ns = parse_duration(value if isinstance(value, str) else "0")
        except ValueError as error:
            raise expected(self.wanted, str(error)) from None
        if not (self.least_ns <= duration_ns <= self.most_ns or (self.none_is_zero and duration_ns == 0)):
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

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and value in self.options

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.options)}


@dataclass(frozen=True, slots=True)
class YesOrNo(Leaf):
    """A boolean."""

    kind = "boolean"
    wanted = "true or false"

    def fits(self, value: object) -> bool:
        return isinstance(value, bool)

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
        return None if value in (None, "") else Leaf.read(self, value)

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and len(value) <= self.longest and value.isprintable() and bool(value.strip())

    def json_schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "maxLength": self.longest}


@dataclass(frozen=True, slots=True, eq=False)
class ParsedText(Leaf):
    """A text that `parse` makes something of, unless it raises a ValueError with what is wrong; `what` names it in an error.

    Where the JSON Schema admits null, an empty text and no value at all mean none.
    """

    kind = "text"
    what: str
    parse: Callable[[str], Any]
    schema: Mapping[str, object]
    write: Callable[[Any], str] = str

    @property
    def wanted(self) -> str:
        return self.what

    def read(self, value: object) -> Any:
        if value in (None, "") and "null" in str(self.schema["type"]):
            return None
        if not isinstance(value, str):
            raise expected(self.what)
        try:
            return self.parse(value)
        except RefusedError:
            raise
        except ValueError as error:
            raise unfit(str(error)) from None

    def show(self, value: Any) -> object:
        return None if value is None else self.write(value)

    def json_schema(self) -> dict[str, object]:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class Name(Leaf):
    """A name that can stand in a metric's label and in the path of a threshold."""

    kind = "text"
    wanted = "a name of 1 to 63 letters, digits, dots, dashes and underscores"
    pattern: ClassVar[str] = "[A-Za-z0-9_.-]{1,63}"

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


class GroupName(Name):
    """A name for VMs that are counted together: no number, and not a word that stands for some of them already."""

    wanted = "a name of a letter and up to 62 letters, digits, dashes and underscores, and not largest or smallest"
    pattern = "(?!(largest|smallest)$)[A-Za-z][A-Za-z0-9_-]{0,62}"
