"""Figures of single runs, their medians over the rounds, and ratios with their budgets. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median
from typing import Any, Literal

SenderName = Literal["ours", "floor", "go", "bare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One sender in one run. Times are seconds unless their name says microseconds; None is what cannot be had.

    `busiest_share` is the share of one processor that the sender's busiest process used, `sink_share` the receiver's;
    `others_share` is the share of the whole machine that went to processes outside the bench. Of a fleet that is asked, a report is
    an answer: `added_bytes` is what its askers made it grow, `probe_seconds` the longest that a look at it took meanwhile.
    """

    reports_per_second: float
    cpu_us_per_report: float
    user_us_per_report: float
    sink_us_per_report: float
    busiest_share: float | None = None
    sink_share: float
    others_share: float
    lag_p50: float | None = None
    lag_p99: float | None = None
    lag_max: float | None = None
    pss_bytes: float | None = None
    first_report_seconds: float | None = None
    processes: float = 1
    not_delivered: float = 0
    wall_seconds: float | None = None
    added_bytes: float | None = None
    probe_seconds: float | None = None

    def with_lag(self, lag: Mapping[str, float | None]) -> Figures:
        """The same, with quantiles of a lag by their names."""
        return replace(self, lag_p50=lag["p50"], lag_p99=lag["p99"], lag_max=lag["max"])

    def to_json(self) -> dict[str, float | None]:
        """The figures under their names."""
        return asdict(self)


FIGURE_NAMES = tuple(field.name for field in fields(Figures))


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure over the runs that have it. Raises ValueError where there is no run."""
    if not runs:
        raise ValueError("found no run, expected at least one")
    columns: dict[str, Any] = {}
    for name in FIGURE_NAMES:
        values = [value for run in runs if (value := getattr(run, name)) is not None]
        columns[name] = median(values) if values else None
    return Figures(**columns)


@dataclass(frozen=True, slots=True)
class Budget:
    """An upper limit on a figure of ours, or, with a `reference`, on its ratio to the reference's."""

    figure: str
    limit: float
    reference: SenderName | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A budget and what was found; `value` None where there was nothing to judge (`met` is None then)."""

    scenario: str
    budget: Budget
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether the value keeps within the limit."""
        return None if self.value is None else self.value <= self.budget.limit

    def to_json(self) -> dict[str, object]:
        """The judgement as a plain document."""
        return {"scenario": self.scenario} | asdict(self.budget) | {"value": self.value, "met": self.met}


def ratio(ours: Figures, reference: Figures | None, figure: str) -> float | None:
    """A figure of ours divided by the reference's, None where either is missing or the reference's is 0."""
    over = getattr(ours, figure)
    under = getattr(reference, figure) if reference else None
    return over / under if over is not None and under else None


def judge(scenario: str, budget: Budget, by_sender: dict[SenderName, Figures]) -> Judgement:
    """The judgement of a scenario's medians by a budget."""
    ours = by_sender.get("ours")
    if ours is None:
        return Judgement(scenario, budget, None)
    value = ratio(ours, by_sender.get(budget.reference), budget.figure) if budget.reference else getattr(ours, budget.figure)
    return Judgement(scenario, budget, value)


def spread(values: Sequence[float]) -> float:
    """How far the values lie apart: (largest - smallest) / median, 0 for a single one."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0
