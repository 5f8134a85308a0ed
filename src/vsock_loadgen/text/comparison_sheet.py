"""A comparison as rows of texts, for every format."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from vsock_loadgen.results.comparison import Change, Compared, Comparison, Difference, Row, Value
from vsock_loadgen.results.conditions import JudgedCondition, shown_difference, signed
from vsock_loadgen.results.result import Named
from vsock_loadgen.units import SECOND, format_number, format_seconds

NOT_DELIVERED = "not delivered"
HEADINGS = ("difference", "percent", "own spread")
SPREAD_MEANING = (
    "several runs stand for their median; "
    "their own spread is the largest less the smallest value of a side's runs (of both sides, the larger)"
    "; a difference within it may be chance"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a comparison shows. Sides have letters, A the baseline; `runs` are (letter, name, what it is worth).

    `invalid` runs are (name, reasons). A row of `setup` and `machines` has a key and a text for each side; they are what differs.
    `figures` has a table for each side but the baseline: name, both figures, their difference, that in percent, and whether it is
    beyond the spread. `groups` has such rows by the group of VMs, as it stands in front of a figure's name.
    """

    letters: tuple[str, ...]
    verdict: str
    conditions: tuple[str, ...]
    runs: tuple[tuple[str, str, str], ...]
    invalid: tuple[tuple[str, tuple[str, ...]], ...]
    plan: str
    order: str
    warnings: tuple[str, ...]
    setup: tuple[tuple[str, ...], ...]
    machines: tuple[tuple[str, ...], ...]
    figures: tuple[list[tuple[str, ...]], ...]
    groups: tuple[dict[str, list[tuple[str, ...]]], ...]
    left_out: int = 0


def sheet_of(comparison: Comparison, judged: Sequence[JudgedCondition] = (), *, only_beyond: bool = False) -> Sheet:
    """A comparison and what was asked of it; the verdict is empty if nothing was. With `only_beyond`, rows are left out if their
    difference is known to be within the spread."""
    letters = tuple(map(side_letter, range(len(comparison.sides))))
    runs = [(letter, run) for letter, side in zip(letters, comparison.sides, strict=True) for run in side.runs]
    by_part = comparison.by_part
    shown = [_beyond_spread(by_part, number) if only_beyond else by_part for number in range(len(comparison.others))]
    verdict = "failed" if any(condition.failed for condition in judged) else "passed"
    return Sheet(
        letters,
        verdict if judged else "",
        tuple(map(str, judged)),
        tuple((letter, run.name, _worth(run)) for letter, run in runs),
        tuple((run.name, run.result.verdict.reasons) for _, run in runs if run.result.verdict.status == "invalid"),
        _plan(comparison),
        _order(comparison),
        tuple(_warnings(comparison)),
        tuple(_differing(comparison, difference) for difference in comparison.differences),
        tuple(_differing(comparison, difference) for difference in comparison.machines),
        tuple(_table(parts[""], number) for number, parts in enumerate(shown)),
        tuple({part: _table(rows, number) for part, rows in parts.items() if part} for number, parts in enumerate(shown)),
        sum(len(comparison.rows) - sum(map(len, parts.values())) for parts in shown),
    )


def _beyond_spread(parts: Mapping[str, Sequence[Row]], number: int) -> dict[str, list[Row]]:
    """The rows of each part whose difference is not known to be within the spread; parts that have none are left out."""
    kept = {part: [row for row in rows if row.changes[number].exceeds_spread is not False] for part, rows in parts.items()}
    return {part: rows for part, rows in kept.items() if rows or not part}


def _table(rows: Sequence[Row], number: int) -> list[tuple[str, ...]]:
    return [_figures(row, row.changes[number]) for row in rows]


def side_letter(number: int) -> str:
    """A for the baseline, then B, C, ...; S27 beyond Z."""
    return ascii_uppercase[number] if number < len(ascii_uppercase) else f"S{number + 1}"


def _worth(run: Named) -> str:
    """Its verdict, and what proves its delivered reports."""
    result = run.result
    return f"{result.verdict.status}, {result.counts.due:,} due, confirmation {result.confirmation}"


def _plan(comparison: Comparison) -> str:
    if comparison.same_plan:
        return "All runs have the same plan: the same VMs, with reports due at the same moments."
    return "The plans differ: figures of different loads stand side by side."


def _order(comparison: Comparison) -> str:
    if comparison.in_turn is None:
        return ""
    if comparison.in_turn:
        return "The sides were run in turn."
    return "The sides were run one after the other: what changed meanwhile shows too."


def _warnings(comparison: Comparison) -> Iterator[str]:
    """What speaks against the comparison."""
    if not comparison.same_mode:
        yield (
            "The modes differ: reports were sent (push) or asked for (pull). In pull, a response time ends when the asker "
            "has the report or a newer one: it shows the asker's schedule, not the target."
        )
    elif not comparison.same_asker:
        yield "The askers' settings differ: response times and skipped reports follow from them."


def _differing(comparison: Comparison, difference: Difference) -> tuple[str, ...]:
    """The key, and for each side the value of its runs, or all values if they differ."""
    values = iter(difference.values)
    texts = [dict.fromkeys(plain_text(next(values)) for _ in side.runs) for side in comparison.sides]
    return (difference.key, *map(", ".join, texts))


def plain_text(value: object) -> str:
    """A value of a config as a cell shows it."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)


def _figures(row: Row, change: Change) -> tuple[str, ...]:
    metric, figures = row.metric, (change.before.middle, change.after.middle)
    return (metric.name, *(figure_text(metric, value) for value in figures), *_change(metric, change))


def figure_text(metric: Compared, value: Value) -> str:
    """A figure with its unit."""
    if value is None:
        return "-"
    if math.isinf(value):
        return NOT_DELIVERED
    if metric.unit == "seconds":
        return format_seconds(round(value * SECOND))
    return f"{format_number(value)}{' %' if metric.unit == 'percent' else ' /s'}"


def _change(metric: Compared, change: Change) -> tuple[str, str, str]:
    """Difference, difference in percent, and whether it is beyond the spread."""
    difference, percent = change.difference, change.percent
    if difference is None:
        return "-", "-", "-"
    if math.isinf(difference):
        return (NOT_DELIVERED if difference > 0 else "delivered"), "-", _beyond(metric, change)
    relative = "-" if percent is None or math.isinf(percent) else f"{signed(percent)} %"
    return shown_difference(metric.unit, difference), relative, _beyond(metric, change)


def _beyond(metric: Compared, change: Change) -> str:
    if change.exceeds_spread is None or change.spread is None:
        return "spread unknown"
    return f"{'beyond' if change.exceeds_spread else 'within'} {figure_text(metric, change.spread)}"
