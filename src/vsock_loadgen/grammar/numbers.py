"""Numbers of a config: exact as they are read, and as they are shown."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction


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
