"""The page in a real browser: its figures are those of the JSON, its charts are drawn, its console stays silent."""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser import CHARTS, Browser
from command import EXAMPLES, TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen
from hostile import MARKUP as HOSTILE
from hostile import poisoned
from ports import free_port
from run_example import by_packages, failed_result, group_of, histogram_of, times_of
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.measures.snapshot import Counts, Times
from vsock_loadgen.results.groups import GroupResults, SeenGroup
from vsock_loadgen.results.measured import PhaseResult
from vsock_loadgen.results.result import Result
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.text.html import result_page
from vsock_loadgen.units import MILLISECOND, SECOND, format_bytes, format_duration, format_number, format_seconds

RUN = ("run", "--config", EXAMPLES / "fleet-200.yaml", "--target", "embedded", "--time-scale", "45")
FAILING = ("--threshold", "response_time.p99 < 1ns", "--threshold", "failed_percent <= 0")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that misses a threshold, as a result and as the page that it wrote itself."""
    folder = tmp_path_factory.mktemp("run")
    files = ("--result", folder / "result.json", "--html", folder / "report.html")
    done = vsock_loadgen(*RUN, "--duration", "3s", "--metrics-port", "0", *FAILING, *files)
    assert done.returncode == 3, done.stderr
    return folder


@pytest.fixture
def document(run_folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((run_folder / "result.json").read_text())
    return made


def written(result: Any, folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(result_page(result.to_json()))
    return path


def stands_at(document: Any, path: str) -> object:
    for key in path.split("."):
        document = document[int(key)] if isinstance(document, list) else document.get(key)
    return document


def test_every_figure_of_the_page_is_that_of_the_json(browser: Browser, run_folder: Path, document: dict[str, Any]) -> None:
    browser.open(run_folder / "report.html")
    figures = browser.figures()
    assert len(figures) > 80
    for path, (value, text) in figures.items():
        assert value == stands_at(document, path), path
        assert text, path
    for path, count in document["totals"].items():
        if path not in ("bytes", "in_flight"):
            assert figures[f"totals.{path}"][1] == f"{count:,}"
    assert figures["totals.bytes"][1] == format_bytes(document["totals"]["bytes"])
    for clock in ("response_time_seconds", "service_time_seconds", "lag_seconds"):
        for name, seconds in document[clock].items():
            assert figures[f"{clock}.{name}"][1] == (f"{seconds:,}" if name == "count" else time_text(seconds))
    for index, bucket in enumerate(document["plan"]["packages"]["buckets"]):
        assert figures[f"plan.packages.buckets.{index}.vms"][1] == f"{bucket['vms']:,}"
        assert figures[f"groups.packages.{index}.vms"][1] == f"{bucket['vms']:,}"
        assert figures[f"groups.packages.{index}.seen.vms"] == figures[f"groups.packages.{index}.seen.knowable"]


def time_text(seconds: float | None) -> str:
    """A time as the page shows it; None is one beyond all that was delivered."""
    return "not delivered" if seconds is None else format_seconds(seconds * SECOND)


def test_the_verdict_its_reasons_the_config_and_the_seed_are_on_the_page(
    browser: Browser, run_folder: Path, document: dict[str, Any]
) -> None:
    browser.open(run_folder / "report.html")
    assert browser.text("#status") == "\u2717 Failed"
    assert (
        browser.run("return [...document.querySelectorAll('#reasons li')].map((each) => each.textContent)")
        == document["verdict"]["reasons"]
    )
    assert json.loads(browser.text("#config"))["loadgen"] == document["config"]
    (run_folder / "again.yaml").write_text(browser.text("#config"))
    assert vsock_loadgen("plan", "--config", run_folder / "again.yaml", "--strict").returncode == 0
    assert "seed 0" in browser.text("#subtitle")
    assert [mark.split()[1] for mark in re.findall(r"\S (?:met|missed)", browser.text("#thresholds"))] == ["missed", "met"]


def test_the_verdict_stands_above_everything_else(browser: Browser, run_folder: Path) -> None:
    browser.open(run_folder / "report.html", width=390)
    assert browser.run("return document.querySelector('#verdict').getBoundingClientRect().bottom < innerHeight / 2")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (768, "dark")])
def test_charts_are_drawn_within_the_window_and_the_console_is_silent(
    browser: Browser, run_folder: Path, width: int, scheme: str
) -> None:
    browser.open(run_folder / "report.html", width=width, scheme=scheme)
    assert_drawn(browser)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
def test_so_are_those_of_a_run_with_failures(browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    browser.open(written(grouped(), tmp_path), width=width, scheme=scheme)
    assert_drawn(browser)


def assert_drawn(browser: Browser) -> None:
    drawn = browser.traces()
    assert set(drawn) >= set(CHARTS) - {"failures"}
    assert all(drawn.values()), drawn
    assert browser.overflow() <= 0
    assert browser.complaints() == []


def test_light_and_dark_differ_and_paper_is_light(browser: Browser, run_folder: Path) -> None:
    def colors() -> tuple[Any, ...]:
        browser.wait_for("return document.querySelector('#rate .xtick text') !== null")
        chart = browser.run("return getComputedStyle(document.querySelector('#rate .xtick text')).fill")
        return chart, browser.run("return getComputedStyle(document.body).backgroundColor")

    browser.open(run_folder / "report.html")
    light = colors()
    browser.open(run_folder / "report.html", scheme="dark")
    dark = colors()
    assert all(one != other for one, other in zip(light, dark, strict=True))
    browser.run("return drawCharts(shown, true)")
    assert colors()[0] == light[0]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(browser: Browser, run_folder: Path, axe: str, width: int, scheme: str) -> None:
    browser.open(run_folder / "report.html", width=width, scheme=scheme)
    assert [found for found in browser.accessibility(axe) if found[0] in ("serious", "critical")] == []


def test_every_chart_has_its_data_in_a_table(browser: Browser, run_folder: Path) -> None:
    browser.open(run_folder / "report.html")
    tables = browser.run("""return [...document.querySelectorAll(".chart")].filter((each) => !each.closest("[hidden]"))
        .map((each) => [each.id, each.getAttribute("aria-label"), each.nextElementSibling.querySelectorAll("tbody tr").length])""")
    assert {name for name, *_ in tables} == set(browser.traces())
    assert all(label.startswith("Chart: ") and 1 <= rows <= 24 for _, label, rows in tables), tables


def test_failures_are_drawn_by_class_with_their_last_message(browser: Browser, tmp_path: Path) -> None:
    result = failed_result()
    browser.open(written(result, tmp_path))
    assert browser.traces()["failures"] == 3  # reset, timeout, skipped
    table = browser.text("#classes")
    for failure, count in result.counts.failures.items():
        assert f"{failure}{count:,}{result.errors[failure]}" in table
    assert browser.text("[data-path='response_time_seconds.max']") == "not delivered"
    assert "4,567 of 1,234,567 due reports were not delivered" in browser.text("#losses")


def test_phases_of_load_have_a_row_each(browser: Browser, tmp_path: Path) -> None:
    result = failed_result()
    phases = tuple(PhaseResult(name, result.counts, result.times) for name in ("ramp", "<b>hold</b>"))
    browser.open(written(replace(result, phases=phases), tmp_path))
    rows = browser.run("return [...document.querySelectorAll('#phases tbody tr')].map((each) => each.textContent)")
    figures = "1,234,5671,230,0004,0005001.23 s1.23 s"
    assert rows == [f"{name}{figures}" for name in ("ramp", "<b>hold</b>")]


DELIVERED = Counts(due=1_000, started=1_000, delivered=1_000), times_of(12 * MILLISECOND, 10 * MILLISECOND, 1, 1_000)
LATE = (
    Counts(due=100, started=96, delivered=96, failures={FailureClass.RESET: 3}),
    times_of(90 * MILLISECOND, 10 * MILLISECOND, 1, 96),
)
NONE = Counts(due=8, started=8, failures={FailureClass.RESET: 8}), Times()
GROUPS = by_packages(
    group_of("500", 500, 500, *DELIVERED, seen=SeenGroup(1_000, 10, 10)),
    group_of("900 \u00b1 50", 800, 1_000, *LATE, seen=SeenGroup(96, 8, 9)),
    group_of("900 \u00b1 300", 300, 1_500, *DELIVERED, seen=SeenGroup(1_000, None, None)),
    group_of("huge", 8_000, 8_000, *NONE),
)
"""The third has so many VMs under one CID that only its reports could be counted; one report of the second is still under way."""


def grouped(groups: GroupResults | None = GROUPS, **changes: object) -> Result:
    """A run in which the larger a VM is, the worse it fares."""
    return replace(failed_result(), groups=groups, **changes)  # type: ignore[arg-type]


def rows_of(browser: Browser, section: str) -> list[list[str]]:
    """The texts of a table that is none of a chart's data, row by row; none where it is hidden."""
    return browser.run(  # type: ignore[no-any-return]
        """return [...document.querySelectorAll(`${arguments[0]} tr`)].filter((row) => !row.closest("[hidden], .data"))
            .map((row) => [...row.cells].map((cell) => cell.textContent))""",
        section,
    )


