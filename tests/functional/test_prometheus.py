"""A real Prometheus scrapes a live run: what it answers is what the result says, and every rule and panel has an answer.

Beside it, it scrapes a fleet that is asked, which has panels of its own.

The receiver is stopped once enough has arrived, and the run told to end once enough was skipped. Then nothing changes any more, as
no report times out, so that the moment Prometheus saw and the result's can be compared to the last report.
"""

from __future__ import annotations

import http.client
import json
import math
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from command import PROJECT, TIMEOUT_SECONDS, read_until, start_vsock_loadgen
from ports import free_port
from vsock_loadgen.measures.histogram import bucket_bounds

MONITORING = PROJECT / "deploy" / "monitoring"
PREFIX = "vsock_loadgen_"
LONGEST_BOUND_SECONDS = 3_600
POLL_SECONDS = 0.2
Rows = list[tuple[dict[str, str], float]]
FLEET = """
loadgen:
  vmCount: 197
  profiles:
    - {name: small, percent: 70, packages: 5}
    - {name: medium, percent: 20, packages: 10}
    - {name: large, percent: 10, packages: {buckets: [{percent: 80, value: 15}, {percent: 20, value: 20}]}}
  reportInterval:
    buckets:
      - {percent: 50, value: 30s}
      - {percent: 30, value: 60s}
      - {percent: 20, value: 300s}
  timeScale: 45
  phases:
    - {name: steady, duration: 10h}
  thresholds: [response_time.p50 < 1h, "failed_percent < 0.001"]
  requestTimeout: 1h
  workers: 2
"""
# Reports of 15 and of 20 packages have more than 8,000 bytes, those of 10 less.
MISBEHAVIOUR = ("--max-bytes", "8000")
THIS_RUN = '{job="vsock-loadgen"}'
ENOUGH = (
    'vsock_loadgen_askings_total{end="whole"} > 0',
    'vsock_loadgen_requests_total{result="success"} > 200',
    'vsock_loadgen_report_interval_seconds_bucket{le="8.0"} > on (instance) vsock_loadgen_report_interval_seconds_bucket{le="5.0"}',
    'job:vsock_loadgen_reports_delivered:rate1m{job="vsock-loadgen"} > 0',
    'ALERTS{alertname="VsockLoadgenReportsFail", job="vsock-loadgen"}',
)
STALLED = (
    'vsock_loadgen_in_flight{job="vsock-loadgen"} > 0',
    'ALERTS{alertname="VsockLoadgenReportsSkipped", job="vsock-loadgen"}',
)
ENDED = """
changes(vsock_loadgen_reports_due_total{job="vsock-loadgen"}[8s]) == 0
  and on (instance) count_over_time(vsock_loadgen_reports_due_total[8s]) > 1
  and on (instance) up == 1
"""
CONFIG = """
global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: vsock-loadgen
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
  - job_name: asked
    static_configs: [{{targets: ["127.0.0.1:{asked_port}"]}}]
"""


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (Debian package prometheus)")
    return path


class Prometheus:
    """A Prometheus that listens on this port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str) -> Any:
        """The data of an answer of its API. Raises OSError while it is not there yet."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)) as client:
            client.request("GET", f"/api/v1/{path}")
            response = client.getresponse()
            if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise OSError("it listens, but is not ready yet")
            answer = json.load(response)
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str, at: float | None = None) -> Rows:
        """The (labels, value) pairs that an instant query gives, for now or another time."""
        data = self.get(f"query?query={quote(expression)}{'' if at is None else f'&time={at}'}")
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def instant_of(self, expression: str) -> float | None:
        """The time, if a query gives something now."""
        found = self.get(f"query?query={quote(expression)}")["result"]
        return float(found[0]["value"][0]) if found else None


