"""A fleet that is asked over real sockets, by a websocket client that is not of the server's own library."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from asked import LENGTH, Fleet, Mute, answer, balanced, request, send, serving, upgrade
from command import EXAMPLES, TIMEOUT_SECONDS, start_vsock_loadgen, vsock_loadgen
from ports import free_port

FLEET = ("--vm-count", "4", "--report-interval", "1h", "--num-packages", "600")
"""VMs that have one report each, of before the run, and no other."""
BINARY, PING = 2, 9
"""Opcodes."""


def test_a_vm_answers_with_its_report_and_then_that_it_is_unchanged(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        first = fleet.ask(2)
        assert first.report.hash_id.endswith(f"{2:012x}")
        assert len(first.report.contents.packages) == 600
        second = fleet.ask(2, first.mark)
        assert (second.unchanged, second.mark) == (True, first.mark)
        assert fleet.ask(2).report is not None
        result = fleet.end()
    assert result["totals"]["due"] == 4
    assert (result["totals"]["delivered"], result["totals"]["unfinished"]) == (1, 3)
    assert result["askings"]["by_kind"] == {"whole": 2, "unchanged": 1, "errors": 0, "failed": 0, "refused": 0, "cut": 0}
    assert (result["askings"]["again"], result["askings"]["initial"]) == (1, 4)
    assert result["confirmation"] == "receipt"
    assert result["asked"]["known_vms"] == 1
    assert result["response_time_seconds"]["count"] == 0


def test_the_generation_dialect_names_number_and_epoch(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen: {vmCount: 1, reportInterval: 1h, serve: {dialect: generation}}")
    with serving(tmp_path, "--config", config) as fleet:
        first = fleet.ask(0, dialect="generation")
        assert first.mark.generation == 1
        assert abs(first.mark.epoch - time.time()) < TIMEOUT_SECONDS
        assert fleet.ask(0, first.mark, "generation").unchanged
        fleet.end()


def test_a_request_may_come_in_any_pieces_and_the_subprotocol_is_echoed(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        with fleet.connect(0) as ws:
            assert ws.subprotocol == "plain.kubevirt.io"
            for byte in LENGTH.pack(len(request())) + request():
                ws.send(bytes([byte]))
            assert answer(ws).report is not None
        with fleet.connect(1) as ws:
            ws.send(LENGTH.pack(0))
            assert answer(ws).error == "unknown_method"
        with fleet.connect(1) as ws:
            send(ws, b"\xff\xff")
            assert answer(ws).error == "malformed_request"
        with fleet.connect(1) as ws:
            ws.send(LENGTH.pack((1 << 20) + 1))
            assert answer(ws).error == "request_too_large"
        result = fleet.end()
    by_end = result["askings"]["by_end"]
    assert (by_end["unknown_method"], by_end["malformed_request"], by_end["request_too_large"]) == (1, 1, 1)
    assert result["failures"] == {"refused": 1}


def test_a_second_asker_at_once_is_told_that_the_agent_is_busy_and_the_first_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        with fleet.connect(0) as first:
            first.send(LENGTH.pack(len(request())))
            with fleet.connect(0) as second:
                assert answer(second).error == "busy"
                send(second, request())
            first.send(request())
            assert answer(first).report is not None
        result = fleet.end()
    assert (result["totals"]["delivered"], result["totals"]["failed"]) == (1, 0)
    assert result["askings"]["by_end"]["busy"] == 1


def test_who_breaks_off_within_a_report_has_not_taken_it(tmp_path: Path) -> None:
    with serving(tmp_path, "--vm-count", "1", "--report-interval", "1h", "--num-packages", "4000") as fleet:
        with socket.create_connection((fleet.host, fleet.port)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with fleet.connect(0, sock=raw) as ws:
                send(ws, request())
                ws.recv(timeout=TIMEOUT_SECONDS)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                raw.shutdown(socket.SHUT_RDWR)
        result = fleet.end()
    assert result["totals"]["delivered"] == 0
    assert result["askings"]["by_kind"]["failed"] == 1
    assert sum(result["failures"].values()) == 1


def test_who_reads_everything_and_answers_no_ping_has_given_no_receipt(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        asker = Mute(fleet)
        asker.send(request())
        opcodes = asker.read()
        asker.close()
        result = fleet.end()
    assert opcodes[-2:] == [PING, BINARY]
    assert set(opcodes[:-2]) == {BINARY}
    assert result["failures"] == {"no_receipt": 1}
    assert result["askings"]["by_end"]["no_receipt"] == 1


def test_vms_that_there_are_not_are_404_and_counted_apart(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        for name in ("loadgen-4", "somebody", "loadgen-0%2F"):
            with pytest.raises(InvalidStatus) as refused:
                fleet.ask(name)
            status = json.loads(refused.value.response.body or b"")
            assert (status["kind"], status["code"]) == ("Status", 404)
        result = fleet.end()
    assert result["askings"]["by_end"]["404"] >= 2
    assert all("askings" not in group or group["askings"]["askings"] == 0 for group in result["groups"]["packages"])


def got(fleet: Fleet, path: str) -> tuple[int, bytes]:
    """What a plain GET gets."""
    try:
        with urllib.request.urlopen(fleet.url + path, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (our own server)
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_discovery_openapi_and_health_are_for_everybody_and_no_askings(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        assert got(fleet, "/healthz") == (200, b"ok")
        code, body = got(fleet, "/apis/subresources.kubevirt.io/v1")
        assert (code, json.loads(body)["kind"]) == (200, "APIResourceList")
        assert json.loads(body)["resources"][0]["name"] == "virtualmachineinstances/vsock"
        assert json.loads(got(fleet, "/apis")[1])["kind"] == "APIGroupList"
        assert json.loads(got(fleet, "/apis/subresources.kubevirt.io")[1])["kind"] == "APIGroup"
        for path in ("/openapi/v2", "/openapi/v3", "/nowhere"):
            code, body = got(fleet, path)
            assert (code, json.loads(body)["kind"]) == (404, "Status")
        path = "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/loadgen-0/vsock?port=818"
        assert got(fleet, path)[0] == 400
        result = fleet.end()
    assert result["askings"]["askings"] == result["askings"]["by_end"]["400"] == 1


def test_a_cold_fleet_is_not_ready_until_it_scans(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("loadgen: {vmCount: 1, reportInterval: 1h, serve: {start: cold, namePattern: 'vm-{index}', namespace: vms}}")
    with serving(tmp_path, "--config", config) as fleet:
        with pytest.raises(InvalidStatus):
            fleet.ask("vm-0")
        path = "/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachineinstances/vm-0/vsock"
        assert got(fleet, path)[0] == 400
        result = fleet.end()
    assert result["totals"]["due"] == 0


def test_a_vm_that_is_switched_off_is_400_and_its_report_is_skipped(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text(
        "loadgen:\n  vmCount: 2\n  reportInterval: 1h\n  phases:\n"
        "    - {name: on, duration: 10ms, vms: 100}\n    - {name: off, duration: 1h, vms: 0}\n"
    )
    with serving(tmp_path, "--config", config) as fleet:
        until(lambda: code_of(fleet, 0) == 400)
        result = fleet.end()
    askings = result["askings"]
    assert askings["by_end"]["400"] == 1
    assert askings["skipped_since"]["off"] + result["totals"]["delivered"] == result["totals"]["due"] == 2


def code_of(fleet: Fleet, vm: int) -> int:
    """What an asker's upgrade is answered with."""
    try:
        fleet.ask(vm)
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


