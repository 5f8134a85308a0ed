"""The stand-in for Sensor by itself: where it has its VMs from, and how it misbehaves on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from asked import Fleet, explained, serving
from command import vsock_loadgen
from kubernetes_api import kubernetes_api, vm, write_kubeconfig

FLEET = ("--vm-count", "4", "--report-interval", "1h", "--num-packages", "600")
QUICK = ("--sensor-release", "august", "--tick-interval", "50ms", "--initial-backoff", "100ms", "--format", "json")


def scraped(fleet: Fleet, *arguments: str | Path, extra: dict[str, str] | None = None) -> dict[str, Any]:
    """What an asker has counted."""
    ended = vsock_loadgen("scrape", fleet.url, *QUICK, *arguments, extra=extra)
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def test_the_vms_that_run_in_a_cluster_are_asked_and_nothing_is_expected_of_them(tmp_path: Path) -> None:
    pytest.importorskip("lightkube", reason="needs the extra kubernetes")
    token = tmp_path / "token"
    token.write_text("of-an-asker\n")
    with kubernetes_api() as api, serving(tmp_path, *FLEET) as fleet:
        api.vms = [vm("pod-1", owner="loadgen-1"), vm("loadgen-2"), vm("loadgen-3", phase="Failed"), vm("elsewhere", "tests")]
        environment = {"KUBECONFIG": str(write_kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}"))}
        seen = scraped(fleet, "--vms-from", "cluster", "--duration", "2s", "--token", token, extra=environment)
        result = fleet.end()
    assert (seen["vms"], seen["reports"], seen["strangers"]) == (2, 2, 0)
    assert seen["vms_by_packages"] == {"600": 2}
    assert seen["groups"] == {}
    assert result["totals"]["delivered"] == 2
    assert result["askings"]["by_end"]["404"] == seen["failures"]["dial_error"] > 0


def test_what_a_config_says_of_a_vm_is_expected_of_it_wherever_it_was_found(tmp_path: Path) -> None:
    pytest.importorskip("lightkube", reason="needs the extra kubernetes")
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen: {vmCount: 3, reportInterval: 1h, packages: 500}")  # the fleet itself has 600
    with kubernetes_api() as api, serving(tmp_path, *FLEET) as fleet:
        api.vms = [vm("loadgen-2"), vm("loadgen-3")]
        environment = {"KUBECONFIG": str(write_kubeconfig(tmp_path, f"http://127.0.0.1:{api.port}"))}
        seen = scraped(fleet, "--vms-from", "cluster", "--config", config, "--duration", "1s", extra=environment)
        fleet.end()
    assert (seen["vms"], seen["strangers"]) == (2, 1)  # of the other one the config says nothing


@pytest.mark.parametrize(
    ("text", "said"), [("", "expected one bearer token"), ("two words", "expected one bearer token"), (None, "--token")]
)
def test_a_file_without_a_token_is_said_in_a_message(text: str | None, said: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    if text is not None:
        token.write_text(text)
    ended = vsock_loadgen("scrape", "http://127.0.0.1:9", "--token", token)
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert said in ended.stderr


class Misbehaving(Protocol):
    def __call__(self, *manner: str) -> tuple[dict[str, Any], dict[str, Any]]: ...


@pytest.fixture(name="misbehaving", params=["token", "generation"])
def _misbehaving(request: pytest.FixtureRequest, tmp_path: Path) -> Misbehaving:
    """Lets an asker misbehave, in either dialect; what it has counted, and the fleet's result."""
    said = (*FLEET, "--set", f"serve.dialect={request.param}")

    def misbehave(*manner: str) -> tuple[dict[str, Any], dict[str, Any]]:
        with serving(tmp_path, *said) as fleet:
            seen = scraped(fleet, *said, "--duration", "2s", *manner)
            result = fleet.end()
        explained(result, seen)
        return seen, result

    return misbehave


def test_who_refuses_reports_asks_for_them_again(misbehaving: Misbehaving) -> None:
    _, result = misbehaving("--nack", "100")
    assert result["totals"]["delivered"] == 4
    assert result["askings"]["again"] > 0


def test_who_asks_twice_at_once_is_told_busy_by_each_agent(misbehaving: Misbehaving) -> None:
    seen, result = misbehaving("--ask-twice")
    assert seen["errors"] == {"busy": 4}
    assert (result["askings"]["by_end"]["busy"], result["totals"]["delivered"]) == (4, 4)


def test_who_breaks_off_has_taken_nothing(misbehaving: Misbehaving) -> None:
    seen, result = misbehaving("--break-off-after", "40000")
    assert (seen["reports"], result["totals"]["delivered"]) == (0, 0)
    assert result["totals"]["failed"] >= 4
    assert seen["failures"]["broken_off"] == result["askings"]["by_kind"]["failed"] >= 4


def test_who_stops_reading_has_taken_nothing_and_runs_out_of_time(misbehaving: Misbehaving) -> None:
    seen, result = misbehaving("--stop-reading-after", "40000", "--vm-timeout", "300ms")
    assert set(seen["failures"]) == {"timeout"}
    assert seen["failures"]["timeout"] == result["askings"]["by_kind"]["failed"] >= 4
    assert set(result["failures"]) <= {"no_receipt", "broken_off", "no_request"}


def test_who_reads_slowly_gets_it_all_in_his_time(misbehaving: Misbehaving) -> None:
    _, result = misbehaving("--read-rate", "2000000")
    assert result["totals"]["delivered"] == 4
    assert result["service_time_seconds"]["p50"] > 0.1


def test_who_sends_rubbish_is_told_so_and_the_reports_wait_on(misbehaving: Misbehaving) -> None:
    seen, result = misbehaving("--rubbish", "100")
    assert seen["errors"] == {"malformed_request": 4}
    assert result["askings"]["by_end"]["malformed_request"] == 4
    assert result["totals"]["delivered"] == 0


def test_who_never_closes_is_closed_by_the_agent_and_holds_nobody_up(misbehaving: Misbehaving) -> None:
    seen, result = misbehaving("--never-close", "--nack", "50")
    assert seen["failures"] == {}
    assert result["totals"]["delivered"] == 4
