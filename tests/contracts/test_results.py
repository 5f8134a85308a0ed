"""What is made of results: documents, text, pages, comparisons and sums; of runs that never took place, and of older real ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contracts.goldens import GOLDEN, check_golden, check_golden_digests, check_golden_sections, pretty
from contracts.internals import RECEIPT, RESULTS, command, receipt_shown, write_results
from page_parts import data_of

OLDER = sorted((GOLDEN / "results").glob("*.json"))
PAGES = ("eventful.json", "late.json", "plain.json", "failures.json", "reconciled.json", "node-0.json")
FORMATS = ("text", "json", "markdown")
CONDITIONS = ("--fail-if", "response_time.p99 > +10%", "--fail-if", "failed_percent > +0.1", "--fail-if", "lag.mean < -1%")
COMPARISONS = {
    "two": ("sound.json", "eventful.json", *CONDITIONS),
    "invalid": ("sound.json", "late.json", *CONDITIONS),
    "three": ("sound.json", "slower.json", "failed.json"),
    "sides": ("--baseline", "sound.json", "--baseline", "judged.json", "slower.json", "slowest.json", *CONDITIONS),
    "markup": ("sound.json", "[bold]x | `*_y_*`.json"),
}
OLDER_COMPARISONS = {
    "older": ("plain.json", "eventful.json", *CONDITIONS),
    "older-failures": ("plain.json", "failures.json", "reconciled.json"),
    "older-sides": ("--baseline", "plain.json", "--baseline", "reconciled.json", "node-0.json", "node-1.json"),
}


@pytest.fixture
def _results() -> None:
    write_results()
    Path("[bold]x | `*_y_*`.json").write_text(Path("failed.json").read_text())


@pytest.fixture
def _older() -> None:
    for path in OLDER:
        shutil.copy(path, ".")


@pytest.mark.usefixtures("_results")
@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_written_and_read(name: str) -> None:
    """Merging one result reads it and writes it anew."""
    check_golden(f"results/{name}", Path(name).read_text(encoding="utf-8"))
    check_golden(f"results/{Path(name).stem}.txt", str(command("compare", "--merge", name)))


@pytest.mark.usefixtures("_results")
def test_sums_of_results() -> None:
    said = {name: str(command("compare", "--merge", name, "--format", "json")) for name in RESULTS}
    check_golden_sections("results/merged.txt", said)


@pytest.mark.usefixtures("_results")
@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison(name: str, output: str) -> None:
    check_golden(f"comparisons/{name}.{output}", str(command("compare", *COMPARISONS[name], "--format", output)))


@pytest.mark.usefixtures("_older")
@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("name", OLDER_COMPARISONS)
def test_a_comparison_of_older_results(name: str, output: str) -> None:
    check_golden(f"comparisons/{name}.{output}", str(command("compare", *OLDER_COMPARISONS[name], "--format", output)))


@pytest.mark.usefixtures("_older")
@pytest.mark.parametrize("name", [path.name for path in OLDER])
def test_an_older_result_is_read_and_shown(name: str) -> None:
    check_golden(f"older/{Path(name).stem}.txt", str(command("compare", "--merge", name)))
    check_golden(f"older/{name}", command("compare", "--merge", name, "--format", "json").stdout)


@pytest.mark.usefixtures("_older")
def test_older_results_of_a_fleets_nodes_are_added_up() -> None:
    done = command("compare", "--merge", "node-0.json", "node-1.json", "-o", "fleet.json")
    check_golden("older/fleet.txt", str(done))
    check_golden("older/fleet.json", Path("fleet.json").read_text(encoding="utf-8"))
    again = command("compare", "--merge", "node-1.json", "node-0.json", "--format", "json")
    check_golden("older/fleet.json", again.stdout)


@pytest.mark.usefixtures("_older")
def test_nodes_that_do_not_belong_together_are_refused() -> None:
    pairs = (("node-0.json", "node-0.json"), ("node-0.json", "plain.json"), ("node-0.json", "eventful.json"), ("node-1.json",))
    check_golden_sections("older/refused.txt", {" ".join(pair): str(command("compare", "--merge", *pair)) for pair in pairs})


@pytest.mark.usefixtures("_results", "_older")
def test_the_data_of_a_page() -> None:
    data = {name: _data_of_the_page(name) for name in PAGES}
    check_golden("page/late.json", data["late.json"]["result"] + "\n")
    check_golden("page/meanings.json", pretty(json.loads(data["late.json"]["meanings"])))
    check_golden_digests("page/digests.json", {f"{name}, {key}": text for name in PAGES for key, text in data[name].items()})


def _data_of_the_page(name: str) -> dict[str, str]:
    """What the page of a result has for its scripts, by the id of the element."""
    done = command("report", name, "-o", "page.html")
    assert done.exit_code == 0, done
    return data_of(Path("page.html").read_text(encoding="utf-8"))


def test_a_receipt() -> None:
    check_golden("receipt.json", pretty(RECEIPT.to_json()))
    check_golden("receipt.txt", receipt_shown())
