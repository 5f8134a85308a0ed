"""Percentiles by name, wherever one is written: `p50`, `p99.9`."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

PATTERN = r"p(999|[0-9]{1,2}(\.[0-9]{1,9})?)"
_P999 = "p999"
"""A name of its own that P99.9 has in documents, where a dot would stand in the way."""


def percentile_of(name: str) -> Fraction | None:
    """The percentile of a name, above 0 and below 100; None where it is the name of none."""
    if not re.fullmatch(PATTERN, name):
        return None
    return Fraction("99.9" if name == _P999 else name.removeprefix("p")) or None


def percentile_name(at: Fraction) -> str:
    """The shortest name of a percentile."""
    return f"p{(Decimal(at.numerator) / Decimal(at.denominator)).normalize():f}"
