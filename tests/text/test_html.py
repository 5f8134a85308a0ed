"""The page of a result: one file that runs nothing but its own scripts, whatever the result says."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from page_parts import hash_of, policy_of, scripts_of, unpacked
from run_example import failed_result, times_of
from vsock_loadgen.measures.series import MOST_ROWS, Series
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.spread import MOST_COLUMNS, Spread
from vsock_loadgen.text.html import live_page, packed, result_page
from vsock_loadgen.units import MILLISECOND

MOST_BYTES = 2_500_000
HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&quot; {{script}} \u2028 \ud800"


@pytest.mark.parametrize("page", [result_page(failed_result().to_json()), live_page()], ids=["report", "live"])
def test_only_the_scripts_of_the_page_may_run(page: str) -> None:
    (script,) = scripts_of(page)
    policy = policy_of(page)
    assert policy["script-src"].split() == [hash_of(unpacked(page, "plotly")), hash_of(script)]
    assert policy["default-src"] == "'none'"


def test_a_report_asks_nobody_for_anything_and_a_live_page_only_where_it_came_from() -> None:
    report = result_page(failed_result().to_json())
    assert policy_of(report)["connect-src"] == "'none'"
    assert policy_of(live_page())["connect-src"] == "'self'"
    around = re.sub(r"<script.*?</script>", "", report, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href)=["'](?!data:)|@import|url\(""", around)


def test_the_page_carries_the_result_whole() -> None:
    document = failed_result().to_json()
    assert json.loads(unpacked(result_page(document), "result")) == json.loads(json.dumps(document))


def test_a_hostile_text_stays_data() -> None:
    result = failed_result()
    verdict = replace(result.verdict, reasons=(HOSTILE,))
    page = result_page(replace(result, verdict=verdict, config={"specificPackage": HOSTILE, HOSTILE: HOSTILE}).to_json())
    assert len(scripts_of(page)) == 1
    assert "alert" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert json.loads(unpacked(page, "result"))["verdict"]["reasons"] == [HOSTILE]


def test_a_page_is_the_same_whenever_it_is_made() -> None:
    assert packed("some text") == packed("some text")
    assert result_page(failed_result().to_json()) == result_page(failed_result().to_json())


def test_the_page_of_the_longest_series_is_not_too_large() -> None:
    """Every row and every column that a result may have, each with figures of its own."""
    series, spread = Series(), Spread()
    for second in range(MOST_ROWS):
        response, service, lag = (MILLISECOND * (1 + (second * step) % 997) + second for step in (7, 11, 13))
        times = times_of(response, service, lag, 3)
        series.add(second, Counts(due=9 + second % 50, started=8, delivered=3, bytes=second * 977), second % 17, times)
        for number in range(40):
            spread.add(second % MOST_COLUMNS, times_of((second + 1) * 2**number % 10**11, 1, 1, 1 + second % 9).response, {})
    long = replace(failed_result(), series=series.rows(), spread=spread.columns(), spread_width_seconds=spread.width_seconds)
    assert len(result_page(long.to_json())) < MOST_BYTES
