"""The grammar of a threshold, as in `response_time.p99 < 500ms`: a figure of the result, a comparison, a limit in its unit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.config.expressions import listed, plain_number, split_expression
from vsock_loadgen.config.places import closest
from vsock_loadgen.grammar.leaves import ParsedText
from vsock_loadgen.measures.figures import METRICS, Measurable, MeasuredRun, Metric, Operator
from vsock_loadgen.units import SECOND, parse_duration

EXAMPLE = "response_time.p99 < 500ms"
_PHASE = "phase."


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit on a metric: `expression` as it is shown, `limit` in the metric's unit, exact.

    With a `phase`, it is about the reports that fell due in that phase of load; empty, about all of them.
    """

    expression: str
    metric: Metric
    comparison: Operator
    limit: Fraction
    phase: str = ""

    def scope(self, run: MeasuredRun) -> Measurable | None:
        """What of the run the threshold is about; None where nothing is."""
        return run.of_phase(self.phase) if self.phase else run

    def __str__(self) -> str:
        return self.expression


def parse_threshold(text: str) -> Threshold:
    """The threshold that a text means, spaces made even. Raises ValueError with a sentence that says what was expected."""
    parts = split_expression(text, "limit", EXAMPLE)
    phase, metric = _phase_and_metric(parts.name)
    comparison = parts.comparison
    limit = _limit(parts.written, metric)
    if (comparison == "<" and limit == 0) or (comparison == ">" and limit == 100 and metric.unit == "percent"):
        raise ValueError("no run can meet it, expected a limit within reach")
    shown = f"{_PHASE}{phase}.{metric.name}" if phase else metric.name
    return Threshold(f"{shown} {comparison} {parts.written}", metric, comparison, limit, phase)


def _phase_and_metric(name: str) -> tuple[str, Metric]:
    """`phase.NAME.` in front of a figure narrows it to what fell due in that phase."""
    if not name.startswith(_PHASE):
        return "", _metric(name)
    within = name.removeprefix(_PHASE)
    fitting = [known for known in METRICS if within.endswith(f".{known}")]
    if not fitting:
        raise ValueError(f"the figure {name} is not known, expected {_PHASE}NAME. and {names()}")
    metric = max(fitting, key=len)
    if METRICS[metric].unit == "per_second":
        raise ValueError(f"{metric} is known for the whole run only, expected another figure for a phase")
    return within.removesuffix(f".{metric}"), METRICS[metric]


def _metric(name: str) -> Metric:
    if name in METRICS:
        return METRICS[name]
    close = closest(name, METRICS)
    hint = f" (did you mean {close}?)" if close else ""
    raise ValueError(f"the figure {name} is not known{hint}, expected {names()}")


def names() -> str:
    """Every figure that a threshold may be about, as a sentence lists them."""
    clocks = list(dict.fromkeys(name.partition(".")[0] for name in METRICS if "." in name))
    points = list(dict.fromkeys("." + name.partition(".")[2] for name in METRICS if "." in name))
    return f"{listed(clocks)} with {listed(points)}, or {listed([name for name in METRICS if '.' not in name])}"


def _limit(written: str, metric: Metric) -> Fraction:
    """The limit in the metric's unit: seconds, percent, or reports a second."""
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
        raise ValueError(f"the limit is {written}, expected a number of reports a second")
    return limit


THRESHOLD = ParsedText(
    f"a threshold such as {EXAMPLE}",
    parse_threshold,
    {"type": "string", "pattern": r"^\s*[A-Za-z_][A-Za-z0-9_.-]*\s*(<|>)=?\s*[0-9.]", "examples": [EXAMPLE]},
)
"""A threshold as written in a config."""
