"""A receiver that dies at once has exact books all the same."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from soak.mortal import Mortal
from soak.receivers import Counted, Receivers

from command import TIMEOUT_SECONDS
from vsock_loadgen.config.address import UnixAddress
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.transport.listening import listen


@pytest.fixture(scope="module")
def report() -> bytes:
    """A small report."""
    factory = ReportFactory.build(largest=3, report_format="vmReport", package_sets="shared", seed=1)
    return b"".join(factory.buffers(0, 7, 3))


@pytest.fixture
def address(tmp_path: Path) -> UnixAddress:
    return UnixAddress(str(tmp_path / "mortal.sock"))


@pytest.fixture
def mortal(address: UnixAddress) -> Iterator[Mortal]:
    made = Mortal(listen(address))
    yield made
    made.close()


def client(path: str | Path, data: bytes, *, ends: bool = False) -> socket.socket:
    """A connection that has sent `data`."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    sock.sendall(data)
    if ends:
        sock.shutdown(socket.SHUT_WR)
    return sock


def test_books_tell_whole_reports_from_broken_ones_whether_or_not_their_end_was_seen(
    mortal: Mortal, address: UnixAddress, report: bytes
) -> None:
    half = report[: len(report) // 2]
    sent = [(report, True), (report, False), (half, True), (half, False), (b"", True), (b"", False)]
    clients = [client(address.path, data, ends=ends) for data, ends in sent]
    while mortal.turn(0):
        pass
    assert mortal.books() == {"connections": 6, "reports": 2, "empty": 1, "broken": 3}
    for each in clients:
        each.close()


def test_what_a_killed_receiver_counted_is_what_its_peers_saw_end_cleanly(tmp_path: Path, report: bytes) -> None:
    receivers = Receivers(tmp_path, longest_wait_seconds=TIMEOUT_SECONDS)
    try:
        standing = receivers.stand(receivers.start(mortal=True))
        with (
            closing(client(receivers.target, report[:-1])) as open_one,
            closing(client(receivers.target, report, ends=True)) as whole,
        ):
            assert whole.recv(1) == b""  # it has been read by now, and the one before it
            receivers.end(standing, signal.SIGUSR1)
            with closing(socket.socket(socket.AF_UNIX)) as late, pytest.raises(ConnectionRefusedError):
                late.connect(str(receivers.target))
            with pytest.raises(BrokenPipeError):
                open_one.sendall(b"more")
        assert standing.process.returncode == -signal.SIGKILL
        assert receivers.counted == Counted(reports=1, connections=2, lives=1)
    finally:
        receivers.kill_all()
