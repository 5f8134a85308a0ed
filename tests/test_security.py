"""What SECURITY.md promises and no other test holds: nothing that is shown steers a terminal, and no secret is kept or shown."""

from __future__ import annotations

import io
import json
import re
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from command import TIMEOUT_SECONDS, children_of, read_until, start_vsock_loadgen, vsock_loadgen
from hostile import TERMINAL, poisoned
from ports import free_port
from vsock_loadgen.log import Entry, Log
from vsock_loadgen.printable import printable, printable_lines
from vsock_loadgen.results.comparison import Comparison, Side, compare
from vsock_loadgen.results.result import Named, Result
from vsock_loadgen.serving.http import listening_address
from vsock_loadgen.text.comparison_markdown import comparison_markdown
from vsock_loadgen.text.comparison_text import comparison_text
from vsock_loadgen.text.result_text import result_text
from vsock_loadgen.transport.exposing import exposing
from vsock_loadgen.transport.web import HttpServer

SECRET = "s3cret-t0ken"
FLEET = ("--vm-count", "10", "--num-packages", "5", "--report-interval", "300ms", "--no-live")
_COLORS = re.compile(r"\x1b\[[0-9;]*m")


def assert_steers_nothing(text: str) -> None:
    """Text for a terminal has nothing in it but what shows, ends of lines, and colours of our own."""
    assert all(line.isprintable() for line in _COLORS.sub("", text).split("\n")), text


def comparison_of_strangers() -> Comparison:
    """Results from elsewhere, in files with names from elsewhere."""
    stranger = Result.read(poisoned(TERMINAL))
    return compare(Side("a", (Named("mine.json", stranger),)), [Side("b", (Named(f"{TERMINAL}.json", stranger),))])


@pytest.mark.parametrize("color", [False, True])
def test_a_result_from_elsewhere_steers_no_terminal(color: bool) -> None:
    text = result_text(Result.read(poisoned(TERMINAL)), width=100, color=color)
    assert_steers_nothing(text)
    assert text.count("[bold]x[/] [/red]") >= 6  # a reason, a warning, a threshold, a phase, a failure, the reconciliation


@pytest.mark.parametrize("color", [False, True])
def test_nor_does_a_comparison_with_it_as_text_or_markdown(color: bool) -> None:
    comparison = comparison_of_strangers()
    text, markdown = comparison_text(comparison, width=100, color=color), comparison_markdown(comparison)
    assert_steers_nothing(text)
    assert_steers_nothing(markdown)
    for part in (text, text[text.index("by group of VMs") :]):
        assert "[bold]x[/]" in part
    for part in (markdown, markdown[markdown.index("### By group of VMs") :]):
        assert r"\[bold\]x\[/\]" in part


def test_every_message_of_the_log_is_one_line_that_shows_what_it_is() -> None:
    stream = io.StringIO()
    log = Log(stream, lambda: 0.0)
    for write in (log.line, log.alert, log.error):
        write(f"reconcile: {TERMINAL}12:00:00 verdict: passed")
    assert_steers_nothing(stream.getvalue())
    assert stream.getvalue().count("\n") == 3


def test_in_the_json_log_a_message_is_whole_and_still_one_line() -> None:
    line = Entry(0.0, "info", "note", TERMINAL, {"target": TERMINAL}).as_json()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == json.loads(line)["target"] == TERMINAL


def test_what_is_printable_stays_as_it_is_and_lines_stay_lines() -> None:
    assert printable("5 µs \N{LATIN SMALL LETTER E WITH ACUTE} ━") == "5 µs \N{LATIN SMALL LETTER E WITH ACUTE} ━"
    assert printable("a\nb\x1b") == "a?b?"
    assert printable_lines("a\n  remedy: b\x1b\u202e") == "a\n  remedy: b??"


def test_neither_a_files_name_nor_what_is_wrong_in_it_steers_the_terminal(tmp_path: Path) -> None:
    name = "\x1b]0;x\x07\u202e[bold].json"
    (tmp_path / name).write_text(json.dumps({"schema": TERMINAL}))
    (tmp_path / "config.yaml").write_text('loadgen:\n  "\\x1b[2J\\u202e": 1\n  target: "\\x1b]0;x\\x07"\n  packages: "\\x1b[31m"\n')
    for arguments in (("compare", tmp_path / name, tmp_path / name), ("report", tmp_path / name)):
        done = vsock_loadgen(*arguments)
        assert done.returncode == 2
        assert "not a result" in done.stderr
        assert_steers_nothing(done.stdout + done.stderr)
    for verb in ("plan", "run"):
        done = vsock_loadgen(verb, "--config", tmp_path / "config.yaml")
        assert done.returncode == 2
        assert_steers_nothing(done.stdout + done.stderr)


