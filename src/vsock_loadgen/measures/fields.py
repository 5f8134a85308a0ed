"""The values of a document that somebody else wrote, each checked as it is taken out, with its path in the message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST = 2**63 - 1
"""No count of anything is larger, nor is a time in nanoseconds."""

_LARGEST_NUMBER = 1e15
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Fields:
    """An object within a JSON document, and its path (empty at the top). Every method raises ValueError where the value is missing
    or of another kind."""

    path: str
    values: Mapping[str, object]

    @classmethod
    def of(cls, value: object, path: str = "") -> Fields:
        """The fields of a value that should be an object."""
        if not isinstance(value, dict):
            raise ValueError(f"{path}: " * bool(path) + f"found {shown(value)}, expected an object")
        return cls(path, value)

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def value(self, key: str) -> object:
        """Whatever stands there."""
        if key not in self.values:
            raise ValueError(f"{self.at(key)} is missing")
        return self.values[key]

    def fields(self, key: str) -> Fields:
        """An object."""
        return Fields.of(self.value(key), self.at(key))

    def items(self, key: str) -> Iterator[Fields]:
        """The objects of a list."""
        for number, item in enumerate(self.elements(key)):
            yield Fields.of(item, f"{self.at(key)}[{number}]")

    def elements(self, key: str) -> list[object]:
        """A list."""
        value = self.value(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def text(self, key: str) -> str:
        """A text."""
        value = self.value(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def choice(self, key: str, *choices: str) -> str:
        """One of several texts."""
        value = self.value(key)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(key, " or ".join(choices))
        return value

    def flag(self, key: str) -> bool:
        """true or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def count(self, key: str) -> int:
        """A whole number that is not negative."""
        value = self.value(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
            raise self._wrong(key, f"a whole number from 0 to {MOST}")
        return value

    def number(self, key: str) -> float:
        """A number that is not negative."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LARGEST_NUMBER:
            raise self._wrong(key, f"a number from 0 to {_LARGEST_NUMBER:g}")
        return float(value)

    def _wrong(self, key: str, expected: str) -> ValueError:
        return ValueError(f"{self.at(key)}: found {shown(self.values[key])}, expected {expected}")


def shown(value: object) -> str:
    """A value as a message shows it: its JSON, cut where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
