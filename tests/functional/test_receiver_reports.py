"""The receiver with the real decoder: real reports over real sockets, in both formats, whatever else comes in."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Literal

import pytest

from client import client_socket
from command import TIMEOUT_SECONDS, read_until, start_vsock_loadgen
from fake_reports import encode_text
from vsock_loadgen.config.address import Address, TcpAddress, UnixAddress
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.transport.endpoint import Endpoint, endpoint_of
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.units import HOUR


def test_reports_of_both_formats_and_rubbish_are_told_apart() -> None:
    indices = {500: range(4), 1500: range(4, 6)}
    sent_bytes = 0
    with EmbeddedReceiver(decode=decode) as receiver:
        endpoint = endpoint_of(receiver.address)
        for report_format in ("indexReport", "vmReport"):
            factory = reports(report_format)
            for packages, machines in indices.items():
                for index in machines:
                    data = b"".join(factory.buffers(index, 3 + index, packages))
                    sent_bytes += len(data)
                    send(endpoint, data)
                    send(endpoint, data[: len(data) // 2])
        send(endpoint, encode_text(7, 500))
        receipt = receiver.stop()
    assert receipt.packages == {500: 8, 1500: 4}
    assert receipt.formats == {"indexReport": 6, "vmReport": 6}
    assert receipt.vms_by_packages() == {500: 4, 1500: 2}
    assert [vm.cid for vm in receipt.vms] == ["3", "4", "5", "6", "7", "8"]
    assert (receipt.malformed, receipt.bytes) == (13, sent_bytes)


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_a_report_that_waits_in_the_backlog_is_read_and_confirmed(scheme: str, tmp_path: Path) -> None:
    address: Address = UnixAddress(str(tmp_path / "sock")) if scheme == "unix" else TcpAddress("127.0.0.1", 0)
    listener = listen(address)
    if isinstance(address, TcpAddress):
        address = TcpAddress(address.host, listener.getsockname()[1])
    receiver = Receiver(listener, decode=decode)
    stop, stopper = socket.socketpair()
    with stop, stopper, client_socket(endpoint_of(address)) as client:
        client.settimeout(TIMEOUT_SECONDS)
        client.connect(endpoint_of(address).sockaddr)
        client.sendmsg(reports("vmReport").buffers(0, 3, 10))
        client.shutdown(socket.SHUT_WR)
        stopper.send(b"x")
        receipt = receiver.run(stop.fileno(), drain_ns=HOUR)  # over as soon as there is nothing more to take
        assert client.recv(1) == b""
    assert receipt.packages == {10: 1}


def test_a_close_delay_that_has_changed_is_the_later_one(tmp_path: Path) -> None:
    address = UnixAddress(str(tmp_path / "sock"))
    process = start_vsock_loadgen("receive", str(address), "--close-delay", "1h,0s@1ns")
    try:
        read_until(process, "listening on")
        send(endpoint_of(address), encode_text(7, 500))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0


def reports(report_format: Literal["indexReport", "vmReport"]) -> ReportFactory:
    return ReportFactory.build(largest=1500, report_format=report_format, package_sets="shared", seed=0)


def send(endpoint: Endpoint, data: bytes) -> None:
    """Deliver one report and wait for its confirmation."""
    with client_socket(endpoint) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(endpoint.sockaddr)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