def test_each_group_has_a_row_of_what_became_of_its_reports(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(grouped(), tmp_path))
    assert rows_of(browser, "#by-packages") == [
        ["packages", "VMs", "due", "delivered", "failed", "skipped", "response time P50", "P99", "seen"],
        ["500", "10", "1,000", "1,000", "0", "0", "12.0 ms", "12.0 ms", "10 of 10"],
        ["900 \u00b1 50", "10", "100", "96", "3", "0", "90 ms", "not delivered", "8 of 9"],
        ["900 \u00b1 300", "10", "1,000", "1,000", "0", "0", "12.0 ms", "12.0 ms", "1,000 reports"],
        ["huge", "10", "8", "0", "8", "0", "not delivered", "not delivered", "-"],
    ]


def test_skipped_is_a_column_where_any_report_was_skipped(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(grouped(counts=replace(failed_result().counts, skipped=0, due=1_234_067)), tmp_path))
    assert "skipped" not in rows_of(browser, "#by-packages")[0]


def test_one_group_is_the_whole_run_and_has_no_table(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(grouped(), tmp_path))
    assert rows_of(browser, "#by-report_interval") == rows_of(browser, "#by-profile") == []
    browser.open(written(grouped(by_packages(*GROUPS.packages[:1])), tmp_path))
    browser.run("location.reload()")
    browser.wait_for("return document.body.dataset.charts === 'drawn' && document.querySelector('#by-packages').hidden")
    assert "sizes" not in browser.traces()


