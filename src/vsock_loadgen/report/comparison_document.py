"""A comparison as a plain JSON document: a contract (`vsock-loadgen/comparison/v1`)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vsock_loadgen.measures.comparison import COMPARISON_SCHEMA, Change, Comparison, Difference, Figure, Row, Side, Value
from vsock_loadgen.measures.conditions import JudgedCondition
from vsock_loadgen.measures.merging import Named


def comparison_document(comparison: Comparison, judged: Sequence[JudgedCondition] = ()) -> dict[str, object]:
    """The whole comparison. A figure is null where it does not exist or was not delivered; times are seconds."""
    return {
        "schema": COMPARISON_SCHEMA,
        "status": "failed" if any(condition.failed for condition in judged) else "passed",
        "conditions": [condition.to_json() for condition in judged],
        "same_plan": comparison.same_plan,
        "baseline": _side(comparison.baseline),
        "others": [_side(side) for side in comparison.others],
        "differences": [_difference(difference) for difference in comparison.differences],
        "machines": [_difference(difference) for difference in comparison.machines],
        "figures": [_row(row) for row in comparison.rows],
    }


def _side(side: Side) -> dict[str, object]:
    return {"label": side.label, "runs": [_run(run) for run in side.runs]}


def _run(run: Named) -> dict[str, object]:
    summary = run.result.summary()
    kept = ("verdict", "confirmation", "complete", "plan_digest", "elapsed_seconds", "totals", "failures")
    return {"name": run.name} | {key: summary[key] for key in kept}


def _difference(difference: Difference) -> dict[str, object]:
    return {"key": difference.key, "values": list(difference.values)}


def _row(row: Row) -> dict[str, object]:
    return {
        "name": row.metric.name,
        "unit": row.metric.unit,
        "baseline": _figure(row.baseline),
        "others": [_figure(change.after) | _change(change) for change in row.changes],
    }


def _figure(figure: Figure) -> dict[str, object]:
    return {
        "values": [_finite(value) for value in figure.values],
        "median": _finite(figure.middle),
        "spread": _finite(figure.spread),
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "difference": _finite(change.difference),
        "percent": _finite(change.percent),
        "exceeds_spread": change.exceeds_spread,
    }


def _finite(value: Value) -> Value:
    return None if value is None or math.isinf(value) else value
