"""The page of a search: the terminal's words, the whole document, and nothing that the document could run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from typing import Any

import pytest

import capacity_example as example
from hostile import MARKUP
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.errors import EXIT_USAGE, ConfigError
from vsock_loadgen.text import html as page_module
from vsock_loadgen.text.capacity_page import capacity_page
from vsock_loadgen.text.capacity_sheet import outcome_lines


def data_of(page: str) -> dict[str, Any]:
    """What the page has for its scripts, by the id of the element."""
    found = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', page, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def test_the_page_carries_the_document_whole() -> None:
    document = example.found().to_json()
    assert data_of(capacity_page(example.found()))["result"] == json.loads(json.dumps(document))


def test_the_page_says_what_the_terminal_says() -> None:
    for capacity in (example.found(), example.nothing_held(), example.contradictory(), example.not_begun()):
        assert data_of(capacity_page(capacity))["meanings"]["lines"] == list(outcome_lines(capacity))


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
    assert data_of(capacity_page(made()))["meanings"]["status"] == status


def test_every_goal_of_a_trial_has_the_limit_that_its_margin_is_measured_by() -> None:
    seen = {seen["goal"] for trial in example.found().to_json()["trials"] for seen in trial["goals"]}  # type: ignore[attr-defined]
    goals = data_of(capacity_page(example.found()))["meanings"]["goals"]
    assert goals == {
        example.P99: {"heading": "p99 < 500ms", "limit": 0.5},
        example.LOST: {"heading": "lost <= 0.1", "limit": 0.1},
    }
    assert set(goals) == seen


def test_a_goal_that_cannot_be_read_has_no_limit() -> None:
    strange = replace(example.found(), goals=(MARKUP, example.P99, example.LOST))
    assert data_of(capacity_page(strange))["meanings"]["goals"][MARKUP]["limit"] is None


def test_only_the_scripts_of_the_page_may_run() -> None:
    page = capacity_page(example.found())
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    policy = dict(directive.strip().split(" ", 1) for directive in html.unescape(content).split(";"))
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts_of(page)]
    assert (policy["script-src"].split(), policy["default-src"], policy["connect-src"]) == (hashes, "'none'", "'none'")


def test_a_hostile_text_stays_data() -> None:
    trial = replace(example.found().trials[0], goals=(replace(example.found().trials[0].goals[0], goal=MARKUP),))
    page = capacity_page(example.found(target=MARKUP, goals=(MARKUP,), limited_by=MARKUP, config={MARKUP: MARKUP}, trials=(trial,)))
    assert len(scripts_of(page)) == 2
    assert "<img" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert data_of(page)["result"]["target"] == MARKUP


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(page_module, "find_spec", find_spec)
    with pytest.raises(ConfigError, match=r"no package plotly.*vsock-loadgen\[report\]") as raised:
        capacity_page(example.found())
    assert raised.value.exit_code == EXIT_USAGE