def wait_until(what: str, asked: Callable[[], Any]) -> Any:
    """The answer, as soon as there is one."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            if found := asked():
                return found
        except OSError:
            pass
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {TIMEOUT_SECONDS} s: {what}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What Prometheus had once nothing changed any more, and what the run said when it was ended then."""

    series: dict[str, Rows]
    panels: dict[str, Rows]
    rule_groups: list[dict[str, Any]]
    result: dict[str, Any]

    def value(self, name: str, **labels: str) -> float:
        """The value of the only series of this name that has these labels."""
        (value,) = (value for found, value in self.series[PREFIX + name] if labels.items() <= found.items())
        return value

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values of a name by one of its labels."""
        return {found[label]: value for found, value in self.series[PREFIX + name]}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A run that a Prometheus scrapes."""
    folder = tmp_path_factory.mktemp("prometheus")
    port, asked_port, own_port = free_port(), free_port(), free_port()
    (folder / "fleet.yaml").write_text(FLEET)
    (folder / "prometheus.yaml").write_text(CONFIG.format(rules=MONITORING / "rules.yaml", port=port, asked_port=asked_port))
    server = subprocess.Popen(
        [
            tool("prometheus"),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{own_port}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        prometheus = Prometheus(own_port)
        wait_until("Prometheus scrapes", lambda: prometheus.query("up"))
        with asked_fleet(asked_port), run_and_receiver(folder, port) as (run, receiver):
            wait_until("enough arrives", lambda: all(prometheus.query(expression) for expression in ENOUGH))
            receiver.send_signal(signal.SIGSTOP)
            wait_until("enough is skipped", lambda: all(prometheus.query(expression) for expression in STALLED))
            run.send_signal(signal.SIGINT)
            at = wait_until("nothing is due any more", lambda: prometheus.instant_of(ENDED))
            series = {name: prometheus.query(name + THIS_RUN, at) for name in prometheus.get("label/__name__/values")}
            panels = {expression: prometheus.query(as_grafana_sends(expression), at) for expression in expressions()}
            rule_groups = prometheus.get("rules")["groups"]
            end(run)
        yield Seen(series, panels, rule_groups, json.loads((folder / "result.json").read_text()))
    finally:
        server.terminate()
        server.wait(TIMEOUT_SECONDS)


@contextmanager
def run_and_receiver(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str]]]:
    """A run with its metrics on this port, and the receiver that it sends to."""
    target = f"unix://{folder / 'relay.sock'}"
    receiver = start_vsock_loadgen("receive", target, *MISBEHAVIOUR)
    try:
        read_until(receiver, "listening on")
        options = ("--config", folder / "fleet.yaml", "--target", target, "--metrics-port", str(port))
        run = start_vsock_loadgen("run", *options, "--result", folder / "result.json")
        try:
            read_until(run, "metrics: http://127.0.0.1")
            yield run, receiver
        finally:
            run.kill()
            run.communicate()
    finally:
        receiver.kill()
        receiver.communicate()


@contextmanager
def asked_fleet(port: int) -> Iterator[None]:
    """A fleet that is asked, with its metrics on this port."""
    fleet = ("--vm-count", "20", "--packages", "5", "--report-interval", "4h", "--time-scale", "4800")
    run = start_vsock_loadgen("serve", "--asker", "embedded", "--listen", "http://127.0.0.1:0", *fleet, "--metrics-port", str(port))
    try:
        read_until(run, "metrics: http://127.0.0.1")
        yield
    finally:
        run.kill()
        run.communicate()


def end(run: subprocess.Popen[str]) -> None:
    """Ask a second time, so that it does not wait for what is under way."""
    read_until(run, "stopping")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=TIMEOUT_SECONDS)


