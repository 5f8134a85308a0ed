"""A run and the stand-in relay as two commands: the run asks for the relay's counters, and finds what became of its reports."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen, vsock_loadgen

FLEET = ("--vm-count", "20", "--num-packages", "5", "--report-interval", "300ms", "--metrics-port", "0")
RUN = ("run", *FLEET, "--duration", "1s")


@contextmanager
def relay(folder: Path, *behaviour: str) -> Iterator[tuple[str, str]]:
    """The stand-in with its counters: its target, and their URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target = f"unix://{folder / 'relay.sock'}"
    process = start_vsock_loadgen("receive", target, "--metrics-port", str(port), *behaviour)
    try:
        assert f"counters at http://127.0.0.1:{port}/metrics" in read_until(process, "listening on")
        yield target, f"http://127.0.0.1:{port}/metrics"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0


def result_of(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text())
    assert isinstance(document, dict)
    return document


def test_counters_that_account_for_everything_are_the_proof(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text('loadgen:\n  reconcile: {url: "http://${RELAY}/metrics"}\n')
    with relay(tmp_path) as (target, url):
        relay_host = {"RELAY": url.removeprefix("http://").removesuffix("/metrics")}
        arguments = ("--config", config, "--target", target, "--result", tmp_path / "result.json")
        first = vsock_loadgen(*RUN, *arguments, extra=relay_host)
        again = vsock_loadgen(*RUN, *arguments, extra=relay_host)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    result = result_of(tmp_path / "result.json")
    found, delivered = result["reconciliation"], result["totals"]["delivered"]
    assert delivered >= 20  # each VM's first at least, however late
    assert result["confirmation"] == "reconciled"
    assert found == {
        "url": "http://${RELAY}/metrics",
        "problem": None,
        "sent": delivered,
        "uncertain": 0,
        "accepted": found["accepted"],
        "received": delivered,
        "forwarded": delivered,
        "mismatching_cid": 0,
        "dropped": {"concurrency": 0, "rate_limit": 0, "forwarding": 0},
        "pending": 0,
        "thrown_away": 0,
        "unexplained": 0,
    }
    assert found["accepted"] in (delivered, delivered + 1)  # the look before the start may come before or after the scrape
    assert "confirmation: reconciled, the target's own counters account for every" in again.stdout


def test_reports_that_the_receiver_threw_away_are_found_and_fail_the_run(tmp_path: Path) -> None:
    """Half of the VMs have had their only report for a long time to come in a run before."""
    with relay(tmp_path, "--max-reports-per-minute", "0.001") as (target, url):
        vsock_loadgen(*RUN, "--vm-count", "10", "--target", target)
        done = vsock_loadgen(*RUN, "--target", target, "--reconcile", url, "--result", tmp_path / "result.json")
    assert done.returncode == 3, done.stderr
    result = result_of(tmp_path / "result.json")
    delivered = result["totals"]["delivered"]
    thrown_away = delivered - 10
    assert result["reconciliation"]["forwarded"] == 10
    assert result["reconciliation"]["dropped"]["rate_limit"] == result["reconciliation"]["thrown_away"] == thrown_away
    assert result["confirmation"] == "reconciled"
    assert result["verdict"]["status"] == "failed"
    assert result["verdict"]["reasons"] == [f"the target discarded {thrown_away} reports: {thrown_away} rate limited"]
    assert f"rate limited {thrown_away} discarded" in " ".join(done.stdout.split())


def test_a_cid_check_throws_away_all_but_one_vms_reports(tmp_path: Path) -> None:
    with relay(tmp_path, "--check-cid", "3") as (target, url):
        done = vsock_loadgen(*RUN, "--target", target, "--reconcile", url, "--result", tmp_path / "result.json")
    assert done.returncode == 3, done.stderr
    found = result_of(tmp_path / "result.json")["reconciliation"]
    assert found["received"] + found["mismatching_cid"] == found["sent"]
    assert 1 <= found["received"] <= 5
    assert found["unexplained"] == 0


def test_reports_that_the_target_takes_and_does_not_count_make_the_run_invalid(tmp_path: Path) -> None:
    """The counters are those of another relay, which received nothing."""
    with relay(tmp_path) as (_, url):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        with relay(elsewhere) as (target, _):
            done = vsock_loadgen(*RUN, "--target", target, "--reconcile", url, "--result", tmp_path / "result.json")
    assert done.returncode == 1, done.stderr
    result = result_of(tmp_path / "result.json")
    delivered = result["totals"]["delivered"]
    assert result["reconciliation"]["unexplained"] == delivered
    assert result["confirmation"] == "strong"
    assert f"the target's counters do not show {delivered} of {delivered} delivered reports" in result["verdict"]["reasons"]


def test_counters_that_cannot_be_read_are_a_warning_and_the_run_goes_on(tmp_path: Path) -> None:
    with relay(tmp_path) as (target, url):
        wrong = url.removesuffix("metrics") + "other"
        done = vsock_loadgen(*RUN, "--target", target, "--reconcile", wrong, "--result", tmp_path / "result.json")
    assert done.returncode == 0, done.stderr
    problem = f"{wrong}, before the run: answers with status 404, expected 200"
    assert f"warning: reconcile: {problem}; what arrived will not be known" in done.stderr
    result = result_of(tmp_path / "result.json")
    assert result["reconciliation"]["problem"] == problem
    assert result["confirmation"] == "strong"
    assert result["verdict"]["reasons"][-1] == f"not reconciled: {problem}"


def test_a_variable_that_the_environment_lacks_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    done = vsock_loadgen(*RUN, "--target", f"unix://{tmp_path / 'nobody'}", "--reconcile", "http://${NO_SUCH_HOST}/")
    assert done.returncode == 2
    assert "reconcile.url: http://${NO_SUCH_HOST}/: NO_SUCH_HOST is not in the environment" in done.stderr


def test_the_embedded_receiver_is_not_asked(tmp_path: Path) -> None:
    done = vsock_loadgen(
        *RUN, "--target", "embedded", "--reconcile", "http://${NO_SUCH_HOST}/", "--result", tmp_path / "result.json"
    )
    assert done.returncode == 0, done.stderr
    assert "warning: reconcile: " in done.stderr
    assert result_of(tmp_path / "result.json")["reconciliation"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--check-cid", "peer"), "has no CID"),
        (("--check-cid", "x"), "'x': expected peer, or a CID from 0 to 4,294,967,295"),
        (("--max-reports-per-minute", "0"), "0.0 is not in the range x>0"),
        (("--metrics-port", "0"), "0 is not in the range"),
    ],
)
def test_options_of_receive_that_cannot_be_meant_are_refused(tmp_path: Path, arguments: tuple[str, str], message: str) -> None:
    done = vsock_loadgen("receive", f"unix://{tmp_path / 'relay.sock'}", *arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_a_metrics_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = vsock_loadgen("receive", f"unix://{tmp_path / 'relay.sock'}", "--metrics-port", str(port))
    assert done.returncode == 2
    assert f"cannot serve metrics on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert not (tmp_path / "relay.sock").exists()
