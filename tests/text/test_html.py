"""The page of a result: one file that runs nothing but its own scripts, whatever the result says."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest

from run_example import failed_result
from vsock_loadgen.errors import EXIT_USAGE, ConfigError
from vsock_loadgen.text import html as page_module
from vsock_loadgen.text.html import live_page, result_page

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&quot; {{script}} \u2028 \ud800"


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def policy_of(page: str) -> dict[str, str]:
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    return dict(directive.strip().split(" ", 1) for directive in html.unescape(content).split(";"))


def without_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(page_module, "find_spec", find_spec)


@pytest.mark.parametrize("page", [result_page(failed_result().to_json()), live_page()], ids=["report", "live"])
def test_only_the_scripts_of_the_page_may_run(page: str) -> None:
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts_of(page)]
    assert len(hashes) == 2
    policy = policy_of(page)
    assert policy["script-src"].split() == hashes
    assert policy["default-src"] == "'none'"


def test_a_report_asks_nobody_for_anything_and_a_live_page_only_where_it_came_from() -> None:
    report = result_page(failed_result().to_json())
    assert policy_of(report)["connect-src"] == "'none'"
    assert policy_of(live_page())["connect-src"] == "'self'"
    around = re.sub(r"<script.*?</script>", "", report, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href)=["'](?!data:)|@import|url\(""", around)


def test_the_page_carries_the_result_whole() -> None:
    document = failed_result().to_json()
    (data,) = re.findall(r'id="result">(.*?)</script>', result_page(document), re.DOTALL)
    assert json.loads(data) == json.loads(json.dumps(document))


def test_a_hostile_text_stays_data() -> None:
    result = failed_result()
    verdict = replace(result.verdict, reasons=(HOSTILE,))
    page = result_page(replace(result, verdict=verdict, config={"specificPackage": HOSTILE, HOSTILE: HOSTILE}).to_json())
    assert len(scripts_of(page)) == 2
    assert "onerror=alert" not in page.replace("\\u003cimg src=x onerror=alert", "")
    (data,) = re.findall(r'id="result">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["verdict"]["reasons"] == [HOSTILE]


def test_without_plotly_a_report_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without_plotly(monkeypatch)
    with pytest.raises(ConfigError) as raised:
        result_page(failed_result().to_json())
    assert str(raised.value).endswith("found no package plotly, expected it for the charts: pip install 'vsock-loadgen[report]'")
    assert raised.value.exit_code == EXIT_USAGE


def test_without_plotly_a_live_page_has_figures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    without_plotly(monkeypatch)
    page = live_page()
    assert len(scripts_of(page)) == 1
    assert len(page) < 100_000