def until(holds: Callable[[], bool]) -> None:
    """Try until it holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline


def test_both_ends_of_a_fleet_that_is_asked_count_the_same_by_group(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    ended = vsock_loadgen(
        *("serve", "--config", EXAMPLES / "fleet-pull.yaml", "--asker", "embedded", "--listen", "http://127.0.0.1:0"),
        *("--time-scale", "4800", "--duration", "6s", "--metrics-port", "0", "--result", out),
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(out.read_text())
    seen = result["receiver"]
    assert seen["schema"] == "vsock-loadgen/scraped/v1"
    assert seen["reports"] == result["totals"]["delivered"] + result["askings"]["again"] > 0
    assert seen["unchanged"] == result["askings"]["by_kind"]["unchanged"]
    assert seen["strangers"] == 0
    for group in result["groups"]["packages"]:
        taken = group["totals"]["delivered"] + group.get("askings", {}).get("again", 0)
        assert seen["groups"]["packages"][group["id"]]["reports"] == taken == group["seen"]["reports"]


def test_scrape_by_itself_counts_what_the_fleet_gave(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET, "--time-scale", "3600") as fleet:
        ended = vsock_loadgen(
            *("scrape", fleet.url, *FLEET, "--time-scale", "3600", "--duration", "3s", "--format", "json"),
            *("--tick-interval", "6m", "--poll-interval", "30m", "--sensor-release", "august"),
        )
        assert ended.returncode == 0, ended.stderr
        result = fleet.end()
    scraped = json.loads(ended.stdout)
    assert scraped["askings"] == scraped["reports"] + scraped["unchanged"] + sum(scraped["errors"].values())
    assert scraped["failures"] == {}
    assert scraped["reports"] == result["askings"]["by_kind"]["whole"] > 0
    assert scraped["vms"] == 4
    assert scraped["vms_by_packages"] == {"600": 4}


def test_sensors_own_counters_are_compared_with_how_askings_ended(tmp_path: Path) -> None:
    """The stand-in runs first, so that it has counters before the fleet is there: it fails to connect until then."""
    out, port, counters = tmp_path / "result.json", free_port(), free_port()
    asker = start_vsock_loadgen(
        *("scrape", f"http://127.0.0.1:{port}", *FLEET, "--time-scale", "3600", "--counters-port", str(counters)),
        *("--tick-interval", "6m", "--poll-interval", "30m", "--sensor-release", "august"),
    )
    try:
        page = f"http://127.0.0.1:{counters}/metrics"
        until(lambda: "dial_error" in read(page))
        ended = vsock_loadgen(
            *("serve", *FLEET, "--time-scale", "3600", "--duration", "4s", "--listen", f"http://127.0.0.1:{port}"),
            *("--metrics-port", "0", "--reconcile", page, "--no-verdict", "--result", out),
        )
    finally:
        asker.send_signal(signal.SIGINT)
        asker.communicate(timeout=TIMEOUT_SECONDS)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(out.read_text())
    found = result["sensor"]
    assert found["unexplained"] == 0
    assert found["ours"]["whole"] == found["theirs"]["whole"] == result["askings"]["by_kind"]["whole"] > 0
    assert found["ours"]["unchanged"] == found["theirs"]["unchanged"] == result["askings"]["by_kind"]["unchanged"]
    assert found["url"] == page
    assert result["confirmation"] == "reconciled"
    assert "Sensor's own counters" in ended.stdout


def read(url: str) -> str:
    """A page; empty until somebody serves it."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (of 127.0.0.1)
            return str(answer.read(), "utf-8")
    except OSError:
        return ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "ftp://127.0.0.1:1"), "expected http://HOST:PORT"),
        (("--listen", "http://127.0.0.1:99999"), "expected http://HOST:PORT"),
        (("--workers", "2"), "one process answers"),
        (("--set", "serve.namePattern=vm"), "{index}"),
        (("--set", "serve.dialect=klingon"), "token or generation"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_message(arguments: tuple[str, ...], said: str) -> None:
    ended = vsock_loadgen("serve", "--metrics-port", "0", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_taken_is_said_in_a_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = vsock_loadgen("serve", "--metrics-port", "0", "--listen", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 2
    assert "cannot be listened on" in ended.stderr


def test_slow_guests_that_are_restarted_are_not_ready_until_they_scan_and_the_accounts_hold(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    ended = vsock_loadgen(
        *("serve", "--vm-count", "10", "--num-packages", "100", "--report-interval", "1h", "--asker", "embedded", "--no-verdict"),
        *(
            "--listen",
            "http://127.0.0.1:0",
            "--metrics-port",
            "0",
            "--duration",
            "4s",
            "--result",
            out,
            "--sensor-release",
            "august",
        ),
        *("--set", "serve.restartEvery=2s", "--set", "serve.firstScan=400ms", "--set", "serve.answerDelay=50ms"),
        *("--poll-interval", "200ms", "--tick-interval", "20ms", "--initial-backoff", "100ms"),
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(out.read_text())
    balanced(result)
    assert result["totals"]["due"] > 10
    assert result["askings"]["by_end"]["not_ready"] > 0
    assert result["service_time_seconds"]["p50"] >= 0.05
    assert result["receiver"]["reports"] == result["askings"]["by_kind"]["whole"]


def test_who_is_gone_before_the_upgrade_is_an_asking_and_no_trouble(tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        for _ in range(50):
            with socket.create_connection((fleet.host, fleet.port)) as gone:
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                gone.sendall(upgrade(0))
        assert fleet.ask(1).report is not None
        result = fleet.end()  # which looks for tracebacks in the log
    by_end = result["askings"]["by_end"]
    assert by_end["whole"] == 1
    assert result["askings"]["askings"] == 1 + sum(by_end[way] for way in ("no_request", "broken_off", "busy"))


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\xff: 1\r\n\r\n"]
)
def test_what_is_no_http_is_answered_with_400_and_is_no_line_in_the_log(said: bytes, tmp_path: Path) -> None:
    with serving(tmp_path, *FLEET) as fleet:
        with socket.create_connection((fleet.host, fleet.port), timeout=TIMEOUT_SECONDS) as stranger:
            stranger.sendall(said)
            assert stranger.recv(1_000).split()[1] == b"400"
        result = fleet.end()  # which looks for tracebacks in the log
    assert result["askings"]["askings"] == 0
