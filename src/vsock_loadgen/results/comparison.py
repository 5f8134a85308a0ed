"""Results compared: each figure of a baseline beside that of other sides, with the difference.

A side may have several runs of the same kind. It then stands for their median, and its spread, the largest less the smallest,
tells what a difference is worth: one that is not larger than the spread may be chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from statistics import median
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vsock_loadgen.config.schema import keys_of_scope
from vsock_loadgen.config.sources import nearest
from vsock_loadgen.config.thresholds import SCOPES, parse_figure
from vsock_loadgen.config.thresholds import Figure as Narrowed
from vsock_loadgen.measures.figures import METRICS, Unit, metric_named
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.record import FLAT, UNWRITTEN, As, Derived, Record
from vsock_loadgen.results.groups import DIMENSIONS, GroupResult
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.units import SECOND, parse_duration

OF_GROUPS = ("failed_percent", "response_time.p50", "response_time.p99")
"""Figures that are compared group by group."""
_ASKER = "asker"
_FEWEST_GROUPS = 2
"""One group is the whole run."""
OF_THE_LOAD = sorted(keys_of_scope("load"))
"""Keys of the config that decide, beside the plan and its slice, when reports are due."""

Value = float | None
"""A figure in its metric's unit; infinite for a time that falls among reports that were not delivered, None if there is none."""


def finite(value: Value) -> Value:
    """A figure as a document has it."""
    return None if value is None or math.isinf(value) else value


_EACH_FINITE = As(object, lambda values: [finite(value) for value in values], tuple)


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure that is compared: one that thresholds know, or one that only a whole result has. `value` is in `unit`, exact; it is
    taken from the result, or from the part of it that it is `narrowed` to. One `of_asked` is there only if the fleet was asked."""

    name: str
    unit: Unit
    value: Callable[[Any], Fraction | None] = field(compare=False)
    narrowed: Narrowed | None = None
    of_asked: bool = False

    @property
    def part(self) -> str:
        """What it is narrowed to, as it stands in front of the figure: `packages.2000`; empty for the whole run."""
        return self.name.removesuffix(f".{self.narrowed.metric.name}") if self.narrowed else ""


def _offered_per_second(result: Result) -> Fraction | None:
    """Due reports per second of the schedule, without the drain after its end."""
    duration = result.config.get("duration")
    duration_ns = parse_duration(duration) if isinstance(duration, str) else 0
    schedule_ns = min(result.elapsed_ns, duration_ns or result.elapsed_ns)
    return Fraction(result.counts.due * SECOND, schedule_ns) if schedule_ns else None


def _share_of(failure: FailureClass) -> Callable[[Result], Fraction | None]:
    def percent(result: Result) -> Fraction | None:
        settled = result.counts.settled
        return Fraction(100 * result.counts.failures.get(failure, 0), settled) if settled else None

    return percent


_FAILURES = [Compared(f"failed_percent.{failure}", "percent", _share_of(failure)) for failure in FailureClass]


def _askings_per_second(result: Result) -> Fraction | None:
    return Fraction(result.counts.askings * SECOND, max(1, result.elapsed_ns)) if result.asked else None


def _known_after(result: Result) -> Fraction | None:
    return _in_seconds(result.asked.known_after_ns) if result.asked else None


def _age_of(point: str) -> Callable[[Result], Fraction | None]:
    return lambda result: _in_seconds(getattr(result.asked.age, point)) if result.asked else None


def _in_seconds(nanoseconds: int | None) -> Fraction | None:
    return None if nanoseconds is None else Fraction(nanoseconds, SECOND)


_ASKED = [
    Compared("askings_per_second", "per_second", _askings_per_second, of_asked=True),
    Compared("known_after", "seconds", _known_after, of_asked=True),
    *(Compared(f"age_when_taken.{point}", "seconds", _age_of(point), of_asked=True) for point in ("p50", "p99")),
]
_KNOWN = {metric.name: Compared(metric.name, metric.unit, metric.value) for metric in METRICS.values()}
_RATES = [Compared("offered_per_second", "per_second", _offered_per_second), _KNOWN["reports_per_second"]]
COMPARED = {figure.name: figure for figure in (*_RATES, *_KNOWN.values(), *_FAILURES, *_ASKED)}
"""Every figure of a whole run that is compared, by its name."""


def compared(name: str) -> Compared:
    """The figure of that name, of a run or of a part of it. Raises ValueError with a sentence that says what was expected."""
    if name in COMPARED:
        return COMPARED[name]
    if name.partition(".")[0] not in SCOPES:
        if metric := metric_named(name):
            return Compared(metric.name, metric.unit, metric.value)
        known = f"one of {', '.join(COMPARED)}, or another percentile such as response_time.p90"
        raise ValueError(f"the figure {name} is not known{nearest(name, COMPARED)}; expected {known}")
    narrowed = parse_figure(name)
    return Compared(narrowed.expression, narrowed.metric.unit, narrowed.metric.value, narrowed)


@dataclass(frozen=True, slots=True)
class Side(Record):
    """One or more runs that should be alike, under a name for people."""

    label: str
    runs: tuple[Named, ...]

    def figure(self, metric: Compared) -> Figure:
        """What the runs have of a metric."""
        return Figure(tuple(value_of(metric, run.result) for run in self.runs))


@dataclass(frozen=True, slots=True)
class Figure(Record):
    """A metric's values, one per run."""

    values: Annotated[tuple[Value, ...], _EACH_FINITE]
    written_middle: ClassVar[Any] = Derived(lambda figure: finite(figure.middle), "median")
    written_spread: ClassVar[Any] = Derived(lambda figure: finite(figure.spread), "spread")

    @property
    def middle(self) -> Value:
        """The median of the runs; None if one of them has no value."""
        known = [value for value in self.values if value is not None]
        return median(known) if len(known) == len(self.values) else None

    @property
    def spread(self) -> Value:
        """The largest less the smallest value; None below two runs, or if one has no value."""
        known = [value for value in self.values if value is not None]
        if len(known) < len(self.values) or len(known) < 2:
            return None
        return 0.0 if min(known) == max(known) else max(known) - min(known)


