"""Percentiles by name, as users write them: `p50`, `p99.9`."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

PATTERN = r"p(999|[0-9]{1,2}(\.[0-9]{1,9})?)"
_P999 = "p999"
"""The name of P99.9 in documents, whose keys have no dot."""


def percentile_of(name: str) -> Fraction | None:
    """The percentile of a name, above 0 and below 100; None if the name is not one."""
    if not re.fullmatch(PATTERN, name):
        return None
    return Fraction("99.9" if name == _P999 else name.removeprefix("p")) or None


def percentile_name(at: Fraction) -> str:
    """The shortest name of a percentile."""
    return f"p{(Decimal(at.numerator) / Decimal(at.denominator)).normalize():f}"
