"""Plain scalars by the core schema of YAML 1.2: `yes` and `1:30` are texts, and numbers with decimals are exact, never floats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

LONGEST_NUMBER = 40
MOST_DIGITS = 15  # what a double holds, so that a number survives the way through JSON
_LARGEST_EXPONENT = 30

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class OddNumber:
    """Something that YAML calls a number and no key can use; `why` says what is odd about it."""

    why: str


Value = None | bool | int | Decimal | str | OddNumber


def resolve(text: str) -> Value:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    is_whole = _DECIMAL.fullmatch(text) or _PREFIXED.fullmatch(text)
    if not is_whole and not _FLOAT.fullmatch(text):
        return OddNumber("not a finite number") if _NO_NUMBER.fullmatch(text) else text
    if len(text) > LONGEST_NUMBER:
        return OddNumber(f"a number of {len(text):,} characters")
    if _DECIMAL.fullmatch(text):
        digits = text.lstrip("+-")
        if digits != "0" and digits.startswith("0"):
            return OddNumber("a leading zero, which some readers take as octal")
        return int(text)
    return int(text, 0) if is_whole else _exact(text)


def _exact(text: str) -> Decimal | OddNumber:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that does not fit 64 bits
        return OddNumber("a number that is too large or too small")
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        return OddNumber("a number that is too large or too small")
    if len(number.as_tuple().digits) > MOST_DIGITS:
        return OddNumber(f"more than {MOST_DIGITS} digits")
    return number


def flow(value: object) -> str:
    """Plain values in YAML's flow style, on one line. Texts stand as they are."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