def expressions() -> list[str]:
    """Every query of the dashboard's panels."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def as_grafana_sends(expression: str) -> str:
    """A query with everything selected."""
    for variable, value in (("$__rate_interval", "5m"), ("$job", ".*"), ("$instance", ".*")):
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


def test_the_counters_are_the_totals_of_the_result(seen: Seen) -> None:
    totals = seen.result["totals"]
    assert totals["delivered"] > 200
    assert seen.value("reports_due_total") == totals["due"]
    assert seen.value("requests_total", result="success") == totals["delivered"]
    assert seen.value("reports_skipped_total") == totals["skipped"] > 0
    assert seen.value("bytes_total") == totals["bytes"]
    assert seen.value("in_flight") > 0
    assert seen.value("in_flight") + seen.value("requests_total", result="context") == totals["unfinished"]
    by_class = seen.by("failures_total", "class")
    assert {name: count for name, count in by_class.items() if count} == seen.result["failures"]
    assert sum(by_class.values()) == totals["failed"] > 0


@pytest.mark.parametrize(
    ("name", "clock"),
    [("request_latency_seconds", "service_time"), ("schedule_lag_seconds", "lag"), ("response_time_seconds", "response_time")],
)
def test_the_histograms_are_those_of_the_result(seen: Seen, name: str, clock: str) -> None:
    histogram = seen.result["histograms"][clock]
    counts: list[tuple[int, int]] = histogram["counts"]
    by_bound = seen.by(f"{name}_bucket", "le")
    assert len(by_bound) > 20
    for bound, count in by_bound.items():
        if bound != "+Inf":
            within = sum(number for bucket, number in counts if bucket_bounds(bucket)[1] - 1 <= round(float(bound) * 10**9))
            assert count == within, bound
    totals = seen.result["totals"]
    lost = totals["failed"] + totals["skipped"] + seen.value("requests_total", result="context")
    assert by_bound["+Inf"] == sum(number for _, number in counts) + (lost if clock == "response_time" else 0)
    if clock != "response_time":
        assert seen.value(f"{name}_sum") == pytest.approx(histogram["sum"] / 10**9)


def test_packages_and_intervals_are_those_of_delivered_reports(seen: Seen) -> None:
    delivered = seen.result["totals"]["delivered"]
    assert seen.value("packages_reported_count") == seen.value("report_interval_seconds_count") == delivered
    assert seen.value("packages_reported_bucket", le="1.0") == 0
    # 30 s, 60 s and 300 s, divided by 45
    by_interval = [seen.value("report_interval_seconds_bucket", le=bound) for bound in ("0.5", "1.0", "2.0", "5.0", "8.0")]
    assert by_interval[0] == 0 < by_interval[1] < by_interval[2] == by_interval[3] < by_interval[4] == delivered
    assert 0 < seen.value("packages_reported_bucket", le="5.0") < delivered
    assert seen.value("packages_reported_bucket", le="10.0") == delivered


def test_the_figures_of_each_group_are_those_of_the_result(seen: Seen) -> None:
    for dimension, count in (("packages", 4), ("report_interval", 3), ("profile", 3)):
        groups = seen.result["groups"][dimension]
        assert len(groups) == count
        for group in groups:
            by_profile = dimension == "profile"
            scope, labels = (
                ("profile", {"profile": group["id"]}) if by_profile else ("bucket", {"dimension": dimension, "bucket": group["id"]})
            )
            totals = group["totals"]
            for fate in ("due", "delivered", "failed"):
                assert seen.value(f"{scope}_reports_{fate}_total", **labels) == totals[fate]
            times = group["histograms"]["response_time"]["counts"]
            within = sum(number for bucket, number in times if bucket_bounds(bucket)[1] - 1 <= 5 * 10**9)
            assert seen.value(f"{scope}_response_time_seconds_bucket", **labels, le="5.0") == within
            ended = seen.value(f"{scope}_response_time_seconds_bucket", **labels, le="+Inf")
            assert totals["due"] - totals["unfinished"] <= ended <= totals["due"]
    failed = seen.result["groups"]["profile"][2]["totals"]["failed"]
    assert failed == seen.result["totals"]["failed"] > 0


def test_the_fleet_is_that_of_the_plan(seen: Seen) -> None:
    plan = seen.result["plan"]
    for dimension, groups in plan["groups"].items():
        for group in groups:
            labels = {"dimension": dimension, "bucket": group["id"]}
            assert seen.value("bucket_vms", **labels) == group["vms"]
            configured = seen.value("fleet_bucket_vms", **labels, share="configured")
            assert configured == pytest.approx(plan["vm_count"] * group["percent"] / 100)
    for statistic in ("mean", "p50", "p95", "p99"):
        assert seen.value(f"packages_{statistic}") == pytest.approx(plan["packages"][statistic])
        assert seen.value(f"interval_{statistic}_seconds") == pytest.approx(plan["report_interval_seconds"][statistic])
    assert seen.series[PREFIX + "plan_info"][0][0]["digest"] == seen.result["plan_digest"]


def test_no_panel_of_the_dashboard_lies_on_another() -> None:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + line)
        for panel in panels
        for column in range(panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert {column for column, _ in taken} == set(range(24))


def test_every_panel_of_the_dashboard_has_numbers(seen: Seen) -> None:
    assert len(seen.panels) > 30
    no_number = [expression for expression, rows in seen.panels.items() if any(math.isnan(value) for _, value in rows)]
    assert [expression for expression, rows in seen.panels.items() if not rows] == []
    assert [expression for expression in no_number if "_recent_" not in expression] == []  # nothing has come to an end lately


def test_every_rule_was_evaluated_and_every_record_has_a_number(seen: Seen) -> None:
    rules = [rule for group in seen.rule_groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    records = {rule["name"] for rule in rules if rule["type"] == "recording"}
    assert len(records) >= 8
    for record in records:
        has_number = all(math.isfinite(value) for _, value in seen.series[record])
        assert has_number or record.endswith(":max10s")  # where nothing has come to an end lately
    alerts = [alert["labels"] for rule in rules for alert in rule.get("alerts", ())]
    raised = {alert["alertname"].removeprefix("VsockLoadgen") for alert in alerts if alert["job"] == "vsock-loadgen"}
    assert raised - {"NothingDelivered", "Saturated", "Invalid"} == {"ReportsFail", "ReportsSkipped", "ThresholdMissed"}


def test_a_stalled_target_looks_worse_to_prometheus_too(seen: Seen) -> None:
    ((_, response),) = seen.series["job:vsock_loadgen_response_time_seconds:p99_1m"]
    assert response == LONGEST_BOUND_SECONDS


@pytest.mark.parametrize(
    "arguments", [("check", "rules", "rules.yaml"), ("test", "rules", "rules.test.yaml"), ("check", "config", "prometheus.yml")]
)
def test_promtool_accepts_the_rules_and_the_config(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([tool("promtool"), *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_and_panel_asks_for_metrics_that_exist(seen: Seen) -> None:
    texts = [(MONITORING / "rules.yaml").read_text(), *expressions()]
    names = {name for text in texts for name in re.findall(r"(?<![:\w])vsock_loadgen_\w+", text)}
    assert len(names) > 20
    assert names <= set(seen.series)
