"""Conditions on differences, under which a comparison fails.

In their grammar, `response_time.p99 > +10%`, a figure is followed by a comparison and a signed difference from the baseline.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from vsock_loadgen.config.expressions import plain_number, split_expression
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import COMPARE, Operator, Unit
from vsock_loadgen.record import UNWRITTEN, As, Derived, Record, plain
from vsock_loadgen.results.comparison import Compared, Comparison, Value, compared, finite
from vsock_loadgen.results.result import Named
from vsock_loadgen.units import SECOND, format_number, format_seconds, parse_duration

COMPARISON_SCHEMA = "vsock-loadgen/comparison/v1"


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on the difference from the baseline: in percent of it if `is_relative`, else in the metric's unit."""

    expression: str
    metric: Compared
    operator: Operator
    bound: Fraction
    is_relative: bool

    def judge(self, comparison: Comparison) -> list[JudgedCondition]:
        """Check every other side's difference against the bound. A difference that does not exist fails."""
        judged = []
        for side, change in zip(comparison.others, comparison.row(self.metric).changes, strict=True):
            value = change.percent if self.is_relative else change.difference
            failed = value is None or COMPARE[self.operator](value, float(self.bound))
            judged.append(JudgedCondition(self, side.label, value, failed))
        return judged


@dataclass(frozen=True, slots=True)
class JudgedCondition(Record):
    """A condition with the difference that one side has; None if there is none, which fails."""

    condition: Annotated[Condition, UNWRITTEN]
    expression: ClassVar[Any] = Derived(lambda judged: judged.condition.expression)
    side: str
    value: Annotated[Value, As(object, finite, finite)]
    unit: ClassVar[Any] = Derived(
        lambda judged: "percent of the baseline" if judged.condition.is_relative else judged.condition.metric.unit
    )
    failed: bool

    def __str__(self) -> str:
        return f"{self.condition.expression} {'holds' if self.failed else 'does not hold'} for {self.side}: {self._shown}"

    @property
    def _shown(self) -> str:
        if self.value is None:
            return "there is no difference to judge (not delivered, or no report)"
        if math.isinf(self.value):
            return _beyond(self.condition.metric, self.value)
        if self.condition.is_relative:
            return f"{signed(self.value)} %"
        return shown_difference(self.condition.metric.unit, self.value)


def comparison_document(comparison: Comparison, judged: Sequence[JudgedCondition] = ()) -> dict[str, object]:
    """A comparison with what was asked of it, as a plain JSON document: a contract."""
    status = "failed" if any(condition.failed for condition in judged) else "passed"
    return {"schema": COMPARISON_SCHEMA, "status": status, "conditions": plain(judged), **comparison.to_json()}


def judge_conditions(conditions: Sequence[Condition], comparison: Comparison) -> tuple[JudgedCondition, ...]:
    """Each condition for each side, in their order. Raises ConfigError if a run has no such part as one is about."""
    if problems := [problem for condition in conditions for run in comparison.runs for problem in _unknown(condition, run)]:
        raise ConfigError(problems)
    return tuple(judged for condition in conditions for judged in condition.judge(comparison))


def _unknown(condition: Condition, run: Named) -> Iterator[Problem]:
    """The message if the run has no such phase or group."""
    narrowed, result = condition.metric.narrowed, run.result
    if narrowed is None:
        return
    if narrowed.dimension == PHASE:
        known: Sequence[str] = [phase.name for phase in result.phases]
    elif result.groups is not None:
        known = result.groups.ids(narrowed.dimension)
    else:
        yield Problem(run.name, "", f"{condition.expression}: this result is of an older release, which has no figures of groups")
        return
    if narrowed.part not in known:
        yield Problem(run.name, "", f"{condition.expression}: {narrowed.unknown(known)}")


def _beyond(metric: Compared, value: float) -> str:
    """An infinite difference in words."""
    if metric.unit != "seconds":
        return "the baseline's figure is 0"
    return "not delivered, unlike the baseline" if value > 0 else "delivered, unlike the baseline"


def signed(value: float) -> str:
    """A figure with its sign: `+4.2`, `-1,250`, `0`."""
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{format_number(round(abs(value), 9))}"


def shown_difference(unit: Unit, value: float) -> str:
    """A difference in a metric's unit."""
    if unit == "seconds":
        return f"{'+' if value > 0 else ''}{format_seconds(round(value * SECOND))}"
    return f"{signed(value)}{' points' if unit == 'percent' and value else ' /s' if unit == 'per_second' else ''}"


EXAMPLE = "response_time.p99 > +10%"


def parse_condition(text: str) -> Condition:
    """The condition that a text means. Raises ValueError with a sentence that says what was expected."""
    parts = split_expression(text, "difference", repr(EXAMPLE))
    metric = compared(parts.name)
    comparison = parts.comparison
    bound, is_relative = _bound(parts.written, metric)
    return Condition(f"{metric.name} {comparison} {parts.written}", metric, comparison, bound, is_relative)


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
