"""The page of a search in a real browser: its figures are those of the JSON, its charts are drawn, its console stays silent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import capacity_example as example
from browser import Browser
from hostile import MARKUP
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.text.capacity_page import capacity_page
from vsock_loadgen.text.capacity_sheet import outcome_lines

CHARTS = {"throughput", "response", "in-flight"}
_MARKS = """return [...document.querySelectorAll("#" + arguments[0] + " .scatterlayer .trace")]
    .map((trace) => trace.querySelectorAll(".points path").length)"""
_ANNOTATIONS = (
    'return [...document.querySelectorAll("#" + arguments[0] + " .annotation-text")].map((each) => each.textContent.trim())'
)
_ROWS = """return [...document.querySelectorAll("#trials tbody tr")]
    .map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText.trim()))"""


def written(capacity: Capacity, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(capacity_page(capacity))
    return path


def stands_at(document: Any, path: str) -> object:
    for key in path.split("."):
        document = document[int(key)] if isinstance(document, list) else document.get(key)
    return document


def test_every_figure_of_the_page_is_that_of_the_json(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.found(), tmp_path))
    document = json.loads(json.dumps(example.found().to_json()))
    figures = browser.figures()
    assert len(figures) > 60
    for path, (value, text) in figures.items():
        assert value == stands_at(document, path), path
        assert text, path
    assert figures["holds.reports_per_second"][1] == "95"
    assert figures["idle_response_time_p95_seconds"][1] == "54.5 ms"


def test_the_outcome_stands_above_everything_else_in_the_words_of_the_terminal(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.found(), tmp_path), width=390)
    said = [browser.text("#status"), *browser.run("return [...document.querySelectorAll('#reasons li')].map((e) => e.textContent)")]
    assert said == [" ".join(line.split()) for line in outcome_lines(example.found())]
    assert browser.run("return document.querySelector('#verdict').getBoundingClientRect().bottom < innerHeight / 2")
    assert json.loads(browser.text("#config"))["loadgen"] == example.CONFIG


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (768, "dark"), (390, "dark"), (360, "light")])
def test_charts_are_drawn_within_the_window_and_the_console_is_silent(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    browser.open(written(example.found(), tmp_path), width=width, scheme=scheme)
    drawn = browser.traces()
    assert set(drawn) == CHARTS
    assert all(drawn.values()), drawn
    assert browser.overflow() <= 0
    assert browser.complaints() == []


def test_every_trial_is_a_point_at_its_load_and_the_bounds_and_the_plateau_are_marked(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.found(), tmp_path))
    trials = len(example.found().trials)
    assert sum(browser.run(_MARKS, "throughput")) == trials
    assert [count for count in browser.run(_MARKS, "response") if count] == [trials, trials]
    assert browser.run(_ANNOTATIONS, "throughput") == ["holds 95", "misses 100", "plateau 97"]
    assert browser.run(_ANNOTATIONS, "response") == ["holds 95", "misses 100", "p99 < 500ms"]
    assert browser.traces()["in-flight"] == trials


def test_a_trial_has_its_goals_with_their_margins(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.found(), tmp_path))
    rows = browser.run(_ROWS)
    assert [row[0] for row in rows] == [str(trial.number) for trial in example.found().trials]
    assert rows[0][6:8] == ["50 ms \u2713\n90 % below", "0 % \u2713"]
    assert rows[3][2] == "misses"
    assert rows[3][6].startswith("4.14 s \u2717\n728 % above")
    assert browser.run("return [...document.querySelectorAll('#trials .bound')].map((each) => each.textContent)") == ["6", "7"]


def test_a_trial_of_which_no_goal_says_why_says_it_itself(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.generator_limited(), tmp_path))
    assert browser.run(_ROWS)[-1][2] == "late\nthe generator was late (lag P99 70 ms)"
    assert {row[2] for row in browser.run(_ROWS)[:-1]} == {"holds"}


def test_a_p99_among_lost_reports_is_said_and_marked(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.nothing_held(), tmp_path))
    assert browser.text("#status").startswith("holds: no ")
    assert browser.run(_ROWS)[0][6] == "not delivered \u2717"
    assert browser.run(_MARKS, "response")[-1] == len(example.nothing_held().trials)
    assert browser.complaints() == []


def test_a_search_without_trials_has_no_empty_charts(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.not_begun(), tmp_path))
    assert browser.traces() == {}
    assert browser.complaints() == []


def test_vms_have_a_column_where_they_are_what_varies(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.by_vms(), tmp_path), width=390)
    assert [row[2] for row in browser.run(_ROWS)] == [f"{trial.level.vms:,}" for trial in example.by_vms().trials]
    assert browser.overflow() <= 0


def test_on_a_phone_no_goal_is_cut_off_however_many_there_are(browser: Browser, tmp_path: Path) -> None:
    trials = example.by_vms().trials
    names = [f"packages.{number}00.response_time.p99 < 500ms" for number in range(1, 6)]
    seen = tuple(replace(trials[0].goals[0], goal=name) for name in names)
    many = example.by_vms(goals=tuple(names), trials=tuple(replace(trial, goals=seen) for trial in trials))
    browser.open(written(many, tmp_path), width=360)
    room = "const at = document.querySelector('#trials').closest('.scroll'); return at.scrollWidth - at.clientWidth"
    assert browser.run(room) <= 0
    assert browser.overflow() <= 0


def test_a_hostile_document_is_text_on_the_page(browser: Browser, tmp_path: Path) -> None:
    hostile = example.found(
        target=MARKUP,
        goals=(MARKUP, f"response_time.p99 < 1s{MARKUP}"),
        limited_by=MARKUP,
        config={MARKUP: MARKUP},
        environment={MARKUP: MARKUP},
    )
    browser.open(written(hostile, tmp_path))
    assert "pwned" not in browser.run("return document.title")
    assert browser.run("return document.querySelectorAll('main img, main script').length") == 0
    assert browser.complaints() == []


def test_print_shows_daylight_charts(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(example.found(), tmp_path), scheme="dark")
    color = "return document.querySelector('#throughput .xtick text').style.fill"
    dark = browser.run(color)
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    browser.wait_for(f"const now = (() => {{ {color} }})(); return now !== '{dark}'")
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    browser.wait_for(f"const now = (() => {{ {color} }})(); return now === '{dark}'")


def test_axe_finds_nothing_serious(browser: Browser, tmp_path: Path, axe: str) -> None:
    browser.open(written(example.found(), tmp_path), width=390)
    assert [found for found in browser.accessibility(axe) if found[0] in ("serious", "critical")] == []
