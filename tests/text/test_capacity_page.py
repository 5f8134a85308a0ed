"""The page of a search: the terminal's words, the whole document, and nothing that the document could run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import capacity_example as example
from hostile import MARKUP
from page_parts import data_of, hash_of, policy_of, scripts_of, unpacked
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.text.capacity_page import capacity_page
from vsock_loadgen.text.capacity_sheet import outcome_lines


def shown_by(page: str) -> dict[str, Any]:
    """What the page has for its scripts, by the id of the element."""
    return {name: json.loads(text) for name, text in data_of(page).items()}


def test_the_page_carries_the_document_whole() -> None:
    document = example.found().to_json()
    assert shown_by(capacity_page(example.found()))["result"] == json.loads(json.dumps(document))


def test_the_page_says_what_the_terminal_says() -> None:
    for capacity in (example.found(), example.nothing_held(), example.contradictory(), example.not_begun()):
        assert shown_by(capacity_page(capacity))["meanings"]["lines"] == list(outcome_lines(capacity))


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (example.found, "passed"),
        (example.nothing_held, "failed"),
        (example.generator_limited, "invalid"),
        (example.contradictory, "invalid"),
        (example.not_begun, "invalid"),
    ],
)
def test_the_color_of_the_outcome_is_that_of_the_exit_code(made: Callable[[], Capacity], status: str) -> None:
    assert shown_by(capacity_page(made()))["meanings"]["status"] == status


def test_every_goal_of_a_trial_has_the_limit_that_its_margin_is_measured_by() -> None:
    seen = {seen["goal"] for trial in example.found().to_json()["trials"] for seen in trial["goals"]}  # type: ignore[attr-defined]
    goals = shown_by(capacity_page(example.found()))["meanings"]["goals"]
    assert goals == {
        example.P99: {"heading": "p99 < 500ms", "limit": 0.5},
        example.LOST: {"heading": "lost <= 0.1", "limit": 0.1},
    }
    assert set(goals) == seen


def test_a_goal_that_cannot_be_read_has_no_limit() -> None:
    strange = replace(example.found(), goals=(MARKUP, example.P99, example.LOST))
    assert shown_by(capacity_page(strange))["meanings"]["goals"][MARKUP]["limit"] is None


def test_only_the_scripts_of_the_page_may_run() -> None:
    page = capacity_page(example.found())
    policy = policy_of(page)
    hashes = [hash_of(script) for script in (unpacked(page, "plotly"), *scripts_of(page))]
    assert (policy["script-src"].split(), policy["default-src"], policy["connect-src"]) == (hashes, "'none'", "'none'")


def test_a_hostile_text_stays_data() -> None:
    trial = replace(example.found().trials[0], goals=(replace(example.found().trials[0].goals[0], goal=MARKUP),))
    page = capacity_page(example.found(target=MARKUP, goals=(MARKUP,), limited_by=MARKUP, config={MARKUP: MARKUP}, trials=(trial,)))
    assert len(scripts_of(page)) == 1
    assert "<img" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert shown_by(page)["result"]["target"] == MARKUP