def test_why_the_receiver_saw_no_group_is_said(browser: Browser, tmp_path: Path) -> None:
    groups = by_packages(*(replace(group, seen=None) for group in GROUPS.packages))
    reason = "all VMs have one CID, and <b>several</b> groups have VMs with 500 packages"
    browser.open(written(grouped(groups, receiver={"not_seen": {"packages": reason}}), tmp_path))
    assert browser.text("#by-packages .remark").endswith(f": {reason}.")
    assert rows_of(browser, "#by-packages")[0][-1] == "P99"


def test_response_time_stands_over_the_middle_of_each_groups_packages(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(grouped(), tmp_path))
    p50, p99, lost = browser.run("return document.querySelector('#sizes').data.map((each) => [each.x, each.y, each.error_x.array])")
    assert p50 == [[500, 900, 900], [pytest.approx(seconds, rel=1e-3) for seconds in (0.012, 0.09, 0.012)], [0, 100, 600]]
    assert p99 == [[500, 900], [pytest.approx(0.012, rel=1e-3)] * 2, [0, 600]]
    assert lost[0] == [900, 8_000]
    hovers = browser.run("return document.querySelector('#sizes').data[2].customdata")
    assert hovers[0] == "<b>900 \u00b1 50</b><br>P50 90 ms, P99 not delivered<br>due 100, failed 3"


def test_sizes_far_apart_stand_on_a_logarithmic_axis(browser: Browser, tmp_path: Path) -> None:
    def axis() -> object:
        return browser.run("return document.querySelector('#sizes')._fullLayout.xaxis.type")

    browser.open(written(grouped(), tmp_path))
    assert axis() == "log"
    browser.open(written(grouped(by_packages(*GROUPS.packages[:2])), tmp_path), width=1000)
    assert axis() == "linear"


