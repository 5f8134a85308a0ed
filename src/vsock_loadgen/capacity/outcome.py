"""The outcome of a search, as one record and as one JSON document: a contract (`vsock-loadgen/capacity/v1`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from vsock_loadgen.capacity.amounts import Vary
from vsock_loadgen.capacity.search import Point, Search
from vsock_loadgen.capacity.trial import Level, Trial
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL, EXIT_SATURATED, EXIT_THRESHOLD
from vsock_loadgen.record import Derived, Flag, Like, Number, Record, Text, Whole
from vsock_loadgen.results.ended import Instant
from vsock_loadgen.units import format_number

CAPACITY_SCHEMA = "vsock-loadgen/capacity/v1"
Confidence = Literal["clear", "majority", "contradictory", "changed", "interrupted"]
"""How sure the bounds are: every trial at them was `clear`; some were not, and the `majority` of three decided; two trials were
`contradictory` and stayed so; the target had `changed` by the end; or the search was `interrupted` before it."""
_OBJECT = Like(dict[str, object])


@dataclass(frozen=True, slots=True)
class AtLeast(Record):
    """The load that a pipeline requires: reports per second, or VMs."""

    value: Number
    unit: Literal["reports_per_second", "vms"]

    def is_met(self, level: Level) -> bool:
        """Whether a load is at least that."""
        return float(getattr(level, self.unit)) >= self.value

    def __str__(self) -> str:
        return f"{format_number(self.value)}/s" if self.unit == "reports_per_second" else f"{self.value:,.0f} VMs"


@dataclass(frozen=True, slots=True)
class Bounds(Record):
    """Between which loads a search stays, where it begins, how close its bounds come, and how often each is confirmed."""

    start: Number
    lowest: Number
    highest: Number | None
    precision: Number
    confirm: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Record):
    """Everything that a search found, or has found so far.

    `holds` is the highest load that held below all that did not, `misses` the lowest that did not, None if there is none.
    `limited_by` is what keeps the bounds where they are: a goal, `backlog` (it grew before any goal was missed), `thrown away` (by
    the target, after it had taken reports), `generator`, `fleet`, `bounds`, `not recovered`; None if the search was interrupted
    before that was known.
    """

    schema: ClassVar[Any] = Derived(lambda _: CAPACITY_SCHEMA)
    started_at: Instant
    target: Text
    vary: Vary
    holds: Level | None
    misses: Level | None
    limited_by: Text | None
    plateau_reports_per_second: Number | None
    confidence: Confidence
    contradictory_from: Whole | None
    goals: tuple[Text, ...]
    at_least: AtLeast | None
    bounds: Bounds
    idle_p95: Annotated[Number | None, Field(alias="idle_response_time_p95_seconds")]
    probes: Whole
    complete: Flag
    exit_code: ClassVar[Any] = Derived(lambda capacity: capacity.code)
    trials: tuple[Trial, ...]
    config: Annotated[Mapping[str, object], _OBJECT] = field(default_factory=dict)
    environment: Annotated[Mapping[str, object], _OBJECT] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """What the process should exit with."""
        is_sound = self.complete and self.limited_by != "not recovered" and self.confidence not in ("contradictory", "changed")
        if not is_sound:
            return EXIT_INTERNAL
        if self.holds is None and self.limited_by != "generator":
            return EXIT_THRESHOLD
        if self.at_least and self.holds and self.at_least.is_met(self.holds):
            return EXIT_DONE
        if self.limited_by == "generator":
            return EXIT_SATURATED
        return EXIT_THRESHOLD if self.at_least else EXIT_DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is known of a search before its first trial."""

    started_at: str
    target: str
    at_least: AtLeast | None
    idle_p95: float | None
    config: Mapping[str, object]
    environment: Mapping[str, object]


def capacity_of(search: Search, frame: Frame, *, probes: int, complete: bool) -> Capacity:
    """What a search has found, at its end if it is `complete`."""
    terms, lower, upper = search.terms, search.lower, search.upper
    contradiction = search.contradiction
    highest = terms.highest if terms.highest != float("inf") else None
    return Capacity(
        started_at=frame.started_at,
        target=frame.target,
        vary=terms.vary,
        holds=_level(search, lower),
        misses=_level(search, next((point for point in search.points if point.verdict == "misses"), None)),
        limited_by=_limited_by(search, lower, upper),
        plateau_reports_per_second=_plateau(search),
        confidence=_confidence(search, complete=complete),
        contradictory_from=contradiction.since if contradiction else None,
        goals=tuple(goal.expression for goal in terms.goals),
        at_least=frame.at_least,
        bounds=Bounds(terms.start, terms.lowest, highest, terms.precision, terms.confirm),
        idle_p95=frame.idle_p95,
        probes=probes,
        complete=complete,
        trials=search.trials,
        config=frame.config,
        environment=frame.environment,
    )


def _level(search: Search, point: Point | None) -> Level | None:
    return point.trials[-1].level if point else None


def _limited_by(search: Search, lower: Point | None, upper: Point | None) -> str | None:
    if not search.recovered:
        return "not recovered"
    if upper:
        return "generator" if upper.verdict == "late" else upper.missed
    return search.terms.highest_by if lower and lower.load >= search.terms.highest else None


def _plateau(search: Search) -> float | None:
    """What the target delivers under too much load; None if its backlog does not grow then."""
    trial = next((trial for trial in search.trials if trial.purpose == "plateau"), None)
    if trial is None or trial.generator_late or trial.backlog == "level":
        return None
    return trial.delivered_per_second


def _confidence(search: Search, *, complete: bool) -> Confidence:
    if search.contradiction:
        return "contradictory"
    if search.changed:
        return "changed"
    if not complete:
        return "interrupted"
    return "clear" if all(point.clear for point in (search.lower, search.upper) if point) else "majority"
