"""What thresholds and conditions share: `response_time.p99 < 500ms`, a figure, a comparison and what it is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast, get_args

from vsock_loadgen.measures.figures import Operator

_LONGEST_TEXT = 100
_FORM = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*([<>=!]+)\s*([^\s<>=!][^<>=!]*?)\s*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}")
_COMPARISONS = get_args(Operator)


@dataclass(frozen=True, slots=True)
class Expression:
    """The three parts of an expression: `written` is the text of the last part."""

    name: str
    operator: str
    written: str

    @property
    def comparison(self) -> Operator:
        """The comparison. Raises ValueError if the operator is not one."""
        if self.operator not in _COMPARISONS:
            raise ValueError(f"the comparison {self.operator} is not known, expected {listed(_COMPARISONS)}")
        return cast(Operator, self.operator)


def split_expression(text: str, last_part: str, example: str) -> Expression:
    """The parts of a text. Raises ValueError with a sentence that names the `last_part` and an `example`."""
    parts = _FORM.fullmatch(text) if len(text) <= _LONGEST_TEXT and text.isprintable() else None
    if parts is None:
        raise ValueError(f"expected a figure, {listed(_COMPARISONS)} and a {last_part}, such as {example}")
    return Expression(*parts.groups())


def plain_number(text: str) -> Fraction | None:
    """A number without sign and exponent, exact; None if the text is not one."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def plain_percent(text: str) -> Fraction | None:
    """A percentage, with or without its sign, as `plain_number` takes it."""
    return plain_number(text.removesuffix("%").strip())


def listed(words: Any) -> str:
    """`a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}"
