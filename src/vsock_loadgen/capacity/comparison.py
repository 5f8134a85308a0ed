"""Outcomes of searches compared: what each holds beside what the first one does.

A search knows what holds as an interval: from the highest load that held to the lowest that missed. Two searches differ beyond
doubt if their intervals do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.trial import Level
from vsock_loadgen.config.expressions import plain_percent, split_expression
from vsock_loadgen.config.schema import keys_of_scope
from vsock_loadgen.errors import EXIT_INTERNAL, EXIT_SATURATED
from vsock_loadgen.measures.figures import COMPARE, Operator
from vsock_loadgen.record import FLAT, UNWRITTEN, As, Derived, Record, plain
from vsock_loadgen.results.comparison import Difference, differences_of, flat

COMPARISON_SCHEMA = "vsock-loadgen/capacity-comparison/v1"
HOLDS = "holds"
EXAMPLE = "holds < -10%"
NO_ANSWER = (EXIT_INTERNAL, EXIT_SATURATED)
"""Exit codes of searches whose bounds are not those of the target."""
Unit = Literal["reports_per_second", "vms"]
"""The unit in which loads are compared: VMs if all searches varied these."""
_OF_THE_TARGET = frozenset({"target", "thresholds"})
"""Keys of the config that do not change the load: two targets may be compared, and goals are shown separately."""
_TERMS = ("precision", "confirm")
"""Options of searches beside their goals that do not change the load either."""
_KEPT = (
    *("vary", "holds", "misses", "limited_by", "plateau_reports_per_second", "confidence", "goals", "bounds", "complete"),
    "exit_code",
)
_IN_SHORT = As(
    Capacity, lambda capacity: dict(zip(_KEPT, itemgetter(*_KEPT)(capacity.to_json()), strict=True)), lambda capacity: capacity
)


@dataclass(frozen=True, slots=True)
class Side(Record):
    """The outcome of a search, and the file that it came from."""

    name: str
    capacity: Annotated[Capacity, _IN_SHORT, FLAT]

    def interval(self, unit: Unit) -> tuple[float, float]:
        """The highest load that held and the lowest that missed; 0 and infinite if there is none."""
        low, high = amount(self.capacity.holds, unit), amount(self.capacity.misses, unit)
        return 0.0 if low is None else low, math.inf if high is None else high

    def width(self, unit: Unit) -> float | None:
        """How far the bounds are apart; None if one is missing."""
        low, high = self.interval(unit)
        return high - low if self.capacity.holds and self.capacity.misses else None


def amount(level: Level | None, unit: Unit) -> float | None:
    """A load in that unit."""
    return None if level is None else float(getattr(level, unit))


@dataclass(frozen=True, slots=True)
class Change(Record):
    """How what a search found differs from the baseline."""

    before: Annotated[Side, UNWRITTEN]
    after: Annotated[Side, FLAT]
    unit: Annotated[Unit, UNWRITTEN]
    written_difference: ClassVar[Any] = Derived(lambda change: change.difference, "difference")
    written_percent: ClassVar[Any] = Derived(lambda change: change.percent, "percent")
    written_width: ClassVar[Any] = Derived(lambda change: change.width, "bounds_width")
    written_overlap: ClassVar[Any] = Derived(lambda change: change.overlaps, "bounds_overlap")

    @property
    def difference(self) -> float | None:
        """What holds after, less what held before; None if nothing held in both."""
        before, after = (amount(side.capacity.holds, self.unit) for side in (self.before, self.after))
        return None if before is None and after is None else (after or 0.0) - (before or 0.0)

    @property
    def percent(self) -> float | None:
        """The difference in percent of what held before; None if nothing did."""
        before = amount(self.before.capacity.holds, self.unit)
        return 100 * self.difference / before if before and self.difference is not None else None

    @property
    def width(self) -> float | None:
        """The larger distance between the bounds of a search; None if neither has both."""
        widths = [side.width(self.unit) for side in (self.before, self.after)]
        return max((width for width in widths if width is not None), default=None)

    @property
    def overlaps(self) -> bool:
        """Whether both may have the same limit, as far as their bounds say."""
        (low, high), (other_low, other_high) = self.before.interval(self.unit), self.after.interval(self.unit)
        return low < other_high and other_low < high


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """A baseline and the searches that are compared with it.

    `differences` are those of the configs and of what was asked of the searches, `machines` those of the environments.
    """

    unit: Unit
    same_goals: ClassVar[Any] = Derived(lambda comparison: comparison.has_same_goals)
    same_load: ClassVar[Any] = Derived(lambda comparison: comparison.has_same_load)
    baseline: Side
    changes: Annotated[tuple[Change, ...], Field(alias="others")]
    differences: tuple[Difference, ...]
    machines: tuple[Difference, ...]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, the baseline first."""
        return (self.baseline, *(change.after for change in self.changes))

    @property
    def has_same_goals(self) -> bool:
        """Whether all searches had the same goals."""
        return len({frozenset(side.capacity.goals) for side in self.sides}) == 1

    @property
    def has_same_load(self) -> bool:
        """Whether every search began with the same VMs and reports, and varied the same."""
        of_a_node = keys_of_scope("node")
        keys = {difference.key.partition(".")[0] for difference in self.differences}
        return keys <= of_a_node | _OF_THE_TARGET | set(_TERMS)


