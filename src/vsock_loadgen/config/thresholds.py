"""The grammar of a threshold, as in `response_time.p99 < 500ms`: a figure of the result, a comparison, a limit in its unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.expressions import listed, plain_number, split_expression
from vsock_loadgen.config.places import closest
from vsock_loadgen.grammar.leaves import ParsedText
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import CLOCKS, METRICS, Measurable, MeasuredRun, Metric, Operator, metric_named
from vsock_loadgen.units import SECOND, parse_duration

EXAMPLE = "response_time.p99 < 500ms"
SCOPES = {"phase": PHASE, "packages": "packages", "interval": "report_interval", "profile": "profile"}
"""What may stand in front of a figure, before the name of a part of the run: the dimension that the part is of."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a run, or of the part of it that has a name in a dimension: `expression` as it is written."""

    expression: str
    metric: Metric
    dimension: str = ""
    part: str = ""

    def of(self, run: MeasuredRun) -> Measurable | None:
        """The part of the run that the figure is taken from; None if there is no such part."""
        return run.part(self.dimension, self.part) if self.dimension else run

    def unknown(self, known: Sequence[str]) -> str:
        """The message if the run has no part of that name, but the `known` ones."""
        if any(f".{scope}." in self.part for scope in SCOPES):
            return "figures of a phase and of a group together are not kept, expected one of the two"
        scope = next(scope for scope, dimension in SCOPES.items() if dimension == self.dimension)
        expected = f"expected one of {', '.join(known)}" if known else "and the config has none"
        noun = "phase" if self.dimension == PHASE else f"{scope} group"
        return f"there is no {noun} {self.part}, {expected}"


@dataclass(frozen=True, slots=True)
class Threshold(Figure):
    """A limit on a figure: `expression` as it is shown, `limit` in the metric's unit, exact."""

    comparison: Operator = "<"
    limit: Fraction = Fraction(0)

    def __str__(self) -> str:
        return self.expression


def parse_threshold(text: str) -> Threshold:
    """The threshold that a text means, spaces normalized. Raises ValueError with a sentence that says what was expected."""
    parts = split_expression(text, "limit", EXAMPLE)
    figure = parse_figure(parts.name)
    comparison = parts.comparison
    limit = _limit(parts.written, figure.metric)
    if (comparison == "<" and limit == 0) or (comparison == ">" and limit == 100 and figure.metric.unit == "percent"):
        raise ValueError("no run can meet it, expected a limit within reach")
    expression = f"{figure.expression} {comparison} {parts.written}"
    return Threshold(expression, figure.metric, figure.dimension, figure.part, comparison, limit)


def parse_figure(name: str) -> Figure:
    """The figure of that name. `SCOPE.NAME.` in front of a metric narrows it to what fell due in that part of the run.

    Raises ValueError with a sentence that says what was expected.
    """
    scope, _, within = name.partition(".")
    if scope not in SCOPES:
        metric = _metric(name)
        return Figure(metric.name, metric)
    # a part's name may have dots, as a percentile may
    fitting = ((within[:dot], metric_named(within[dot + 1 :])) for dot in range(1, len(within)) if within[dot] == ".")
    found = next(((part, metric) for part, metric in fitting if metric), None)
    if found is None:
        raise ValueError(f"the figure {name} is not known, expected {scope}.{'NAME' if scope == 'phase' else 'ID'}. and {names()}")
    part, metric = found
    if metric.unit == "per_second" and scope == "phase":
        raise ValueError(f"{metric.name} is known for the whole run only, expected another figure for a phase")
    return Figure(f"{scope}.{part}.{metric.name}", metric, SCOPES[scope], part)


def _metric(name: str) -> Metric:
    if metric := metric_named(name):
        return metric
    clock, _, point = name.partition(".")
    likely = [each for each in (*METRICS, *(f"{clock}.{point}" for clock in CLOCKS)) if metric_named(each)]
    close = "" if clock in CLOCKS else closest(name, likely)
    hint = f" (did you mean {close}?)" if close else ""
    raise ValueError(f"the figure {name} is not known{hint}, expected {names()}")


def names() -> str:
    """Every figure that a threshold may be about, as a sentence lists them."""
    others = [name for name in METRICS if "." not in name]
    return f"{listed(CLOCKS)} with .max, .mean or a percentile such as .p90 or .p99.9, or {listed(others)}"


def _limit(written: str, metric: Metric) -> Fraction:
    """The limit in the metric's unit: seconds, percent, or reports per second."""
    if metric.unit == "seconds":
        try:
            limit_ns = parse_duration(written)
        except ValueError as error:
            raise ValueError(f"the limit {written} {error}; expected a duration such as 500ms") from None
        if limit_ns < 0:
            raise ValueError(f"the limit {written} is negative, expected a duration such as 500ms")
        return Fraction(limit_ns, SECOND)
    number = written.removesuffix("%").rstrip() if metric.unit == "percent" else written
    limit = plain_number(number)
    if metric.unit == "percent" and (limit is None or limit > 100):
        raise ValueError(f"the limit is {written}, expected a number from 0 to 100, in percent")
    if limit is None:
        raise ValueError(f"the limit is {written}, expected a number of reports per second")
    return limit


THRESHOLD = ParsedText(
    f"a threshold such as {EXAMPLE}",
    parse_threshold,
    {"type": "string", "pattern": r"^\s*[A-Za-z_][A-Za-z0-9_.-]*\s*(<|>)=?\s*[0-9.]", "examples": [EXAMPLE]},
)
"""A threshold as written in a config."""