@dataclass(frozen=True, slots=True)
class Change(Record):
    """How a metric of a side differs from the baseline's."""

    before: Annotated[Figure, UNWRITTEN]
    after: Annotated[Figure, FLAT]
    written_difference: ClassVar[Any] = Derived(lambda change: finite(change.difference), "difference")
    written_percent: ClassVar[Any] = Derived(lambda change: finite(change.percent), "percent")
    written_excess: ClassVar[Any] = Derived(lambda change: change.exceeds_spread, "exceeds_spread")

    @property
    def difference(self) -> Value:
        """After less before; None if there is nothing to subtract, as if both are times that were not delivered."""
        before, after = self.before.middle, self.after.middle
        if before is None or after is None or (math.isinf(before) and math.isinf(after)):
            return None
        return after - before

    @property
    def percent(self) -> Value:
        """The difference in percent of the baseline; infinite if that is 0 and the other is not."""
        before, difference = self.before.middle, self.difference
        if before is None or difference is None:
            return None
        if difference == 0:
            return 0.0
        if math.isinf(before):
            return -100.0
        return 100 * difference / before if before else math.inf

    @property
    def spread(self) -> Value:
        """The larger of both sides' spreads; None if neither has several runs."""
        known = [spread for spread in (self.before.spread, self.after.spread) if spread is not None]
        return max(known, default=None)

    @property
    def exceeds_spread(self) -> bool | None:
        """Whether the difference is more than the runs of a side differ among themselves; None if that is not known."""
        if self.spread is None or self.difference is None:
            return None
        return abs(self.difference) > self.spread


@dataclass(frozen=True, slots=True)
class Row(Record):
    """A metric of all sides: the baseline's figure, and a change for each other side."""

    metric: Annotated[Compared, UNWRITTEN]
    name: ClassVar[Any] = Derived(lambda row: row.metric.name)
    unit: ClassVar[Any] = Derived(lambda row: row.metric.unit)
    baseline: Figure
    changes: Annotated[tuple[Change, ...], Field(alias="others")]


