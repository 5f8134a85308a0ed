"""Records that are objects of a JSON document, declared once: a dataclass says its keys, their order and their values.

A record is written by its annotations, in their order, and read by them, through pydantic: strictly, with the path of what is
wrong. Making one in the program checks nothing, so that a record made a thousand times per second costs no more than a dataclass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from vsock_loadgen.units import SECOND

MOST = 2**63 - 1
"""The largest count, and the largest time in nanoseconds."""
_LARGEST_NUMBER = 1e15
_LONGEST_SHOWN = 60

Whole = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Number = Annotated[float, Field(strict=True, ge=0, le=_LARGEST_NUMBER)]
Text = Annotated[str, Field(strict=True)]
AnyText = Annotated[str, BeforeValidator(str)]
"""Any value, as a text."""
Flag = Annotated[bool, Field(strict=True)]
FLAT = Field(alias="")
"""Annotates a field whose keys stand beside those of the record that has it."""
UNWRITTEN = Field(exclude=True)
"""Annotates a field that the document does not have."""
LATER: Any = object()
"""Annotates a field that documents of older releases do not have: its default is used for them."""
_BOUNDS = ("greater_than_equal", "less_than_equal")


class MisfitError(ValueError):
    """A value of the right form that cannot be right, or a key without a value; `place` is its path below what is being read."""

    def __init__(self, sentence: str, place: str = "") -> None:
        super().__init__(sentence)
        self.place = place

    @classmethod
    def missing(cls, key: str) -> MisfitError:
        """A missing key."""
        return cls("", key)


@dataclass(frozen=True, slots=True)
class Derived:
    """A key that follows from the rest of its record: written, and not read. As a class variable, it stands between the fields."""

    value: Callable[[Any], object]
    key: str = ""


@dataclass(frozen=True, slots=True)
class As:
    """Annotates a field that is something else in the document: a value of `kind`, which `write` makes and `read` takes back."""

    kind: Any
    write: Callable[[Any], object]
    read: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.read, handler.generate_schema(self.kind))


def object_of(**kinds: Any) -> Any:
    """The kind of an object in which each of these keys has a value of its kind, whatever else it has; a key with a pair (kind,
    default) may be missing."""
    fields: dict[str, Any] = {key: kind if isinstance(kind, tuple) else (kind, ...) for key, kind in kinds.items()}
    return create_model("object", **fields)


@dataclass(frozen=True, slots=True)
class Like:
    """Annotates a field that keeps the document's value, once it is checked to be of a `kind`."""

    kind: Any

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: object, checked: Callable[[object], object]) -> object:
            checked(value)
            return value

        return core_schema.no_info_wrap_validator_function(check, handler.generate_schema(self.kind))


def in_seconds(kind: Any) -> As:
    """Annotates a time in nanoseconds that a document has in seconds, as a number of that kind."""
    return As(kind, lambda nanoseconds: nanoseconds / SECOND, lambda seconds: round(seconds * SECOND))


IN_SECONDS = in_seconds(Number)
Nanoseconds = Annotated[int, IN_SECONDS]
"""A time, which a document has in seconds."""


class Record:
    """To be inherited by a dataclass that is an object of a document."""

    __slots__ = ()

    def to_json(self) -> dict[str, object]:
        """The plain object."""
        return self._object(_made)

    def outline(self) -> dict[str, object]:
        """The plain object, with expensive parts left `Unmade`: for writing it piece by piece."""
        return self._object(Unmade)

    def _object(self, make: Callable[[Callable[[Any], Any], Any], object]) -> dict[str, object]:
        written: dict[str, object] = {}
        for key, name, convert in _plan(type(self)):  # type: ignore[arg-type]  # (mypy takes a record's hash for its class's)
            value: Any = getattr(self, name) if name else self
            if convert is not None and (value is not None or not key):
                value = make(convert, value) if key else convert(value)
            if key:
                written[key] = value
            else:
                written.update(value)
        return written

    @classmethod
    def read(cls, document: object) -> Self:
        """The record of a plain object. Raises ValueError with the path of the first value that is wrong."""
        try:
            record: Self = _adapter(cls).validate_python(document)  # type: ignore[arg-type]
        except ValidationError as error:
            raise ValueError(_sentence(error.errors(include_url=False)[0])) from None
        return record

    def checked(self) -> Self:
        """The record, once its parts are found to agree. Raises MisfitError."""
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        made: Any = handler(source)
        kept = {name for name, hint in _hints(cls) if any(part in (LATER, UNWRITTEN) for part in get_args(hint))}
        for field in made["schema"]["fields"]:
            if field["schema"]["type"] == "default" and field["name"] not in kept:
                field["schema"] = field["schema"]["schema"]  # a default is for code that makes a record: a document has every key
        ref = made["ref"]
        bare = {key: value for key, value in made.items() if key != "ref"}
        schema: Any = core_schema.no_info_after_validator_function(cls.checked, bare)
        if any(_alias(name, hint) == "" for name, hint in _hints(cls)):
            schema = core_schema.no_info_before_validator_function(_spread, schema)
        return {**schema, "ref": ref}  # what another field refers to is the whole of it: a record that is there again


