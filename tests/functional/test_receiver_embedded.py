"""The embedded receiver: a process of its own that hands over its count and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import client_socket
from command import TIMEOUT_SECONDS
from fake_reports import decode_text, encode_text
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.transport.endpoint import Endpoint, endpoint_of
from watched import Watched

PARENT = """
import signal, sys
from fake_reports import decode_text
from vsock_loadgen.receiver.embedded import EmbeddedReceiver

receiver = EmbeddedReceiver(decode=decode_text)
print(receiver.start().path, flush=True)
if sys.argv[1] == "waits":
    signal.pause()
elif sys.argv[1] == "raises":
    raise SystemExit(7)
"""


@pytest.fixture(autouse=True)
def temporary_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the receiver makes its private directory, so that a test can see that it is gone. A socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as short:
        monkeypatch.setattr("tempfile.tempdir", short)
        yield Path(short)


def send(endpoint: Endpoint, data: bytes) -> bytes:
    """Deliver one report and wait for its confirmation: what the peer says in the end."""
    with client_socket(endpoint) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(endpoint.sockaddr)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1)


def test_both_ends_agree_to_the_last_report(temporary_directory: Path) -> None:
    with EmbeddedReceiver(decode=decode_text) as receiver:
        endpoint = endpoint_of(receiver.address)
        assert stat_mode(Path(receiver.address.path).parent) == 0o700
        for cid in range(3, 103):
            assert send(endpoint, encode_text(cid, 700, 400_000)) == b""
        receipt = receiver.stop()
    assert (receipt.reports, receipt.connections, receipt.bytes) == (100, 100, 40_000_000)
    assert [vm.cid for vm in receipt.vms] == [str(cid) for cid in range(3, 103)]
    assert list(temporary_directory.iterdir()) == []


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_in_the_backlog_at_the_stop_is_counted() -> None:
    with EmbeddedReceiver(decode=decode_text) as receiver:
        endpoint = endpoint_of(receiver.address)
        for _ in range(50):
            with client_socket(endpoint) as connection:
                connection.connect(endpoint.sockaddr)
                connection.send(encode_text(7, 1))
        assert receiver.stop().reports == 50


def test_a_behaviour_is_handed_on() -> None:
    with EmbeddedReceiver(decode=decode_text, behaviour=Behaviour(close_after_bytes=0)) as receiver:
        endpoint = endpoint_of(receiver.address)
        with client_socket(endpoint) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.connect(endpoint.sockaddr)
            assert connection.recv(1) == b""
        assert receiver.stop().rejected == 1


def test_leaving_without_a_stop_leaves_nothing_behind(temporary_directory: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"), EmbeddedReceiver(decode=decode_text):
        raise RuntimeError("mine")
    assert list(temporary_directory.iterdir()) == []


def test_a_receiver_that_died_is_an_internal_error_and_leaves_nothing_behind(temporary_directory: Path) -> None:
    with EmbeddedReceiver(decode=decode_text) as receiver:
        os.kill(receiver.pid, signal.SIGKILL)
        with pytest.raises(InternalError, match=r"was lost \(killed by signal 9\)"):
            receiver.stop()
    assert list(temporary_directory.iterdir()) == []


def test_the_terminals_signals_do_not_end_it() -> None:
    with EmbeddedReceiver(decode=decode_text) as receiver:
        endpoint = endpoint_of(receiver.address)
        send(endpoint, encode_text(7, 1))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(receiver.pid, number)
        send(endpoint, encode_text(7, 1))
        assert receiver.stop().reports == 2


def test_it_cannot_be_stopped_twice_or_asked_before_its_start() -> None:
    receiver = EmbeddedReceiver(decode=decode_text)
    with pytest.raises(InternalError):
        _ = receiver.address
    with receiver:
        receiver.stop()
        with pytest.raises(InternalError):
            receiver.stop()


def test_a_temporary_directory_whose_path_is_too_long_is_told_with_a_remedy(
    temporary_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = temporary_directory / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(TargetError) as caught:
        EmbeddedReceiver(decode=decode_text).start()
    assert "TMPDIR" in caught.value.remedy
    assert list(long.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_and_cleans_up_when_its_parent_vanishes(temporary_directory: Path, number: int) -> None:
    parent = start_parent(temporary_directory, "waits")
    assert parent.stdout is not None
    folder = Path(parent.stdout.readline().strip()).parent
    assert folder.parent == temporary_directory
    parent.send_signal(number)
    parent.wait(TIMEOUT_SECONDS)
    Watched.until(lambda: not folder.exists())
    parent.stdout.close()


def test_a_parent_that_ends_without_a_stop_is_not_held_up(temporary_directory: Path) -> None:
    parent = start_parent(temporary_directory, "raises")
    said, _ = parent.communicate(timeout=TIMEOUT_SECONDS)
    assert parent.returncode == 7
    Watched.until(lambda: not Path(said.strip()).parent.exists())


def start_parent(folder: Path, what: str) -> subprocess.Popen[str]:
    tests = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": tests}
    return subprocess.Popen([sys.executable, "-c", PARENT, what], stdout=subprocess.PIPE, text=True, env=environment)
