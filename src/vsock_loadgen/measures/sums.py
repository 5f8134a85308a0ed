"""Records that add up, field by field."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self


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