def test_buckets_stand_under_the_names_of_their_groups(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(grouped(), tmp_path))
    assert [row[0] for row in rows_of(browser, "#packages-table")[1:]] == ["500", "900 \u00b1 50", "900 \u00b1 300", "huge"]


def test_the_fleet_is_a_cumulative_curve_as_planned_and_as_seen(browser: Browser, tmp_path: Path) -> None:
    receiver = {"vms_by_packages": {"500": 3, "1000": 1}, "vms_by_gap_seconds": {"29": 1, "61": 1}}
    browser.open(written(grouped(receiver=receiver), tmp_path))
    curves = "return document.querySelector(arguments[0]).data.map((each) => [each.name, each.x.slice(1, -1), each.y.slice(1, -1)])"
    planned, seen = browser.run(curves, "#packages")
    assert planned == ["planned", [500, 1_000, 1_500, 2_000], [70, 90, 98, 100]]
    assert seen == ["seen", [500, 1_000], [75, 100]]
    assert browser.run(curves, "#intervals")[1] == ["seen", [29, 61], [50, 100]]
    browser.open(written(grouped(), tmp_path), width=1000)
    assert [name for name, *_ in browser.run(curves, "#packages")] == ["planned"]


def test_a_result_of_an_older_release_has_no_groups_and_its_buckets_under_their_values(browser: Browser, tmp_path: Path) -> None:
    document = grouped().to_json()
    del document["groups"]
    (tmp_path / "old.html").write_text(result_page(document))
    browser.open(tmp_path / "old.html")
    assert rows_of(browser, ".groups") == []
    assert [row[0] for row in rows_of(browser, "#packages-table")[1:]] == ["500", "1,000", "1,500", "2,000"]
    assert all(browser.traces().values())
    assert browser.complaints() == []


@pytest.mark.parametrize("table", ["#thresholds", "#phases", "#times", "#by-packages"])
def test_no_column_of_a_table_is_cut_off_on_a_phone(browser: Browser, tmp_path: Path, table: str) -> None:
    groups = by_packages(*(replace(group, seen=None) for group in GROUPS.packages))
    result = grouped(groups, counts=replace(failed_result().counts, skipped=0, due=1_234_067))
    threshold = JudgedThreshold("phase.a-long-name-of-a-phase.response_time.p99 < 500ms", 0.987, "seconds", passed=False)
    phases = (PhaseResult("a-long-name-of-a-phase", result.counts, result.times),)
    browser.open(written(replace(result, thresholds=(threshold,), phases=phases), tmp_path), width=390)
    right = browser.run(
        f"return Math.max(...[...document.querySelectorAll('{table} td')].map((each) => each.getBoundingClientRect().right))"
    )
    assert right <= 390
    assert browser.overflow() <= 0


def test_a_threshold_on_a_group_that_has_no_vms_here_is_neither_met_nor_missed(browser: Browser, tmp_path: Path) -> None:
    threshold = JudgedThreshold("packages.huge.response_time.p99 < 1s", None, "seconds", passed=None)
    browser.open(written(grouped(thresholds=(threshold,)), tmp_path))
    assert rows_of(browser, "#thresholds")[1] == ["not judged", threshold.expression, "-"]


def test_a_run_without_any_report_is_shown(browser: Browser, tmp_path: Path) -> None:
    result = failed_result()
    nothing = replace(result, counts=type(result.counts)(), times=Times(), series=[], elapsed_ns=0, errors={})
    browser.open(written(nothing, tmp_path))
    assert browser.text("[data-path='totals.due']") == "0"
    assert browser.text("[data-path='response_time_seconds.p99']") == "-"
    assert browser.complaints() == []


