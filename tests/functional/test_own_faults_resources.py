"""A machine that gives too little: descriptors, memory, ports. It is counted or said in one message, and nothing stays behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from command import vsock_loadgen
from ports import free_port
from watched import SMALL, accounts, watched

LEAKS = {
    "parent": "from vsock_loadgen.measures.totals import RunTotals as leaky; method = 'add'",
    "receiver": "from vsock_loadgen.receiver.tally import Tally as leaky; method = 'count_report'",
    "worker": "from vsock_loadgen.engine.ledger import Book as leaky; method = 'start'",
}
LEAK = (
    "kept, proper = [], getattr(leaky, method)",
    "setattr(leaky, method, lambda *which, **how: kept.append(bytearray(2**20)) or proper(*which, **how))",
)
"""The command, one of whose processes needs another megabyte each time that it does something. As it is, none of them grows."""


def descriptors(most: int) -> tuple[str, ...]:
    """A command that starts another one with at most so many descriptors."""
    return ("prlimit", f"--nofile={most}:{most}")


def test_reports_for_which_there_is_no_descriptor_are_a_class_and_make_the_run_invalid(tmp_path: Path) -> None:
    out, target = tmp_path / "r.json", f"unix://{tmp_path}/relay.sock"
    with watched("receive", target, "--close-delay", "1m") as relay:
        relay.read_until("listening")
        options = ("--target", target, "--vm-count", "60", "--request-timeout", "1s", "--duration", "1s", "--result", out)
        with watched(*SMALL, *options, prefix=descriptors(40)) as run:
            ended = run.ended()
        relay.kill(signal.SIGTERM)
        assert relay.ended().code == 0
    result = accounts(out)
    assert ended.code == 4, ended.log
    assert result["complete"] is True
    assert result["failures"]["descriptors"] > 0
    assert result["failures"]["descriptors"] + result["failures"]["timeout"] == result["totals"]["failed"]
    assert "had no file descriptor" in result["verdict"]["reasons"][0]


@pytest.mark.parametrize("verb", ["run", "receive"])
def test_too_few_descriptors_to_start_with_are_said_in_one_message_and_leave_no_socket(verb: str, tmp_path: Path) -> None:
    arguments = SMALL if verb == "run" else ("receive", f"unix://{tmp_path}/relay.sock")
    codes = []
    for most in (6, 8, 12, 40):
        with watched(*arguments, "--duration", "100ms", prefix=descriptors(most)) as process:
            ended = process.ended()
        codes.append(ended.code)
        said = ended.log.endswith("Too many open files\n  remedy: raise the limit of open files (ulimit -Hn)\n")
        assert said == (ended.code == 1), ended.log
        assert list(tmp_path.iterdir()) == []
    assert (codes[0], codes[-1]) == (1, 0)
    assert set(codes) == {0, 1}


NO_MORE_MEMORY = (
    "import resource, vsock_loadgen.preparing as preparing",
    "build, none = preparing.build_fleet, resource.RLIM_INFINITY",
    "def build_with_nothing(config):",
    "    resource.setrlimit(resource.RLIMIT_AS, (1000, none))",
    "    try: return build(config)",
    "    finally: resource.setrlimit(resource.RLIMIT_AS, (none, none))",
    "preparing.build_fleet = build_with_nothing",
)
"""While the fleet is planned, and no longer: what an import, or the interpreter's own end, makes of memory that it does not get is
the interpreter's affair: a syntax error, an error without a reason, a crash."""
NO_REASON = (
    "from vsock_loadgen.cli.verbs import Verbs",
    "Verbs.main = lambda *which, **how: (_ for _ in ()).throw(SystemError('error return without exception set'))",
)


@pytest.mark.parametrize("setup", [NO_MORE_MEMORY, NO_REASON])
@pytest.mark.parametrize("arguments", [("plan",), SMALL])
def test_too_little_memory_for_the_plan_is_one_message(arguments: tuple[str, ...], setup: tuple[str, ...]) -> None:
    with watched(*arguments, "--vm-count", "100000", setup=setup) as run:
        ended = run.ended()
    assert ended.code == 1
    message, remedy = ended.log.splitlines()[-2:]
    assert message.endswith(": Cannot allocate memory")
    assert remedy.startswith("  remedy: ")


@pytest.mark.parametrize("number", [0, 1])
def test_a_child_that_runs_out_of_memory_is_lost_and_named(tmp_path: Path, number: int) -> None:
    out, child = tmp_path / "r.json", ("receiver", "worker")[number]
    with watched(*SMALL, "--result", out, setup=(LEAKS[child], *LEAK)) as run:
        run.read_until("due")
        limit_memory(run.children[number])
        if child == "receiver":
            run.read_until("connect")
            run.kill(signal.SIGTERM)
        ended = run.ended()
    result = accounts(out)
    assert ended.code == 1, ended.log
    assert result["verdict"]["status"] == "invalid"
    assert f"{child}{'' if child == 'receiver' else ' 0'} was lost (Cannot allocate memory)" in result["verdict"]["reasons"][0]
    assert result["complete"] is False


def test_a_parent_that_runs_out_of_memory_says_so_and_takes_its_children_along(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with watched(*SMALL, "--result", out, setup=(LEAKS["parent"], *LEAK)) as run:
        run.read_until("due")
        limit_memory(run.pid)
        ended = run.ended()
    assert ended.code == 1, ended.log
    assert "this machine refused what is needed: Cannot allocate memory" in ended.log
    assert accounts(out)["complete"] is False


def limit_memory(pid: int) -> None:
    """Give a process no more memory than it has."""
    subprocess.run(["prlimit", "--pid", str(pid), "--as=1000"], check=True)


@pytest.mark.parametrize("address", ["192.0.2.1", "no-such-host.invalid", "a..b"])
def test_a_metrics_address_that_is_not_of_this_machine_is_a_warning_and_the_run_goes_on(address: str) -> None:
    options = ("--metrics-port", str(free_port()), "--metrics-address", address, "--duration", "200ms")
    done = vsock_loadgen(*SMALL, *options)
    assert done.returncode == 0, done.stderr
    (warning,) = (line for line in done.stderr.splitlines() if "no metrics" in line)
    assert f"cannot listen on {address}" in warning


def test_a_taken_metrics_port_of_receive_is_refused_and_no_socket_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = vsock_loadgen("receive", f"unix://{tmp_path}/relay.sock", "--metrics-port", port)
    assert done.returncode == 2
    assert "choose another --metrics-port" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_of_the_machine_is_an_object_in_a_log_of_objects() -> None:
    with watched(*SMALL, "--log-format", "json", prefix=descriptors(11)) as run:
        ended = run.ended()
    last = json.loads(ended.log.splitlines()[-1])
    assert (ended.code, last["level"], last["event"], last["exit_code"]) == (1, "error", "broken", 1)
    assert "Too many open files" in last["message"]
