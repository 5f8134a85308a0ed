"""A comparison of searches in words and figures, for every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vsock_loadgen.capacity.comparison import NO_ANSWER, Change, Comparison, JudgedHolds, Side, Unit, amount
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.trial import Level
from vsock_loadgen.results.comparison import Difference
from vsock_loadgen.results.conditions import signed
from vsock_loadgen.text.capacity_sheet import confidence_text, limit_text
from vsock_loadgen.text.comparison_sheet import plain_text, side_letter
from vsock_loadgen.units import format_number

_FIGURES_BEYOND = 10
"""Percentages above this are shown without decimals: no search is that precise."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a comparison shows. Sides go by letters, A the baseline; `sides` are (letter, name).

    `changes` are (what holds, what the bounds say of it), one for each side but the baseline. A row of `found`, `asked` and
    `machines` has a name and a text for each side; the last two are what differs.
    """

    letters: tuple[str, ...]
    verdict: str
    conditions: tuple[str, ...]
    changes: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sides: tuple[tuple[str, str], ...]
    found: tuple[tuple[str, ...], ...]
    asked: tuple[tuple[str, ...], ...]
    machines: tuple[tuple[str, ...], ...]


def sheet_of(comparison: Comparison, judged: Sequence[JudgedHolds] = ()) -> Sheet:
    """A comparison and what was asked of it; the verdict is empty if nothing was."""
    letters = tuple(map(side_letter, range(len(comparison.sides))))
    verdict = "failed" if any(condition.failed for condition in judged) else "passed"
    return Sheet(
        letters,
        verdict if judged else "",
        tuple(map(_condition, judged)),
        tuple((_change(change), _bounds(change)) for change in comparison.changes),
        tuple(_warnings(comparison)),
        tuple(zip(letters, (side.name for side in comparison.sides), strict=True)),
        tuple((name, *(tell(side.capacity) for side in comparison.sides)) for name, tell in _FOUND.items()),
        tuple(map(_differing, comparison.differences)),
        tuple(map(_differing, comparison.machines)),
    )


def _condition(judged: JudgedHolds) -> str:
    shown = "nothing held before" if judged.value is None else f"{signed(judged.value)} %"
    return f"{judged.expression} is {'the case' if judged.failed else 'not the case'} for {judged.side}: {shown}"


def _change(change: Change) -> str:
    """How much more or less holds than before, in a line; without a percentage if one of them may hold any load above."""
    before, after = (_held(side, change.unit) for side in (change.before, change.after))
    name, percent = change.after.name, change.percent
    if percent is None:
        return f"{name} holds {after}; before, no load that was tried held"
    is_open = any(side.capacity.misses is None for side in (change.before, change.after))
    if is_open or change.after.capacity.holds is None:
        return f"{name} holds {after}, before {before}"
    if not percent:
        return f"{name} holds as much as before: {after}"
    much = abs(percent)
    shown = format_number(round(much) if much > _FIGURES_BEYOND else much)
    return f"{name} holds {shown} % {'more' if percent > 0 else 'less'} than before: {after}, before {before}"


def _bounds(change: Change) -> str:
    """Whether the difference exceeds what the bounds leave open."""
    before, after = (_interval(side, change.unit) for side in (change.before, change.after))
    if change.overlaps:
        return f"within the width of the bounds, which overlap: {before} before, {after} now"
    return f"more than the width of the bounds, which do not overlap: {before} before, {after} now"


def _interval(side: Side, unit: Unit) -> str:
    """Between which loads the limit is, in words."""
    held, missed = amount(side.capacity.holds, unit), amount(side.capacity.misses, unit)
    if held is None:
        return "not known" if missed is None else f"below {format_number(missed)}"
    return f"{format_number(held)} and above" if missed is None else f"{format_number(held)} to {format_number(missed)}"


def _held(side: Side, unit: Unit) -> str:
    """The highest load that held: if no load missed, the limit is at least that."""
    value = amount(side.capacity.holds, unit)
    if value is None:
        return "no load that was tried"
    load = f"{value:,.0f} VMs" if unit == "vms" else f"{format_number(value)} reports/s"
    return load if side.capacity.misses else f"at least {load}"


def _warnings(comparison: Comparison) -> Iterator[str]:
    """What speaks against the comparison."""
    for side in comparison.sides:
        if side.capacity.code in NO_ANSWER:
            yield f"{side.name} is not an answer: {_doubt(side)}"
    if not comparison.has_same_goals:
        yield "The goals differ: the searches looked for different things."
    if not comparison.has_same_load:
        yield "The configs differ: the searches had other fleets."


def _doubt(side: Side) -> str:
    """What is wrong with a search whose bounds are not those of the target."""
    capacity = side.capacity
    return limit_text(capacity) if capacity.limited_by in ("generator", "not recovered") else confidence_text(capacity)


def _level(level: Level | None) -> str:
    return f"{format_number(level.reports_per_second)} /s, {level.vms:,} VMs" if level else "-"


def _apart(capacity: Capacity) -> str:
    """How far the bounds are apart, in percent of the lower one."""
    if not capacity.holds or not capacity.misses or not capacity.holds.reports_per_second:
        return "-"
    return f"{format_number(100 * (capacity.misses.reports_per_second / capacity.holds.reports_per_second - 1))} %"


def _plateau(capacity: Capacity) -> str:
    plateau = capacity.plateau_reports_per_second
    return "-" if plateau is None else f"{format_number(plateau)} /s"


_FOUND: dict[str, Callable[[Capacity], str]] = {
    "holds": lambda capacity: _level(capacity.holds),
    "misses": lambda capacity: _level(capacity.misses),
    "bounds apart": _apart,
    "plateau": _plateau,
    "limited by": lambda capacity: capacity.limited_by or "-",
    "confidence": lambda capacity: capacity.confidence,
    "goals": lambda capacity: ", ".join(capacity.goals),
    "trials": lambda capacity: f"{len(capacity.trials):,}",
}


def _differing(difference: Difference) -> tuple[str, ...]:
    return (difference.key, *map(plain_text, difference.values))