def test_a_result_of_several_nodes_names_them(browser: Browser, tmp_path: Path) -> None:
    result = failed_result()
    nodes = {"node_index": None, "node_count": 3, "first_vm": 0, "vms": 134, "first_cid": 3, "nodes": [0, 2]}
    environment = {"nodes": [{"node_name": "one"}, {"node_name": "two"}]}
    browser.open(written(replace(result, slice=nodes, environment=environment), tmp_path))
    assert browser.text("#subtitle").startswith("2 nodes of 3, 134 VMs to ")
    assert "nodes0, 2 of 3" in browser.text("#plan")
    assert "node 1: node" in browser.text("#generator")
    assert "this run had 134 of them" in browser.text("#fleet")


def test_hostile_texts_are_shown_as_they_are(browser: Browser, tmp_path: Path) -> None:
    result = failed_result()
    errors = dict.fromkeys(result.errors, HOSTILE)
    hostile = replace(
        result,
        verdict=replace(result.verdict, reasons=(HOSTILE,)),
        config={"target": HOSTILE, HOSTILE: HOSTILE},
        errors=errors,
        environment={HOSTILE: HOSTILE},
        receiver={HOSTILE: HOSTILE},
        plan=dict(result.plan) | {"warnings": [{"kind": "x", "message": HOSTILE}]},
    )
    browser.open(written(hostile, tmp_path))
    assert browser.run("return document.title").startswith("invalid: vsock-loadgen")
    for place in ("#reasons", "#subtitle", "#classes", "#warnings", "#generator"):
        assert HOSTILE in browser.text(place), place
    assert browser.run("return document.querySelectorAll('main img, main b b, main script').length") == 0
    assert browser.complaints() == []


def test_a_result_from_elsewhere_is_data_wherever_it_has_a_text(browser: Browser, tmp_path: Path) -> None:
    """As the reader takes it: in every text, in keys that it does not look into, in place of numbers that it does not check."""
    document = poisoned(HOSTILE)
    for bucket in document["plan"]["packages"]["buckets"]:
        bucket["value"] = HOSTILE
    document["plan"]["profiles"] = [{"name": HOSTILE, "percent": 1, "actual_percent": 1, "vms": 1, "packages": None}]
    document["slice"]["nodes"] = [HOSTILE]
    browser.open(written(Result.read(document), tmp_path))
    assert browser.run("return document.title").startswith("invalid: vsock-loadgen")
    for place in (
        "#thresholds",
        "#by-packages",
        "#by-report_interval",
        "#by-profile",
        "#packages-table",
        "#phases",
        "#profiles",
        "#both-ends",
        "#plan",
        "#config",
        "#generator",
    ):
        assert "<script>document.title" in browser.text(place), place
    assert browser.run("return document.querySelectorAll('main img, main b b, main script, svg script').length") == 0
    assert browser.complaints() == []


def test_nothing_that_was_not_in_the_page_may_run_or_be_asked_for(browser: Browser, tmp_path: Path) -> None:
    """The policy holds where the escaping would not: what somebody manages to put into the page stays dead."""
    browser.open(written(failed_result(), tmp_path))
    browser.run("""const script = document.createElement("script");
        script.textContent = "document.title = 'pwned'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", `<img src="https://elsewhere.invalid/" onerror="document.title = 'pwned'">`);
        fetch("https://elsewhere.invalid/").catch(() => { document.body.dataset.asked = "refused" });""")
    browser.wait_for("return document.body.dataset.asked === 'refused'")
    assert browser.run("return document.title").startswith("invalid: vsock-loadgen")
    violations = " ".join(browser.complaints())
    for directive in ("script-src", "img-src", "connect-src"):
        assert directive in violations


def test_the_page_shows_figures_as_the_terminal_does(browser: Browser, run_folder: Path) -> None:
    browser.open(run_folder / "report.html")
    values = [0, 1e-12, 0.00213, 0.0999, 0.1, 1, 4.4712, 9.994, 9.995, 93, 99.94, 99.96, 100.4, 998, 999, 1250.4, 12_345_678, 1e9]
    seconds = [0, 1e-9, 4.12e-7, 9.994e-7, 1e-6, 4.12e-4, 1.084e-3, 0.9994, 0.9996, 1, 6.6666, 99.96, 3600]
    sizes = [0, 1, 999, 1000, 414_321, 1_849_999, 2.5e9, 7.77e13]
    intervals = [0.25, 1, 1.5, 30, 60, 90, 300, 3600, 3661, 86_400]
    for function, given, expected in (
        ("showNumber", values, [format_number(value) for value in values]),
        ("showSeconds", seconds, [format_seconds(round(value * SECOND)) for value in seconds]),
        ("showBytes", sizes, [format_bytes(value) for value in sizes]),
        ("showDuration", intervals, [format_duration(round(value * SECOND)) for value in intervals]),
    ):
        assert browser.run(f"return arguments[0].map({function})", given) == expected
    texts = ["50ms", "1m30s", "1.5h", "250us", "20ms"]
    assert browser.run("return arguments[0].map(readDuration)", texts) == pytest.approx([0.05, 90, 5400, 0.00025, 0.02])


