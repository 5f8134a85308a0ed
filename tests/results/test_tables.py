"""Rows of a result for other programs: a heading is the place of its value in the document."""

from __future__ import annotations

from comparison_example import grouped_run
from run_example import failed_result
from vsock_loadgen.results.tables import Table, table_of


def at(document: object, place: str) -> object:
    for step in place.split("."):
        assert isinstance(document, dict)
        document = document.get(step, {})
    return document


def test_a_row_of_the_series_is_that_of_the_document() -> None:
    result = failed_result()
    table = table_of(result, "series")
    rows = [row.to_json() for row in result.series]
    assert [{name: at(row, name) for name in table.headings} for row in rows] == [
        dict(zip(table.headings, row, strict=True)) for row in table.rows
    ]
    assert {"t", "due", "failures.reset", "response_time_seconds.p99"} <= set(table.headings)


def test_a_row_of_the_groups_is_a_group_with_its_dimension() -> None:
    result = grouped_run(failed=3)
    table = table_of(result, "groups")
    assert result.groups is not None
    assert table.columns["dimension"] == ["packages", "packages", "report_interval"]
    assert table.columns["id"] == ["500", "2000", "30s"]
    assert table.columns["totals.failed"] == [0, 3, 3]
    assert not [name for name in table.headings if name.startswith("histograms")]


def test_a_class_of_failures_that_a_row_does_not_have_is_0_there() -> None:
    assert table_of(grouped_run(failed=3), "groups").columns["failures.reset"] == [0, 3, 3]


def test_a_time_that_was_not_delivered_is_no_number() -> None:
    assert table_of(grouped_run(failed=3), "groups").columns["response_time_seconds.max"][1] is None


def test_a_result_without_groups_has_no_rows_of_them() -> None:
    assert table_of(failed_result(), "groups") == Table((), ())
