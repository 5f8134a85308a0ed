"""The grammar of `--fail-if`: `response_time.p99 > +10%`, a figure, a comparison and a signed difference from the baseline."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import cast, get_args

from vsock_loadgen.config.sources import nearest
from vsock_loadgen.measures.comparison import COMPARED, Compared
from vsock_loadgen.measures.conditions import Condition
from vsock_loadgen.measures.thresholds import Comparison as Operator
from vsock_loadgen.units import SECOND, parse_duration

EXAMPLE = "response_time.p99 > +10%"
_LONGEST_TEXT = 100
_FORM = re.compile(r"\s*([A-Za-z_][\w.]*)\s*([<>=!]+)\s*([^\s<>=!][^<>=!]*?)\s*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}")
_OPERATORS = get_args(Operator)


def parse_condition(text: str) -> Condition:
    """The condition that a text means. Raises ValueError with a sentence that says what was expected."""
    parts = _FORM.fullmatch(text) if len(text) <= _LONGEST_TEXT and text.isprintable() else None
    if parts is None:
        raise ValueError(f"expected a figure, a comparison and a difference, such as {EXAMPLE!r}")
    name, operator, written = parts.groups()
    name = re.sub(r"\.p99\.9$", ".p999", name)
    if name not in COMPARED:
        raise ValueError(f"the figure {name} is not known{nearest(name, COMPARED)}; expected one of {', '.join(COMPARED)}")
    if operator not in _OPERATORS:
        raise ValueError(f"the comparison {operator} is not known, expected one of {', '.join(_OPERATORS)}")
    metric = COMPARED[name]
    bound, is_relative = _bound(written, metric)
    return Condition(f"{name} {operator} {written}", metric, cast(Operator, operator), bound, is_relative)


def _bound(written: str, metric: Compared) -> tuple[Fraction, bool]:
    """The difference: in percent of the baseline (True), or in the metric's unit (False)."""
    sign = {"+": 1, "-": -1}.get(written[0], 0)
    size = written[1:].strip() if sign else written
    if size.endswith("%"):
        number, is_relative = _number(size[:-1].rstrip()), True
    else:
        number, is_relative = _seconds(size) if metric.unit == "seconds" else _number(size), False
    if number is None:
        raise ValueError(f"the difference is {written}, expected {_wanted(metric)}")
    if number and not sign:
        raise ValueError(f"the difference {written} has no sign, expected +{written} or -{written} from the baseline")
    return sign * number, is_relative


def _number(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def _seconds(text: str) -> Fraction | None:
    try:
        nanoseconds = parse_duration(text)
    except ValueError:
        return None
    return Fraction(nanoseconds, SECOND) if nanoseconds >= 0 else None


def _wanted(metric: Compared) -> str:
    others = {"seconds": "a duration such as +5ms", "percent": "percentage points such as +0.5", "per_second": "a rate such as -2"}
    return f"a percentage of the baseline such as +10%, or {others[metric.unit]}"
