"""What is made of the outcomes of searches: documents, text, pages and comparisons; of searches that never took place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.goldens import check_golden, check_golden_digests, check_golden_sections, pretty
from contracts.internals import SEARCHES, command, search_shown, write_searches
from page_parts import data_of

FAIL_IF = ("--fail-if", "holds < -10%")
COMPARISONS = {
    "two": ("found.json", "slower-target.json", *FAIL_IF),
    "within": ("found.json", "a-bit-slower-target.json", *FAIL_IF),
    "mixed": ("found.json", "by-vms.json", "nothing-held.json"),
    "doubtful": ("found.json", "contradictory.json", "generator.json", "not-begun.json", *FAIL_IF),
    "nothing": ("nothing-held.json", "found.json", *FAIL_IF),
}


@pytest.fixture(autouse=True)
def _searches() -> None:
    write_searches()


def test_the_document_of_a_search() -> None:
    check_golden("searches/found.json", Path("found.json").read_text(encoding="utf-8"))


def test_the_outcome_of_a_search_in_words() -> None:
    check_golden_sections("searches/outcomes.txt", {name: search_shown(name) for name in SEARCHES})


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_searches_side_by_side(output: str) -> None:
    said = {name: str(command("compare", *arguments, "--format", output)) for name, arguments in COMPARISONS.items()}
    check_golden_sections(f"searches/comparisons.{output}", said)


def test_the_data_of_a_page() -> None:
    data = {name: _data_of_the_page(name) for name in SEARCHES}
    check_golden("searches/meanings.json", pretty(json.loads(data["found.json"]["meanings"])))
    check_golden_digests("searches/digests.json", {f"{name}, {key}": text for name in SEARCHES for key, text in data[name].items()})


def _data_of_the_page(name: str) -> dict[str, str]:
    """What the page of a search has for its scripts, by the id of the element."""
    done = command("report", name, "-o", "page.html")
    assert done.exit_code == 0, done
    return data_of(Path("page.html").read_text(encoding="utf-8"))