@dataclass(frozen=True, slots=True)
class Difference(Record):
    """A key of what was set up whose value is not the same in every run; `values` are one per run, all sides in order."""

    key: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """A baseline and the sides that are compared with it. `rows` leave out failure classes that no run has, and figures of askings
    if no fleet was asked; those of groups, if all runs have the same, come last.

    `differences` are those of the configs and plans, `machines` those of the environment. In the document a figure is null if it
    does not exist or was not delivered, and times are seconds.
    """

    written_plan: ClassVar[Any] = Derived(lambda comparison: comparison.same_plan, "same_plan")
    written_mode: ClassVar[Any] = Derived(lambda comparison: comparison.same_mode, "same_mode")
    written_asker: ClassVar[Any] = Derived(lambda comparison: comparison.same_asker, "same_asker")
    written_turn: ClassVar[Any] = Derived(lambda comparison: comparison.in_turn, "in_turn")
    baseline: Side
    others: tuple[Side, ...]
    differences: tuple[Difference, ...]
    machines: tuple[Difference, ...]
    rows: Annotated[tuple[Row, ...], Field(alias="figures")]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, the baseline first."""
        return (self.baseline, *self.others)

    @property
    def runs(self) -> tuple[Named, ...]:
        """All runs, those of the baseline first."""
        return tuple(run for side in self.sides for run in side.runs)

    @property
    def same_plan(self) -> bool:
        """Whether every run had the same VMs, with the same moments at which their reports were due."""
        return len({_load_of(run.result) for run in self.runs}) == 1

    @property
    def in_turn(self) -> bool | None:
        """Whether the sides were run in turn, so that what changes on the machine meanwhile changes all of them; None if each has
        one run, or if they do not tell when they began."""
        began = sorted((run.began_ns, number) for number, side in enumerate(self.sides) for run in side.runs)
        if len(began) == len(self.sides) or len({moment for moment, _ in began}) < len(began):
            return None
        return len(list(groupby(number for _, number in began))) > len(self.sides)

    @property
    def same_mode(self) -> bool:
        """Whether the reports of every run were sent, or asked for in every run: else response times mean two things."""
        return len({run.result.mode for run in self.runs}) == 1

    @property
    def same_asker(self) -> bool:
        """Whether every fleet was asked by an asker with the same settings, as far as is known; if none was, nothing differs."""
        return not any(difference.key.startswith(_ASKER) for difference in self.differences)

    @property
    def by_part(self) -> dict[str, list[Row]]:
        """The rows of each part of the run: those of the whole under the empty name, then those of groups, in order."""
        parts: dict[str, list[Row]] = {}
        for row in self.rows:
            parts.setdefault(row.metric.part, []).append(row)
        return parts

    def row(self, metric: Compared) -> Row:
        """The row of a metric, shown or not."""
        return _row(metric, self.baseline, self.others)


def compare(baseline: Side, others: Sequence[Side]) -> Comparison:
    """Compare each of the others with the baseline; at least one."""
    runs = [run.result for side in (baseline, *others) for run in side.runs]
    if_any = (*_FAILURES, *_ASKED)
    shown = [metric for metric in COMPARED.values() if metric not in if_any or any(map(metric.value, runs))]
    shown += _of_groups(runs)
    return Comparison(
        baseline,
        tuple(others),
        tuple(differences_of([_setup(result, has_asker=all(each.asked for each in runs)) for result in runs])),
        tuple(differences_of([_machine(result) for result in runs])),
        tuple(_row(metric, baseline, others) for metric in shown),
    )


def value_of(metric: Compared, result: Result) -> Value:
    """A result's figure; None if it has no VMs of the part that it is of. A time that does not exist although reports were due
    is one that never ended."""
    measured = metric.narrowed.of(result) if metric.narrowed else result
    if measured is None:
        return None
    value = metric.value(measured)
    if value is None:
        return math.inf if metric.unit == "seconds" and not metric.of_asked and measured.counts.settled else None
    return float(value)


def _of_groups(runs: Sequence[Result]) -> Iterator[Compared]:
    """The figures of each group, in the dimensions in which all runs have the same groups."""
    for scope, dimension in SCOPES.items():
        if dimension not in DIMENSIONS:
            continue
        ids = [tuple(group.id for group in _groups(run, dimension)) for run in runs]
        if len(ids[0]) >= _FEWEST_GROUPS and len(set(ids)) == 1:
            yield from (compared(f"{scope}.{each}.{metric}") for each in ids[0] for metric in OF_GROUPS)


def _groups(result: Result, dimension: str) -> Sequence[GroupResult]:
    return result.groups.of(dimension) if result.groups else ()


def _row(metric: Compared, baseline: Side, others: Sequence[Side]) -> Row:
    figure = baseline.figure(metric)
    return Row(metric, figure, tuple(Change(figure, side.figure(metric)) for side in others))


def _load_of(result: Result) -> str:
    """What decides which reports are due, and when."""
    config = [result.config.get(key) for key in OF_THE_LOAD]
    return repr([result.plan["digest"], result.slice["first_vm"], result.slice["vms"], *config])


def _setup(result: Result, *, has_asker: bool) -> dict[str, object]:
    """Config, slice, plan and mode by dotted key, and who asked if `has_asker`. The plan's digest says what the keys may not: that
    the VMs differ."""
    slice_ = {f"slice.{key}": result.slice.get(key) for key in ("first_vm", "vms")}
    asker = dict(flat(_ASKER, result.asked.asker)) if has_asker and result.asked else {}
    return dict(flat("", result.config)) | slice_ | {"plan digest": result.plan["digest"], "mode": result.mode} | asker


def _machine(result: Result) -> dict[str, object]:
    """The environment without the command line; of a merged result, what its nodes' have in common."""
    return {key: value for key, value in result.environment.items() if key not in ("nodes", "command")}


def flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    """The leaves of a document with their paths; a list is a leaf."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flat(f"{path}.{key}" if path else str(key), item)
    else:
        yield path, value


def differences_of(documents: Sequence[dict[str, object]]) -> Iterator[Difference]:
    """The keys whose values are not the same in all of them."""
    for key in dict.fromkeys(key for document in documents for key in document):
        values = tuple(document.get(key) for document in documents)
        if any(value != values[0] for value in values):
            yield Difference(key, values)
