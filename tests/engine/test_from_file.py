"""Large reports over real sockets: what arrives is the report, however slowly it is read."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from fake_schedule import schedule
from vsock_loadgen.config.address import Address, TcpAddress, UnixAddress
from vsock_loadgen.engine.agenda import Agenda
from vsock_loadgen.engine.ledger import Ledger, new_books
from vsock_loadgen.engine.loads import Load
from vsock_loadgen.engine.poller import EpollPoller
from vsock_loadgen.engine.sender import LEAST_FROM_FILE, Sender
from vsock_loadgen.measures.cells import Cells
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.transport.endpoint import endpoint_of
from vsock_loadgen.units import MINUTE, SECOND

PACKAGES = (3, 40, 700, 2_000)


def received(listener: socket.socket, at_once: int) -> list[bytes]:
    """What as many connections as there are VMs bring, read to the end a little at a time."""
    found = []
    for _ in PACKAGES:
        connection, _ = listener.accept()
        with connection:
            parts = []
            while part := connection.recv(at_once):
                parts.append(part)
            found.append(b"".join(parts))
    return found


@pytest.mark.parametrize("package_sets", ["shared", "perVM"])
@pytest.mark.parametrize("at_once", [3_000, 1 << 20])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_every_report_arrives_whole(kind: str, at_once: int, package_sets: PackageSets, tmp_path: Path) -> None:
    factory = ReportFactory.build(largest=max(PACKAGES), report_format="vmReport", package_sets=package_sets, seed=1)
    load = Load(schedule([SECOND] * len(PACKAGES)), range(3, 3 + len(PACKAGES)), PACKAGES, [0] * len(PACKAGES), Cells())
    expected = [b"".join(factory.buffers(index, 3 + index, packages)) for index, packages in enumerate(PACKAGES)]
    assert len(expected[1]) < LEAST_FROM_FILE < len(expected[2])
    with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as listener, closing(EpollPoller()) as poller:
        listener.bind(str(tmp_path / "socket") if kind == "unix" else ("127.0.0.1", 0))
        listener.listen()
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.extend(received(listener, at_once)))
        reader.start()
        address: Address = UnixAddress(listener.getsockname()) if kind == "unix" else TcpAddress(*listener.getsockname())
        ledger = Ledger(new_books(1))
        agenda = Agenda(load, ledger.books)
        endpoint = endpoint_of(address, report_bytes=len(expected[-1]))
        sender = Sender(
            load, agenda, factory, endpoint, poller, ledger, time.monotonic_ns, request_timeout_ns=MINUTE, confirmed=True
        )
        agenda.begin(began_ns := time.monotonic_ns() - SECOND, 0, 0, began_ns + SECOND)
        sender.step(time.monotonic_ns())
        while not sender.idle:
            sender.step(time.monotonic_ns() + SECOND)
        reader.join()
    assert sorted(found) == sorted(expected)
    assert ledger.books[0].counts.bytes == sum(map(len, expected))