def test_without_a_pod_around_it_only_this_machine_reaches_what_is_served() -> None:
    """127.0.0.2 stands for any other address of the machine: who listens on all of them answers there."""
    port = free_port()
    with HttpServer(listening_address(None, {}), port, {}), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), TIMEOUT_SECONDS)
    with exposing(port, str), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), TIMEOUT_SECONDS)
    pod = {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    with HttpServer(listening_address(None, pod), port, {}), socket.create_connection(("127.0.0.2", port), TIMEOUT_SECONDS):
        pass


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The command, stopped where the block has not done so."""
    process = start_vsock_loadgen(*arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=TIMEOUT_SECONDS)


def stopped(process: subprocess.Popen[str]) -> str:
    """All that a command has written, once it has ended as it was told to."""
    process.terminate()
    out, log = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, log
    return out + log


@contextmanager
def repeating() -> Iterator[int]:
    """A server that speaks no HTTP and repeats what it is told; its port."""
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"unknown command: " + connection.recv(65_536).partition(b"\r\n")[0] + b"\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            with socket.create_connection(server.getsockname()):
                pass
            thread.join()


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_of_the_environment_is_in_nothing_that_a_run_leaves_or_shows(tmp_path: Path, style: str) -> None:
    """Its counters' URL has a token in it, and whoever is there repeats it."""
    port, target = str(free_port()), f"unix://{tmp_path / 'relay.sock'}"
    served = []
    with repeating() as relay, ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("RELAY_TOKEN", SECRET)
        receiver = stack.enter_context(running("receive", target))
        read_until(receiver, "listening on")
        reconcile = ("--reconcile", f"http://127.0.0.1:{relay}/metrics?token=${{RELAY_TOKEN}}")
        files = ("--result", tmp_path / "result.json", "--html", tmp_path / "report.html", "--stats-interval", "1s")
        fleet = (*FLEET, "--target", target, "--metrics-port", port, "--log-format", style)
        process = stack.enter_context(running("run", *fleet, *reconcile, *files))
        log = read_until(process, "live page: ")
        log += read_until(process, "delivered")
        for page in ("", "metrics", "result.json"):
            with urlopen(f"http://127.0.0.1:{port}/{page}", timeout=TIMEOUT_SECONDS) as answer:
                served.append(answer.read().decode())
        ended = (stopped(process), stopped(receiver))
    result = (tmp_path / "result.json").read_text()
    everything = (log, *ended, *served, result, (tmp_path / "report.html").read_text())
    assert "token=${RELAY_TOKEN}" in result
    assert "unknown command: GET /metrics?token=${RELAY_TOKEN}" in log
    assert not [text for text in everything if SECRET in text or SECRET[:8] in text]


@pytest.mark.parametrize("value", [f"me:{SECRET}@127.0.0.1", f"127.0.0.1:{SECRET}", f"{SECRET} x"])
def test_a_secret_that_makes_no_url_is_not_in_the_refusal(value: str) -> None:
    run = ("run", *FLEET, "--target", "unix:///nowhere", "--metrics-port", "0", "--reconcile", "http://${RELAY}/")
    done = vsock_loadgen(*run, extra={"RELAY": value})
    assert done.returncode == 2
    assert "reconcile.url: found http://${RELAY}/, which " in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_what_a_run_writes_is_for_its_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    files = tmp_path / "result.json", tmp_path / "report.html"
    for path in files:
        path.touch()
        path.chmod(0o666)
    done = vsock_loadgen(
        *("run", *FLEET, "--target", "embedded", "--metrics-port", "0", "--duration", "500ms"),
        *("--result", files[0], "--html", files[1]),
    )
    assert done.returncode == 0, done.stderr
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]
    assert sorted(tmp_path.iterdir()) == sorted(files)


class Talker:
    """A target that never reads and never closes, and says something all the time, on each of its connections in turn."""

    def __init__(self, path: Path, enough_bytes: int) -> None:
        self.has_said_enough = threading.Event()
        self._enough_bytes = enough_bytes
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._listener.setblocking(False)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._talk)

    def __enter__(self) -> Talker:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._listener.close()

    def _talk(self) -> None:
        said, noise, connections = 0, b"x" * 262_144, list[socket.socket]()
        while not self._is_over.is_set():
            try:
                connections.append(self._listener.accept()[0])
                connections[-1].setblocking(False)
            except BlockingIOError:
                pass
            for connection in list(connections):
                try:
                    said += connection.send(noise)
                except BlockingIOError:
                    continue
                except OSError:
                    connections.remove(connection)
                    connection.close()
            if said >= self._enough_bytes:
                self.has_said_enough.set()
        for connection in connections:
            connection.close()


def test_a_target_that_talks_without_end_costs_a_timeout_each_and_no_memory(tmp_path: Path) -> None:
    """It says more than a worker may hold."""
    most_bytes = 150_000_000
    fleet = (*FLEET, "--target", f"unix://{tmp_path / 'relay.sock'}", "--metrics-port", "0", "--workers", "1")
    ends = ("--request-timeout", "300ms", "--result", tmp_path / "result.json")
    with Talker(tmp_path / "relay.sock", 2 * most_bytes) as talker, running("run", *fleet, *ends) as process:
        assert talker.has_said_enough.wait(TIMEOUT_SECONDS)
        peaks = [_peak_bytes(pid) for pid in (process.pid, *children_of(process.pid))]
        stopped(process)
    assert len(peaks) == 2
    assert max(peaks) < most_bytes
    totals, failures = (json.loads((tmp_path / "result.json").read_text())[key] for key in ("totals", "failures"))
    assert totals["delivered"] == 0
    assert set(failures) == {"timeout"}
    assert totals["due"] == failures["timeout"] + totals["skipped"] + totals["unfinished"]


def _peak_bytes(pid: int) -> int:
    (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return 1024 * int(peak)
