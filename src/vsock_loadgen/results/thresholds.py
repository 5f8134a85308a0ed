"""The thresholds of a run, judged by its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from vsock_loadgen.config.expressions import plain_number
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.figures import COMPARE, Measurable, MeasuredRun, Unit
from vsock_loadgen.record import LATER, Flag, Nanoseconds, Number, Record, Text
from vsock_loadgen.units import SECOND, format_number, format_seconds


@dataclass(frozen=True, slots=True)
class JudgedThreshold(Record):
    """A threshold with what was found, a time in seconds; `value` None if the figure does not exist, which fails.

    `passed` is None if nothing was judged, since nothing was due of what it is about. `limit` is what the value was compared with,
    in `unit`: for what adds up over the fleet, on one of several nodes, this node's part of the limit that is written.
    """

    expression: Text
    limit: Annotated[Number | None, LATER] = field(default=None, kw_only=True)
    value: Number | None
    unit: Unit
    passed: Flag | None

    @property
    def shown_value(self) -> str:
        """What was found, for people."""
        if self.passed is None:
            return "not judged"
        if self.value is None:
            return "not delivered"
        return self._shown(self.value)

    @property
    def shown_margin(self) -> str:
        """How far it is from the limit, for people; empty if that is not known."""
        if self.passed is None or self.value is None or self.limit is None:
            return ""
        apart = self._shown(round(abs(self.value - self.limit), 9))
        return f"{apart} {'to spare' if self.passed else 'over' if self.value >= self.limit else 'short'}"

    def _shown(self, value: float) -> str:
        if self.unit == "seconds":
            return format_seconds(value * SECOND)
        return f"{format_number(value)}{' %' if self.unit == 'percent' else ' per second'}"

    @property
    def margin(self) -> float | None:
        """How far what was found is within the limit, in `unit`; negative beyond it, None if there is nothing to subtract."""
        if self.passed is None or self.value is None or self.limit is None:
            return None
        operator = self.expression.rpartition(" ")[0].rpartition(" ")[2]
        return self.value - self.limit if operator.startswith(">") else self.limit - self.value

    def __str__(self) -> str:
        if self.passed is None:
            return f"{self.expression} is not judged: no report was due"
        if self.value is None:
            return f"{self.expression} is missed: it falls among reports that were not delivered"
        return f"{self.expression}{self.of_a_part} is {'met' if self.passed else 'missed'}: {self.shown_value}"

    @property
    def of_a_part(self) -> str:
        """The part of the written limit that applied, if it is a part."""
        written = plain_number(self.expression.rpartition(" ")[2])
        if self.unit != "per_second" or self.limit is None or written is None or float(written) == self.limit:
            return ""
        return f" ({format_number(self.limit)} for this node's part)"


@dataclass(frozen=True, slots=True)
class Abortion(Record):
    """A run that was stopped, `at_ns` from its start, because thresholds were missed."""

    at_ns: Annotated[Nanoseconds, Field(alias="at_seconds")]
    missed: tuple[JudgedThreshold, ...]

    def __str__(self) -> str:
        return f"the run was stopped after {format_seconds(self.at_ns)}, since a threshold was missed (abortOnFail)"


def judge_thresholds(thresholds: Sequence[Threshold], run: MeasuredRun) -> tuple[JudgedThreshold, ...]:
    """Each threshold with what was found, in their order."""
    return tuple(_judged(threshold, run) for threshold in thresholds)


def judge_so_far(thresholds: Sequence[Threshold], run: MeasuredRun) -> tuple[JudgedThreshold, ...]:
    """As `judge_thresholds`, during the run: thresholds without finished reports are not judged."""
    return tuple(_judged(threshold, run) if _has_begun(threshold, run) else unjudged(threshold) for threshold in thresholds)


def _has_begun(threshold: Threshold, run: MeasuredRun) -> bool:
    measured = threshold.of(run)
    return measured is not None and measured.counts.settled > 0


def unjudged(threshold: Threshold) -> JudgedThreshold:
    """A threshold without known reports."""
    return JudgedThreshold(threshold.expression, None, threshold.metric.unit, None, limit=float(threshold.limit))


def _judged(threshold: Threshold, run: MeasuredRun) -> JudgedThreshold:
    measured = threshold.of(run)
    if measured is None or not measured.counts.due:
        return unjudged(threshold)
    return judged_on(threshold, measured)


def judged_on(threshold: Threshold, measured: Measurable) -> JudgedThreshold:
    """A threshold with what was found in some reports, whatever its own scope; if there is no figure, it is missed."""
    value = threshold.metric.value(measured)
    passed = value is not None and COMPARE[threshold.comparison](value, threshold.limit)
    found = None if value is None else float(value)
    return JudgedThreshold(threshold.expression, found, threshold.metric.unit, passed, limit=float(threshold.limit))