@pytest.mark.parametrize(
    "histogram",
    [histogram_of(*(round(1000 * 1.01**step) for step in range(1500))), histogram_of(5), histogram_of(*range(3000))],
    ids=["wide", "one", "narrow"],
)
def test_the_curve_by_percentile_has_the_quantiles_of_the_histogram(
    browser: Browser, run_folder: Path, histogram: Histogram
) -> None:
    browser.open(run_folder / "report.html")
    count = histogram.count
    for beyond in (0, count // 5):
        points = browser.run("return percentileCurve(arguments[0], arguments[1])", histogram.to_json(), beyond)
        for stretched, seconds in points:
            rank = max(1, math.ceil((1 - 1 / stretched) * (count + beyond) - 1e-6)) if beyond or stretched < count else count
            assert round(seconds * SECOND) == histogram.quantile(rank / (count + beyond), beyond)
        assert (points[-1][0] == count) is (beyond == 0)
        assert points[-1][0] <= (count + beyond) / max(1, beyond)


def test_the_live_page_follows_a_run_and_says_when_it_has_ended(browser: Browser) -> None:
    port = str(free_port())
    process = start_vsock_loadgen(*RUN, "--metrics-port", port)
    try:
        read_until(process, f"live page: http://127.0.0.1:{port}/")
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_for("return document.querySelector('#status').textContent === '\u25b6 Running'")
        first = browser.figures()["totals.due"][0]
        browser.wait_for(f"return Number(document.querySelector(\"[data-path='totals.due']\").value) > {first}")
        browser.wait_for("return document.querySelector('#pulse').textContent.startsWith('live, as of ')")
        assert all(browser.traces().values())
        # A run that is held up by a busy machine says 503 for once, which the page survives.
        assert [said for said in browser.complaints() if "503" not in said] == []
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, log
    browser.wait_for("return document.querySelector('#pulse').textContent.startsWith('the run has ended')")
    browser.wait_for("return document.querySelector('#status').textContent === 'Out of sight'")


def test_the_report_verb_writes_the_page_that_the_run_wrote(run_folder: Path, tmp_path: Path) -> None:
    copied = shutil.copy(run_folder / "result.json", tmp_path / "some.run.json")
    done = vsock_loadgen("report", copied)
    assert (done.returncode, done.stderr) == (0, f"The report is in {tmp_path}/some.run.html.\n")
    assert (tmp_path / "some.run.html").read_text() == (run_folder / "report.html").read_text()
    assert vsock_loadgen("report", copied, "-o", tmp_path / "other.html").returncode == 0
    assert (tmp_path / "other.html").exists()


def test_the_report_verb_says_what_is_wrong_with_a_file(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"schema": "vsock-loadgen/plan/v1"}')
    for arguments, said in (
        ((tmp_path / "none.json",), f"{tmp_path}/none.json: cannot be read: No such file or directory\n"),
        ((tmp_path / "other.json",), '"vsock-loadgen/plan/v1", expected "vsock-loadgen/result/v1"'),
    ):
        done = vsock_loadgen("report", *arguments)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_page_that_cannot_be_written_ends_a_run_that_passed_with_1() -> None:
    done = vsock_loadgen(*RUN, "--duration", "1s", "--metrics-port", "0", *FAILING[2:], "--html", "/dev/full")
    assert done.returncode == 1
    assert "warning: --html: cannot be written" in done.stderr
    assert done.stdout.startswith("Verdict: passed")