@dataclass(frozen=True, slots=True)
class Unmade:
    """A value of a document that has not been made yet."""

    convert: Callable[[Any], Any]
    value: Any

    def make(self) -> Any:
        """The value; what is below it may be unmade again. `json` takes this as its `default`."""
        if self.convert not in (plain, Record.to_json):
            return self.convert(self.value)
        if isinstance(self.value, Record):
            return self.value.outline()
        if isinstance(self.value, (list, tuple)):
            return [Unmade(plain, item) for item in self.value]
        return plain(self.value)

    def whole(self) -> Any:
        """The value as a plain one, all that is below it included."""
        return self.convert(self.value)


def _made(convert: Callable[[Any], Any], value: Any) -> Any:
    return convert(value)


class Summed:
    """To be inherited by a dataclass whose fields are numbers, or numbers by key: a field more is added like the others."""

    __slots__ = ()

    def __add__(self, other: Self) -> Self:
        return self._combined(other, 1)

    def __sub__(self, other: Self) -> Self:
        return self._combined(other, -1)

    def _combined(self, other: Self, sign: int) -> Self:
        names = [each.name for each in fields(self)]  # type: ignore[arg-type]
        return type(self)(**{name: _combined(getattr(self, name), getattr(other, name), sign) for name in names})


def _combined(one: Any, two: Any, sign: int) -> Any:
    if isinstance(one, dict):
        return {**one, **{key: one.get(key, 0) + sign * value for key, value in two.items()}} if two else one
    return one + sign * two


def plain(value: object) -> Any:
    """A value as JSON has it: records, and whatever holds some."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, (dict, Mapping)):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def shown(value: object) -> str:
    """A value as a message shows it: its JSON, cut if it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


@cache
def _adapter(record: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def _hints(record: type[Any]) -> list[tuple[str, Any]]:
    """The annotations, in the order of the record's own ones."""
    hints = get_type_hints(record, include_extras=True)
    return [(name, hints[name]) for name in dict.fromkeys((*record.__annotations__, *hints))]


def _spread(document: object) -> object:
    """A flat field finds its keys in the whole object."""
    return {**document, "": document} if isinstance(document, dict) else document


def _alias(name: str, hint: Any) -> str:
    return next((part.alias for part in get_args(hint) if isinstance(part, FieldInfo) and part.alias is not None), name)


def _form(hint: Any) -> As | None:
    """What a field is in the document, if that is something else, even if it may be missing."""
    found = [part for part in get_args(hint) if isinstance(part, As)]
    return found[0] if found else next(filter(None, map(_form, get_args(hint))), None)


@cache
def _plan(record: type[Any]) -> tuple[tuple[str, str, Callable[[Any], Any] | None], ...]:
    """For each key the field that it shows (empty: the record itself), and what makes its value; an empty key is that of a flat
    field."""
    return tuple(_step(record, name, hint) for name, hint in _hints(record) if _is_written(record, name, hint))


def _is_written(record: type[Any], name: str, hint: Any) -> bool:
    if get_origin(hint) is ClassVar:
        return isinstance(getattr(record, name), Derived)
    return not any(isinstance(part, FieldInfo) and part.exclude for part in get_args(hint))


def _step(record: type[Any], name: str, hint: Any) -> tuple[str, str, Callable[[Any], Any] | None]:
    derived = getattr(record, name, None)
    if isinstance(derived, Derived):
        return derived.key or name, "", lambda made: plain(derived.value(made))
    return _alias(name, hint), name, _conversion(hint)


def _conversion(hint: Any) -> Callable[[Any], Any] | None:
    """What makes the value of a field; None if it is the field's own."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if form := _form(hint):
        return form.write
    if isinstance(kind, type) and not get_args(kind):
        return kind.to_json if issubclass(kind, Record) else None
    return plain


def _sentence(error: ErrorDetails) -> str:
    """What pydantic found, as this tool says it."""
    steps = list(error["loc"])
    context = error.get("ctx", {})
    if error["type"] == "enum":  # a key: its place is the object that has it
        return f"{_path(steps[:-2])}: found {error['input']!r}, expected the failure classes {_listed(context['expected'], ', ')}"
    if error["type"] == "value_error":
        misfit = context["error"]
        place = _path([*steps, getattr(misfit, "place", "")])
        return f"{place}: {misfit}" if place and str(misfit) else f"{place} is missing" if place else str(misfit)
    if error["type"] == "missing":
        return f"{_path(steps)} is missing"
    place = f"{_path(steps)}: " if steps else ""
    return f"{place}found {shown(error['input'])}, expected {_wanted(error['type'], context)}"


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    bound = context.get("le", context.get("ge", 0))
    if kind.startswith("int") or (kind in _BOUNDS and isinstance(bound, int)):
        return f"a whole number from 0 to {MOST}"
    if kind == "literal_error":
        return _listed(context["expected"], " or ")
    texts = {"float": f"a number from 0 to {_LARGEST_NUMBER:g}", "bool": "true or false", "string": "a text", "list": "a list"}
    texts |= {"tuple": "a list", "greater": texts["float"], "less": texts["float"], "finite": texts["float"]}
    return texts.get(kind.partition("_")[0], "an object")


def _listed(expected: str, joint: str) -> str:
    """Pydantic's `'a', 'b' or 'c'`."""
    return expected.replace("'", "").replace(" or ", ", ").replace(", ", joint)


def _path(steps: list[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps if step != "")
    return text.removeprefix(".")
