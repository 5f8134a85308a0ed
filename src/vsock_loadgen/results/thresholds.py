"""The thresholds of a run, held against its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import COMPARE, Measurable, MeasuredRun, Unit
from vsock_loadgen.record import Flag, Nanoseconds, Number, Record, Text
from vsock_loadgen.units import SECOND, format_number, format_seconds


@dataclass(frozen=True, slots=True)
class JudgedThreshold(Record):
    """A threshold with what was found, a time in seconds; `value` None where the figure does not exist, which fails.

    `passed` is None if nothing was judged: on a node where nothing was due of the group that it is about.
    """

    expression: Text
    value: Number | None
    unit: Unit
    passed: Flag | None

    @property
    def shown_value(self) -> str:
        """What was found, for people."""
        if self.passed is None:
            return "not judged"
        if self.value is None:
            return "not delivered" if self.unit == "seconds" else "no report"
        if self.unit == "seconds":
            return format_seconds(self.value * SECOND)
        return f"{format_number(self.value)}{' %' if self.unit == 'percent' else ' a second'}"

    def __str__(self) -> str:
        if self.passed:
            return f"{self.expression} is met: {self.shown_value}"
        if self.value is None:
            missing = "it falls among reports that were not delivered" if self.unit == "seconds" else "no report was due"
            return f"{self.expression} is missed: {missing}"
        return f"{self.expression} is missed: {self.shown_value}"


@dataclass(frozen=True, slots=True)
class Abortion(Record):
    """A run that was stopped, `at_ns` from its start, because of thresholds that were missed by then."""

    at_ns: Annotated[Nanoseconds, Field(alias="at_seconds")]
    missed: tuple[JudgedThreshold, ...]

    def __str__(self) -> str:
        return f"the run was stopped after {format_seconds(self.at_ns)}, since a threshold was missed (abortOnFail)"


def judge_thresholds(thresholds: Sequence[Threshold], run: MeasuredRun) -> tuple[JudgedThreshold, ...]:
    """Each threshold with what was found, in their order."""
    return tuple(_judged(threshold, run) for threshold in thresholds)


def _judged(threshold: Threshold, run: MeasuredRun) -> JudgedThreshold:
    """A figure that does not exist fails; a group of which nothing was due here is not judged."""
    measured = threshold.of(run)
    is_of_a_group = threshold.dimension not in ("", PHASE)
    if is_of_a_group and (measured is None or not measured.counts.due):
        return JudgedThreshold(threshold.expression, None, threshold.metric.unit, passed=None)
    return judged_on(threshold, measured)


def judged_on(threshold: Threshold, measured: Measurable | None) -> JudgedThreshold:
    """A threshold with what was found in some reports, whichever it is about; where there is no figure, it is missed."""
    value = None if measured is None else threshold.metric.value(measured)
    passed = value is not None and COMPARE[threshold.comparison](value, threshold.limit)
    return JudgedThreshold(threshold.expression, None if value is None else float(value), threshold.metric.unit, passed)
