"""A result for a pull request: verdict, thresholds with their margin, groups; nothing in it is markup but its own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from comparison_example import HOSTILE, grouped_run
from run_example import by_packages, failed_result, group_of, times_of
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.result import Verdict
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.result_markdown import margin_text, result_markdown


def tables_of(text: str) -> list[list[tuple[str, ...]]]:
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    return [[tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in block] for block in blocks]


def test_the_verdict_comes_first_and_its_reasons_below() -> None:
    text = result_markdown(failed_result())
    assert text.splitlines()[:3] == [
        "## Load test: invalid",
        "",
        r"- worker 1 was lost: \[red\]its part\[/\] of the load was not sent \[/\]",
    ]


def test_every_row_has_as_many_cells_as_its_heading() -> None:
    threshold = JudgedThreshold("lag.p99 < 1s", 0.5, "seconds", passed=True, limit=1.0)
    for result in (failed_result(), grouped_run(failed=2), replace(grouped_run(), thresholds=(threshold,))):
        for table in tables_of(result_markdown(result)):
            assert len({len(row) for row in table}) == 1


def test_the_whole_run_stands_above_its_groups() -> None:
    (figures,) = tables_of(result_markdown(grouped_run(failed=2)))
    assert [row[0] for row in figures[2:]] == ["all", "packages 500", "packages 2000"]
    assert figures[4][3:5] == ("98", "2")
    assert figures[4][8] == "not delivered"


def test_a_long_list_of_groups_is_cut_and_says_so() -> None:
    counts = Counts(due=1, started=1, delivered=1)
    groups = by_packages(*(group_of(str(n), n, n, counts, times_of(1, 1, 1, 1)) for n in range(1, 31)))
    text = result_markdown(replace(grouped_run(), groups=groups))
    (figures,) = tables_of(text)
    assert len(figures) == 2 + 1 + 20
    assert "10 more groups are in the result." in text


def test_what_comes_from_elsewhere_is_no_markup() -> None:
    text = result_markdown(replace(failed_result(), warnings=(HOSTILE,), verdict=Verdict("failed", (HOSTILE,), 3)))
    assert text.count(r"\[bold\]x\[/\] \| \<b\>\`\*\_y\_\*\`") == 2
    assert "<b>" not in text.replace("\\<b", "")


@pytest.mark.parametrize(
    ("threshold", "shown"),
    [
        (JudgedThreshold("response_time.p99 < 500ms", 0.32, "seconds", passed=True, limit=0.5), "+180 ms (+36 %)"),
        (JudgedThreshold("response_time.p99 < 500ms", 0.75, "seconds", passed=False, limit=0.5), "-250 ms (-50 %)"),
        (JudgedThreshold("reports_per_second >= 100", 150.0, "per_second", passed=True, limit=100.0), "+50 /s (+50 %)"),
        (JudgedThreshold("reports_per_second > 100", 90.0, "per_second", passed=False, limit=100.0), "-10 /s (-10 %)"),
        (JudgedThreshold("failed_percent <= 0", 0.5, "percent", passed=False, limit=0.0), "-0.50 points"),
        (JudgedThreshold("response_time.p99 < 500ms", None, "seconds", passed=False, limit=0.5), "-"),
        (JudgedThreshold("response_time.p99 < 500ms", None, "seconds", None, limit=0.5), "-"),
        (JudgedThreshold("failed_percent < 1", 0.3, "percent", passed=True), "-"),
    ],
)
def test_a_margin_is_how_far_the_figure_is_within_the_limit(threshold: JudgedThreshold, shown: str) -> None:
    assert margin_text(threshold) == shown
