"""`report` in its forms: where each goes, and what a form is not for."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from click.testing import CliRunner, Result

import capacity_example
from comparison_example import grouped_run
from run_example import failed_result
from vsock_loadgen.capacity.files import write_capacity
from vsock_loadgen.cli.verbs import verbs
from vsock_loadgen.results.files import write_result
from vsock_loadgen.results.tables import table_of

GENERATOR = {"workers": 1, "worker_cpu_seconds": [0.5], "parent_cpu_seconds": 0.25, "share_of_machine": 0.1, "saturation": None}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_result(replace(failed_result(), generator=GENERATOR), Path("result.json"))
    write_result(replace(grouped_run(), generator=GENERATOR), Path("grouped.json"))
    write_capacity(capacity_example.found(), Path("capacity.json"))


def report(*arguments: str) -> Result:
    return CliRunner(catch_exceptions=False).invoke(verbs, ["report", *arguments])


def test_a_page_goes_beside_its_result() -> None:
    assert report("result.json").exit_code == 0
    assert Path("result.html").read_text().startswith("<!")


@pytest.mark.parametrize("form", ["markdown", "junit", "csv"])
def test_any_other_form_goes_to_stdout_or_to_a_file(form: str) -> None:
    shown = report("result.json", "--format", form)
    assert report("result.json", "--format", form, "-o", "out").output == ""
    assert (shown.exit_code, Path("out").read_text()) == (0, shown.stdout)
    assert not Path("result.html").exists()


def test_junit_is_xml_with_a_case_for_each_threshold() -> None:
    assert fromstring(report("result.json", "--format", "junit").stdout).tag == "testsuites"


@pytest.mark.parametrize("kind", ["series", "groups"])
def test_csv_has_the_rows_of_the_table(kind: str) -> None:
    read = list(csv.reader(io.StringIO(report("grouped.json", "--format", "csv", "--table", kind).stdout)))
    table = table_of(grouped_run(), kind)  # type: ignore[arg-type]
    assert read == [list(table.headings), *(["" if cell is None else str(cell) for cell in row] for row in table.rows)]


def test_the_outcome_of_a_search_has_markdown_and_no_tests() -> None:
    assert report("capacity.json", "--format", "markdown").stdout.startswith("## Capacity")
    for form in ("junit", "csv"):
        done = report("capacity.json", "--format", form)
        assert (done.exit_code, done.stdout) == (2, "")


def test_rows_are_chosen_for_csv_alone() -> None:
    assert report("result.json", "--table", "groups").exit_code == 2
