"""What a comparison shows, as texts that are the same in every format."""

from __future__ import annotations

import json
import math
from string import ascii_uppercase

from vsock_loadgen.measures.comparison import Change, Compared, Comparison, Difference, Row, Value
from vsock_loadgen.measures.conditions import shown_difference, signed
from vsock_loadgen.measures.merging import Named
from vsock_loadgen.units import SECOND, format_number, format_seconds

NOT_DELIVERED = "not delivered"
HEADINGS = ("difference", "percent", "own spread")
SPREAD_MEANING = (
    "several runs stand for their median; their own spread is the largest less the smallest value of a side's runs (of both sides, "
    "the larger), and a difference within it may come from chance alone"
)


def letter(number: int) -> str:
    """The short name of a side: A for the baseline, then B, C, ...; S27 beyond Z."""
    return ascii_uppercase[number] if number < len(ascii_uppercase) else f"S{number + 1}"


def figure(metric: Compared, value: Value) -> str:
    """A figure with its unit."""
    if value is None:
        return "-"
    if math.isinf(value):
        return NOT_DELIVERED
    if metric.unit == "seconds":
        return format_seconds(round(value * SECOND))
    return f"{format_number(value)}{' %' if metric.unit == 'percent' else ' /s'}"


def change_cells(row: Row, change: Change) -> tuple[str, str, str]:
    """Difference, difference in percent, and whether it is beyond the spread."""
    difference, percent = change.difference, change.percent
    if difference is None:
        return "-", "-", "-"
    if math.isinf(difference):
        return (NOT_DELIVERED if difference > 0 else "delivered"), "-", _beyond(row.metric, change)
    relative = "-" if percent is None or math.isinf(percent) else f"{signed(percent)} %"
    return shown_difference(row.metric, difference), relative, _beyond(row.metric, change)


def _beyond(metric: Compared, change: Change) -> str:
    if change.exceeds_spread is None or change.spread is None:
        return "spread unknown"
    return f"{'beyond' if change.exceeds_spread else 'within'} {figure(metric, change.spread)}"


def run_line(run: Named) -> str:
    """What a run is worth: its verdict, and what proves its delivered reports."""
    result = run.result
    return f"{result.verdict.status}, {result.counts.due:,} due, confirmation {result.confirmation}"


def plan_line(comparison: Comparison) -> str:
    """Whether all runs had the same load."""
    if comparison.same_plan:
        return "All runs have the same plan: the same VMs, with reports due at the same moments."
    return "The plans differ: figures of different loads stand side by side."


def difference_cells(comparison: Comparison, difference: Difference) -> list[str]:
    """A text a side: the value of its runs, or all of theirs where they differ among themselves."""
    cells, start = [], 0
    for side in comparison.sides:
        values = difference.values[start : start + len(side.runs)]
        start += len(side.runs)
        cells.append(", ".join(dict.fromkeys(_plain(value) for value in values)))
    return cells


def _plain(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)


def group(row: Row) -> str:
    """Rows that belong together have the same group, and follow one another."""
    name = row.metric.name
    return name.partition(".")[0] if row.metric.unit == "seconds" else row.metric.unit