def compare(sides: Sequence[Side]) -> Comparison:
    """Compare each of the others with the first; at least two."""
    baseline, *others = sides
    unit: Unit = "vms" if all(side.capacity.vary == "vms" for side in sides) else "reports_per_second"
    return Comparison(
        unit,
        baseline,
        tuple(Change(baseline, other, unit) for other in others),
        tuple(differences_of([_asked(side.capacity) for side in sides])),
        tuple(differences_of([_machine(side.capacity) for side in sides])),
    )


def _asked(capacity: Capacity) -> dict[str, object]:
    """Config and terms by dotted key; goals apart."""
    terms = {"vary": capacity.vary} | {name: getattr(capacity.bounds, name) for name in _TERMS}
    return terms | {key: value for key, value in flat("", dict(capacity.config)) if key != "thresholds"}


def _machine(capacity: Capacity) -> dict[str, object]:
    """The environment without the command line."""
    return {key: value for key, value in capacity.environment.items() if key != "command"}


@dataclass(frozen=True, slots=True)
class HoldsCondition:
    """A bound on how much more or less holds than before, in percent of that."""

    expression: str
    operator: Operator
    percent: Fraction

    def judge(self, comparison: Comparison) -> list[JudgedHolds]:
        """Check every other side's difference against the bound. A difference that does not exist fails."""
        return [
            JudgedHolds(
                self.expression,
                change.after.name,
                change.percent,
                change.percent is None or COMPARE[self.operator](change.percent, float(self.percent)),
            )
            for change in comparison.changes
        ]


@dataclass(frozen=True, slots=True)
class JudgedHolds(Record):
    """A condition with the difference in percent that one side has."""

    expression: str
    side: str
    value: float | None
    failed: bool


def parse_holds(text: str) -> HoldsCondition:
    """The condition of a text such as EXAMPLE. Raises ValueError with a sentence that says what was expected."""
    parts = split_expression(text, "difference", repr(EXAMPLE))
    if parts.name != HOLDS:
        raise ValueError(f"the figure {parts.name} is not known of searches, expected {HOLDS}, as in {EXAMPLE!r}")
    written = parts.written
    sign = {"+": 1, "-": -1}.get(written[0], 0)
    percent = plain_percent(written[1:] if sign else written)
    if not written.endswith("%") or percent is None or (percent and not sign):
        raise ValueError(f"the difference is {written}, expected a percentage of what held before, with its sign, such as -10%")
    return HoldsCondition(f"{HOLDS} {parts.comparison} {written}", parts.comparison, sign * percent)


def comparison_document(comparison: Comparison, judged: Sequence[JudgedHolds] = ()) -> dict[str, object]:
    """A comparison with what was asked of it, as a plain JSON document: a contract."""
    status = "failed" if any(condition.failed for condition in judged) else "passed"
    return {"schema": COMPARISON_SCHEMA, "status": status, "conditions": plain(judged), **comparison.to_json()}
