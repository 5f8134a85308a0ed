"""What the page shows of a run's course, in a real browser: phases, thresholds, drain and spread, and a fleet that is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from browser import Browser
from run_example import failed_result, histogram_of, result_of, times_of
from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.measures.spread import Spread
from vsock_loadgen.results.known import Known
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.html import result_page
from vsock_loadgen.units import MILLISECOND, SECOND

SHAPES = """return document.querySelector(arguments[0]).layout.shapes.map((each) =>
    [each.type, each.x0.slice(11, 19), each.x1.slice(11, 19), each.y0, each.y1])"""
WORDS_IN = "return document.querySelector(arguments[0]).layout.annotations.map((each) => each.text)"


def written(result: Result, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(result_page(result.to_json()))
    return path


def phased() -> Result:
    """Twenty seconds in three phases, of which the last was to be longer, and a drain of two seconds."""
    phases = [("ramp", 4), ("hold", 8), ("spike", 600)]
    plan = dict(failed_result().plan) | {
        "phases": [
            {"name": name, "duration_seconds": seconds, "rate": [1, 1], "vms_percent": [100, 100]} for name, seconds in phases
        ]
    }
    thresholds = (
        JudgedThreshold("response_time.p99 < 500ms", 1.2, "seconds", limit=0.5, passed=False),
        JudgedThreshold("phase.hold.response_time.p50 < 2s", 1.2, "seconds", limit=2.0, passed=True),
    )
    config = {"lagLimit": "50ms", "target": "unix:///run/x"}
    generator = {"workers": 1, "worker_cpu_seconds": [2.2], "parent_cpu_seconds": 0.5, "share_of_machine": 0.1, "saturation": None}
    environment = {"command": "vsock-loadgen run --config 'a b.yaml'"}
    made = replace(failed_result(), plan=plan, thresholds=thresholds, config=config, generator=generator, environment=environment)
    return replace(made, elapsed_ns=22 * SECOND)


def test_phases_thresholds_and_the_drain_are_marked_where_they_were(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(phased(), tmp_path))
    bands = [["rect", "22:13:20", "22:13:24", 0, 1], ["rect", "22:13:24", "22:13:32", 0, 1], ["rect", "22:13:32", "22:13:40", 0, 1]]
    drain = [["rect", "22:13:40", "22:13:42", 0, 1], ["line", "22:13:40", "22:13:40", 0, 1]]
    assert browser.run(SHAPES, "#in-flight") == [*bands, *drain]
    lines = [["line", "22:13:20", "22:13:42", 0.5, 0.5], ["line", "22:13:24", "22:13:32", 2, 2]]
    assert browser.run(SHAPES, "#response") == [*bands, *drain, *lines]
    assert browser.run(WORDS_IN, "#response") == ["ramp", "hold", "spike", "drain", "p99 &lt; 500ms", "p50 &lt; 2s"]


def test_the_banner_says_whether_the_generator_was_the_limit(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(phased(), tmp_path))
    assert browser.text("#limit").startswith("Generator: not the limit. Schedule lag P99 1.23 ms, limit 50ms; busiest worker 10 %")
    late = {"t": 1_700_000_010, "window_seconds": 10, "lag_p99_seconds": 0.07, "limit_seconds": 0.05, "advice": "raise workers"}
    browser.open(written(replace(phased(), generator=dict(phased().generator) | {"saturation": late}), tmp_path), width=1000)
    assert browser.text("#limit") == "Generator: the limit. Schedule lag P99 70 ms over 10 s, limit 50 ms: raise workers."


def test_contents_lead_to_every_section_and_the_command_is_there_to_copy(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(phased(), tmp_path))
    links = browser.run("return [...document.querySelectorAll('#contents a')].map((each) => each.getAttribute('href'))")
    assert {"#thresholds", "#load", "#times", "#losses", "#generator-lag", "#fleet", "#origin"} == set(links)
    assert all(browser.run("return document.querySelector(arguments[0]).closest('[hidden]') === null", link) for link in links)
    assert browser.text("#command pre") == "vsock-loadgen run --config 'a b.yaml'"
    assert browser.run("return document.querySelector('#command button').offsetHeight > 0")


def test_two_kinds_of_reports_are_two_bands_of_the_spread(browser: Browser, tmp_path: Path) -> None:
    spread = Spread()
    for second in range(4):
        for times in (times_of(50 * MILLISECOND, 1, 1, 30), times_of(400 * MILLISECOND, 1, 1, 20)):
            spread.add(1_700_000_000 + second, times.response, {})
    browser.open(written(replace(failed_result(), spread=spread.columns(), spread_width_seconds=1), tmp_path))
    rows = browser.run("return document.querySelector('#spread').data[0].z.map((row) => row.map((each) => each ** 2))")
    assert [[round(count) for count in row] for row in rows if any(row)] == [[30] * 4, [20] * 4]
    assert browser.text("#peaks") == "Over the whole run, times gather around 46.1 ms and 369 ms."


def test_response_and_service_time_are_one_chart_where_they_are_one_picture(browser: Browser, tmp_path: Path) -> None:
    counts, times = Counts(due=50, started=50, delivered=50), times_of(101 * MILLISECOND, 100 * MILLISECOND, MILLISECOND, 50)
    browser.open(written(result_of(counts, times), tmp_path))
    assert "service" not in browser.traces()
    assert browser.text("#response-title").startswith("Response and service time: ")
    assert browser.run("return document.querySelector('#percentiles').data.map((each) => each.name)") == [
        "response and service time",
        "schedule lag",
    ]


def asked() -> Result:
    """A fleet of which one report was taken after a second, one after nine, and two askings came to nothing."""
    ends = {"asked": {Asked.WHOLE: 2, Asked.BUSY: 2}, "ended_by": {"replaced": 1}}
    counts = Counts(due=3, started=2, delivered=2, skipped=1, **ends)  # type: ignore[arg-type]
    spread = Spread()
    spread.add(1_700_000_000, histogram_of(SECOND), {Asked.WHOLE: 1, Asked.BUSY: 2})
    spread.add(1_700_000_003, histogram_of(9 * SECOND), {Asked.WHOLE: 1})
    made = result_of(counts, times_of(SECOND, MILLISECOND, 1_000, 2))
    known = Known(listen="http://127.0.0.1:1", vms=200, known_vms=2, ages=histogram_of(SECOND, 3 * SECOND))
    return replace(
        made,
        plan=dict(made.plan) | {"warnings": []},
        asked=known,
        confirmation="receipt",
        spread=spread.columns(),
        spread_width_seconds=1,
    )


def test_a_fleet_that_is_asked_is_shown_in_its_own_words(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(asked(), tmp_path))
    shown = browser.run("return document.querySelector('main').innerText.toLowerCase()")
    assert not [word for word in ("offered", "achieved", "in flight", "response time", "relay") if word in shown]
    assert browser.run("return document.querySelector('#times h2').textContent") == "Age of what the scanner knows"
    bars = browser.run("return document.querySelector('#askings').data.map((each) => [each.name, each.y])")
    assert bars == [["took the report", [1, 1]], ["error or fault", [2, 0]]]
    staleness = browser.run("return document.querySelector('#response').data[0].says")
    assert staleness == ["1.01 s", "9.66 s"]
    assert browser.text("[data-path='asked.age_when_taken_seconds.max']") == "3 s"
    assert browser.traces()["percentiles"] == 4
    assert browser.complaints() == []
