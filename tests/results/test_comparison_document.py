"""A comparison as JSON: a contract, and valid JSON even where a percentile was not delivered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from comparison_example import grouped_run, grouped_sides, many_runs, sound_run, two_sides
from run_example import failed_result
from vsock_loadgen.results.comparison import COMPARED, Comparison, Side, compare
from vsock_loadgen.results.conditions import comparison_document, judge_conditions, parse_condition
from vsock_loadgen.results.result import Named


def document_of(comparison: Comparison, *conditions: str) -> dict[str, Any]:
    judged = judge_conditions([parse_condition(text) for text in conditions], comparison)
    document: dict[str, Any] = json.loads(json.dumps(comparison_document(comparison, judged), allow_nan=False))
    return document


def test_the_document_has_every_figure_of_every_run() -> None:
    document = document_of(many_runs())
    assert document["schema"] == "vsock-loadgen/comparison/v1"
    assert [run["name"] for run in document["baseline"]["runs"]] == ["a0.json", "a1.json", "a2.json"]
    figures = {row["name"]: row for row in document["figures"]}
    assert set(figures) < set(COMPARED)
    row = figures["response_time.max"]
    assert (row["unit"], row["baseline"]["values"], row["baseline"]["median"]) == ("seconds", [0.02, 0.021, 0.022], 0.021)
    assert row["others"][0]["difference"] == pytest.approx(0.0095)
    assert row["others"][0]["exceeds_spread"] is True


def test_figures_of_groups_are_among_the_others_under_the_names_of_thresholds() -> None:
    (row,) = (
        row
        for row in document_of(grouped_sides(grouped_run(), grouped_run(large_ms=90)))["figures"]
        if row["name"] == "packages.2000.response_time.p99"
    )
    assert (row["unit"], row["others"][0]["percent"]) == ("seconds", pytest.approx(50, rel=1e-2))


def test_a_percentile_that_was_not_delivered_is_null() -> None:
    counts = replace(failed_result().counts, delivered=1_200_000, unfinished=30_067)
    other = compare(Side("a", (Named("a", sound_run()),)), [Side("b", (Named("b", replace(failed_result(), counts=counts)),))])
    (row,) = (row for row in document_of(other)["figures"] if row["name"] == "response_time.max")
    assert (row["others"][0]["median"], row["others"][0]["difference"], row["others"][0]["percent"]) == (None, None, None)


def test_conditions_decide_the_status() -> None:
    assert document_of(two_sides())["status"] == "passed"
    document = document_of(two_sides(), "response_time.p50 > +10%", "lag.p50 > +10s")
    assert document["status"] == "failed"
    assert [condition["failed"] for condition in document["conditions"]] == [True, False]
    assert document["conditions"][0]["unit"] == "percent of the baseline"


def test_what_differs_is_listed_run_by_run() -> None:
    assert document_of(two_sides())["differences"] == [{"key": "vmCount", "values": [200, 400]}]
