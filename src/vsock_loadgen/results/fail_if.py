"""The grammar of `--fail-if`: `response_time.p99 > +10%`, a figure, a comparison and a signed difference from the baseline."""

from __future__ import annotations

from fractions import Fraction

from vsock_loadgen.config.expressions import plain_number, split_expression
from vsock_loadgen.config.sources import nearest
from vsock_loadgen.results.comparison import COMPARED, Compared
from vsock_loadgen.results.conditions import Condition
from vsock_loadgen.units import SECOND, parse_duration

EXAMPLE = "response_time.p99 > +10%"


def parse_condition(text: str) -> Condition:
    """The condition that a text means. Raises ValueError with a sentence that says what was expected."""
    parts = split_expression(text, "difference", repr(EXAMPLE))
    if parts.name not in COMPARED:
        hint = nearest(parts.name, COMPARED)
        raise ValueError(f"the figure {parts.name} is not known{hint}; expected one of {', '.join(COMPARED)}")
    comparison, metric = parts.comparison, COMPARED[parts.name]
    bound, is_relative = _bound(parts.written, metric)
    return Condition(f"{parts.name} {comparison} {parts.written}", metric, comparison, bound, is_relative)


def _bound(written: str, metric: Compared) -> tuple[Fraction, bool]:
    """The difference: in percent of the baseline (True), or in the metric's unit (False)."""
    sign = {"+": 1, "-": -1}.get(written[0], 0)
    size = written[1:].strip() if sign else written
    if size.endswith("%"):
        number, is_relative = plain_number(size[:-1].rstrip()), True
    else:
        number, is_relative = _seconds(size) if metric.unit == "seconds" else plain_number(size), False
    if number is None:
        raise ValueError(f"the difference is {written}, expected {_wanted(metric)}")
    if number and not sign:
        raise ValueError(f"the difference {written} has no sign, expected +{written} or -{written} from the baseline")
    return sign * number, is_relative


def _seconds(text: str) -> Fraction | None:
    try:
        nanoseconds = parse_duration(text)
    except ValueError:
        return None
    return Fraction(nanoseconds, SECOND) if nanoseconds >= 0 else None


def _wanted(metric: Compared) -> str:
    others = {"seconds": "a duration such as +5ms", "percent": "percentage points such as +0.5", "per_second": "a rate such as -2"}
    return f"a percentage of the baseline such as +10%, or {others[metric.unit]}"
