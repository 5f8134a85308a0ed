"""`capacity` with real processes and sockets: trials that arrive, a search that is interrupted and goes on, and what is refused."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from command import read_until, start_vsock_loadgen, vsock_loadgen

FLEET = ("--vm-count", "200", "--packages", "10", "--report-interval", "10s", "--target", "embedded")
SHORT = ("--goal", "failed_percent < 10", "--precision", "100%", "--confirm", "1")
"""Trials of a few seconds, of which a busy machine makes no miss."""
SEARCHES: Mapping[str, tuple[str, ...]] = {
    "one load": (*SHORT, "--to", "20/s", "--at-least", "15/s"),
    "too little": (*SHORT, "--to", "20/s", "--at-least", "25/s"),
    "VMs": (*SHORT, "--vary", "vms", "--from", "150", "--to", "250"),
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[CompletedProcess[str]]]]:
    """The searches, all at the same time: most of what they do is wait."""
    with ThreadPoolExecutor(len(SEARCHES)) as pool:
        yield {name: pool.submit(vsock_loadgen, "capacity", *FLEET, "--format", "json", *asked) for name, asked in SEARCHES.items()}


def document(done: CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode, done.stderr
    return found


def test_a_load_that_holds_up_to_the_bound(searched: Mapping[str, Future[CompletedProcess[str]]]) -> None:
    found = document(searched["one load"].result())
    assert (found["exit_code"], found["limited_by"], found["misses"]) == (0, "bounds", None)
    assert found["holds"] == {"rate": 1.0, "vms": 200, "reports_per_second": 20.0}
    (trial,) = found["trials"]
    assert trial["due"] == pytest.approx(100, abs=20)
    assert [goal["of"] for goal in trial["goals"]] == [trial["due"]] * 2
    assert trial["recovered_after_seconds"] is not None
    assert found["probes"] >= 23


def test_less_than_is_asked_for_is_exit_code_3(searched: Mapping[str, Future[CompletedProcess[str]]]) -> None:
    found = document(searched["too little"].result())
    assert (found["exit_code"], found["holds"]["reports_per_second"]) == (3, 20.0)


def test_vms_are_varied_as_whole_fleets(searched: Mapping[str, Future[CompletedProcess[str]]]) -> None:
    found = document(searched["VMs"].result())
    assert [trial["vms"] for trial in found["trials"]] == [150, 250]
    assert [trial["reports_per_second"] for trial in found["trials"]] == [15.0, 25.0]
    assert found["holds"]["vms"] == 250


def test_the_log_says_each_trial_and_what_is_left(searched: Mapping[str, Future[CompletedProcess[str]]]) -> None:
    log = searched["VMs"].result().stderr
    assert len(re.findall(r"trial \d \(search\): .* left\n", log)) == 2
    assert len(re.findall(r"trial \d: holds", log)) == 2


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "capacity.json"
    asked = (*FLEET, *SHORT, "--vary", "vms", "--from", "150", "--to", "250")
    search = start_vsock_loadgen("capacity", *asked, "--result", path)
    read_until(search, "trial 2 ")
    search.send_signal(signal.SIGINT)
    output, log = search.communicate()
    assert search.returncode == 1, log
    assert "--continue" in log
    assert "interrupted" in output
    before = json.loads(path.read_text())
    assert (before["complete"], before["confidence"], len(before["trials"])) == (False, "interrupted", 1)

    other = vsock_loadgen("capacity", *asked, "--vm-count", "300", "--continue", path)
    assert (other.returncode, json.loads(path.read_text())) == (2, before)
    assert "vmCount" in other.stderr

    done = vsock_loadgen("capacity", *asked, "--continue", path)
    assert done.returncode == 0, done.stderr
    after = json.loads(path.read_text())
    assert after["trials"][0] == before["trials"][0]
    assert ([trial["number"] for trial in after["trials"]], after["started_at"]) == ([1, 2], before["started_at"])
    again = vsock_loadgen("capacity", *asked, "--continue", path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (("--goal", "reports_per_second > 5"), "--goal"),
        (("--goal", "response_time.max < 5s"), "--goal"),
        ((), "thresholds"),
        ((*SHORT, "--delivery", "written"), "--delivery"),
        ((*SHORT, "--start-at", "2100-01-01T00:00:00Z"), "--start-at"),
        ((*SHORT, "--node-count", "3"), "--node-count"),
        ((*SHORT, "--set", "reportInterval={constant: 10s, synchronized: true}"), ""),
        ((*SHORT, "--from", "40/s", "--to", "20/s"), "--to"),
        ((*SHORT, "--precision", "0.1%"), "--precision"),
        ((*SHORT, "--at-least", "much"), "--at-least"),
        (("--goal", "response_time.p99 < 2s", "--from", "20/s"), "--from"),
        (("--goal", "response_time.p99 < 2s", "--vary", "vms"), "reportInterval"),
        (("--goal", "packages.11.response_time.p99 < 1s"), "--goal"),
    ],
)
def test_what_cannot_be_searched_is_one_message_and_nothing_is_sent(wrong: tuple[str, ...], place: str) -> None:
    done = vsock_loadgen("capacity", *FLEET, *wrong)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert place in done.stderr
    assert "Traceback" not in done.stderr
    assert "single reports" not in done.stderr


def test_a_target_that_is_not_there_is_said_before_the_first_trial(tmp_path: Path) -> None:
    done = vsock_loadgen("capacity", *FLEET, *SHORT, "--target", f"unix://{tmp_path}/nobody.sock")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_dry_run_says_what_would_be_done_and_sends_nothing(tmp_path: Path) -> None:
    done = vsock_loadgen("capacity", *FLEET, *SHORT, "--target", f"unix://{tmp_path}/nobody.sock", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "about" in done.stdout
    assert "minutes" in done.stdout
