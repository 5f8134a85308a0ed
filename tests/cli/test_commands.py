"""The command line as a process: what each verb prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from command import EXAMPLES, TIMEOUT_SECONDS, command_line, environment, read_until, start_vsock_loadgen, vsock_loadgen
from vsock_loadgen.cli.verbs import verbs

VERBS = ("run", "plan", "receive", "init", "schema")
SMALL = ("--vm-count", "5", "--num-packages", "3", "--report-interval", "100ms", "--metrics-port", "0")


def test_help_lists_every_verb() -> None:
    done = vsock_loadgen("--help")
    assert done.returncode == 0
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    done = vsock_loadgen(verb, "--help")
    assert done.returncode == 0
    assert f"vsock-loadgen {verb}" in done.stdout.partition("Example")[2]


@pytest.mark.parametrize(("given", "meant"), [("plann", "plan"), ("captivity", "capacity"), ("frobnicate", "")])
def test_a_verb_that_there_is_not_is_answered_with_the_one_that_is_like_it(given: str, meant: str) -> None:
    done = CliRunner().invoke(verbs, [given])
    assert done.exit_code == 2
    assert re.findall(r"Did you mean (\w+)\?", done.stderr) == ([meant] if meant else [])


def test_options_without_a_verb_mean_run(tmp_path: Path) -> None:
    """As in the older tool: `vsock-loadgen --config FILE`, its flags beating the file."""
    config = tmp_path / "config.yaml"
    config.write_text("loadgen:\n  vmCount: 7\n  numPackages: 700\n  reportInterval: 60s\n  port: 818\n  metricsPort: 0\n")
    done = vsock_loadgen("--config", config, *SMALL, "--target", "embedded", "--duration", "300ms")
    assert done.returncode == 0, done.stderr
    assert "Fleet of 5 VMs" in done.stderr


def test_the_config_may_be_named_by_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("loadgen: {vmCount: 7}\n")
    done = vsock_loadgen("plan", "--target", "embedded", extra={"LOADGEN_CONFIG": str(config), "LOADGEN_SEED": "5"})
    assert "Fleet of 7 VMs, seed 5" in done.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "loadgen:\n  packages:\n    buckets:\n      - {percent: 98, value: 5}\n",
            "wrong.yaml:3: packages.buckets: percents add up to 98",
        ),
        ("loadgen:\n  vmCount: yes please\n  reportInterval: 30\n", "wrong.yaml:3: reportInterval"),
        ("", "wrong.yaml"),
    ],
)
def test_a_wrong_config_is_answered_with_its_line_and_exit_code_2(tmp_path: Path, text: str, expected: str) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text(text)
    done = vsock_loadgen("run", "--config", config, "--target", "embedded")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_every_wrong_flag_is_named_at_once() -> None:
    done = vsock_loadgen("plan", "--vm-count", "0", "--report-interval", "30", "--set", "packages.buckets=[]")
    assert done.returncode == 2
    named = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert named == {"--vm-count", "--report-interval", "--set packages.buckets"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("plan", "--vms"),
        ("run", "--set", "nonsense"),
        ("receive", "embedded"),
        ("receive", "unix://relative"),
        ("receive", "--close-delay", "5"),
        ("receive", "--close-delay", "50ms,100ms@60s,20ms@30s"),
        ("receive", "--stall", "5s"),
        ("receive", "--reset"),
        ("run", "--target", "http://127.0.0.1"),
        ("run", "--node-index", "3", "--node-count", "2", "--target", "embedded"),
    ],
)
def test_a_command_that_cannot_be_meant_ends_with_exit_code_2_and_one_message(arguments: tuple[str, ...]) -> None:
    done = vsock_loadgen(*arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_the_starter_config_can_be_planned_as_it_is(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text(vsock_loadgen("init").stdout)
    done = vsock_loadgen("plan", "--config", config, "--strict")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Packages per VM" in done.stdout


def test_the_plan_of_the_example_has_the_published_figures() -> None:
    done = vsock_loadgen("plan", "--config", EXAMPLES / "fleet-200.yaml", "--format", "json", "--nodes", "3", "--vms")
    plan = json.loads(done.stdout)
    packages, interval = plan["packages"], plan["report_interval_seconds"]
    assert [packages[key] for key in ("mean", "p50", "p95", "p99")] == [710, 500, 1500, 2000]
    assert [interval[key] for key in ("mean", "p50", "p95", "p99")] == [93, 30, 300, 300]
    assert [bucket["vms"] for bucket in packages["buckets"]] == [140, 40, 16, 4]
    assert [node["first_cid"] for node in plan["nodes"]] == [3, 10_003, 20_003]
    assert len(plan["vms"]) == 200


def test_schema_prints_a_json_schema() -> None:
    document = json.loads(vsock_loadgen("schema").stdout)
    assert "loadgen" in document["properties"]


@pytest.mark.parametrize("output", ["text", "json"])
def test_receive_prints_what_it_saw_when_it_is_stopped(tmp_path: Path, output: str) -> None:
    target = f"unix://{tmp_path}/relay.sock"
    receiver = start_vsock_loadgen("receive", target, "--format", output)
    read_until(receiver, "listening")
    assert vsock_loadgen(*SMALL, "--target", target, "--duration", "500ms").returncode == 0
    receiver.send_signal(signal.SIGTERM)
    stdout, _ = receiver.communicate(timeout=TIMEOUT_SECONDS)
    assert receiver.returncode == 0
    if output == "json":
        receipt = json.loads(stdout)
        assert (receipt["vms"], receipt["vms_by_packages"]) == (5, {"3": 5})
    else:
        assert "from 5 VMs" in stdout
    assert not (tmp_path / "relay.sock").exists()


def test_receive_stops_by_itself_after_its_duration(tmp_path: Path) -> None:
    done = vsock_loadgen("receive", f"unix://{tmp_path}/relay.sock", "--duration", "100ms", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["connections"] == 0


def test_receive_on_a_taken_address_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = vsock_loadgen("receive", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert "cannot listen" in done.stderr


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        command_line("plan", "--vm-count", "5000", "--format", "json", "--vms", "--target", "embedded"),
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
    assert "Traceback" not in stderr


def test_a_node_of_a_cluster_sends_its_slice_only(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    options = ("--target", "embedded", "--duration", "300ms", "--node-index", "1", "--node-count", "2", "--result", out)
    done = vsock_loadgen(*SMALL, *options)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["slice"] == {"node_index": 1, "node_count": 2, "first_vm": 3, "vms": 2, "first_cid": 10_003}
    assert result["plan"]["vm_count"] == 5
    assert result["receiver"]["vms"] == 2


def test_a_node_name_without_a_cluster_to_ask_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    nowhere = {"NODE_NAME": "worker-3", "KUBECONFIG": str(tmp_path / "missing")}
    done = vsock_loadgen(*SMALL, "--target", "embedded", extra=nowhere)
    assert done.returncode == 2
    assert "nodeIndex and nodeCount" in done.stderr
