"""AF_VSOCK with a loopback transport: receiver, preflight, and what the kernel tells a sender."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from client import client_socket
from command import TIMEOUT_SECONDS
from fake_reports import decode_text, encode_text
from vsock_loadgen.config.address import VSOCK_CID_ANY, VsockAddress
from vsock_loadgen.errors import TargetError
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.endpoint import Endpoint, endpoint_of
from vsock_loadgen.transport.kernel import LinuxVsock
from vsock_loadgen.transport.listening import listen, stop_listening
from vsock_loadgen.transport.preflight import connect_once, preflight

_ports = count(5000)


@contextmanager
def receiving(address: VsockAddress, behaviour: Behaviour | None = None) -> Iterator[list[Receipt]]:
    """A receiver in a thread; the list holds its receipt after the block."""
    receiver = Receiver(listen(address), decode=decode_text, behaviour=behaviour)
    receipts: list[Receipt] = []
    stop, stopper = socket.socketpair()
    thread = threading.Thread(target=lambda: receipts.append(receiver.run(stop.fileno())))
    thread.start()
    with stop, stopper:
        try:
            yield receipts
        finally:
            stopper.send(b"x")
            thread.join()


def connected(endpoint: Endpoint) -> socket.socket:
    """A connected socket that does not wait for ever."""
    client = client_socket(endpoint)
    client.settimeout(TIMEOUT_SECONDS)
    client.connect(endpoint.sockaddr)
    return client


def deliver(endpoint: Endpoint, data: bytes) -> bytes:
    """Send a report, end it, and return what the peer says."""
    with connected(endpoint) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return client.recv(1)


def test_the_kernel_says_that_it_has_a_loopback_transport_and_nothing_else() -> None:
    kernel = LinuxVsock()
    assert kernel.has_device()
    assert kernel.socket_errno() == 0
    assert kernel.own_cid() == 1
    assert kernel.has_loopback()


def test_a_receiver_on_any_cid_takes_reports_sent_to_cid_1() -> None:
    endpoint = endpoint_of(VsockAddress(1, 818))
    with receiving(VsockAddress(VSOCK_CID_ANY, 818)) as receipts:
        for cid in range(3, 103):
            assert deliver(endpoint, encode_text(cid, 500, 300_000 if cid % 10 == 0 else 3_000)) == b""
    assert (receipts[0].reports, receipts[0].connections) == (100, 100)
    assert receipts[0].bytes == 10 * 300_000 + 90 * 3_000
    assert [vm.cid for vm in receipts[0].vms] == [str(cid) for cid in range(3, 103)]


def test_a_report_must_carry_the_cid_of_its_connection_where_that_is_asked_for() -> None:
    address = VsockAddress(1, next(_ports))
    with receiving(address, Behaviour(checked_cid="peer")) as receipts:
        for cid in (1, 3, 4):
            assert deliver(endpoint_of(address), encode_text(cid, 5)) == b""
    assert (receipts[0].reports, receipts[0].mismatching_cid) == (3, 2)


def test_a_report_that_the_receiver_closes_unread_looks_delivered() -> None:
    address = VsockAddress(1, next(_ports))
    endpoint = endpoint_of(address)
    assert endpoint.hides_unread_close
    with receiving(address, Behaviour(close_after_bytes=10, reset=True)) as receipts:
        assert deliver(endpoint, encode_text(7, 300, 200_000)) == b""
    assert (receipts[0].reports, receipts[0].rejected) == (0, 1)


def test_a_report_larger_than_the_peers_buffer_that_is_closed_unread_breaks_the_pipe() -> None:
    address = VsockAddress(1, next(_ports))
    with receiving(address, Behaviour(close_after_bytes=10)) as receipts, pytest.raises(BrokenPipeError):
        deliver(endpoint_of(address), encode_text(7, 1000, 600_000))
    assert (receipts[0].reports, receipts[0].rejected) == (0, 1)


def test_preflight_finds_a_listener() -> None:
    address = VsockAddress(1, next(_ports))
    with receiving(address) as receipts:
        assert preflight(address) == address
    assert (receipts[0].connections, receipts[0].empty) == (1, 1)


def test_preflight_says_that_nobody_is_there() -> None:
    address = VsockAddress(1, next(_ports))
    with pytest.raises(TargetError, match=f"nothing is listening on {address} ") as caught:
        preflight(address)
    assert "start the receiver" in caught.value.remedy


def test_a_full_backlog_is_a_reset_like_an_absent_listener_until_it_has_room() -> None:
    address = VsockAddress(1, next(_ports))
    endpoint = endpoint_of(address)
    listener = listen(address, backlog=1)
    with connected(endpoint), connected(endpoint):
        assert connect_once(endpoint) == errno.ECONNRESET
        assert errno.ECONNRESET in endpoint.busy_errnos
        waited: list[float] = []

        def make_room(seconds: float) -> None:
            waited.append(seconds)
            listener.accept()[0].close()

        assert preflight(address, pause=make_room) == address
        assert len(waited) == 1
    stop_listening(listener)


def test_a_connect_is_in_progress_first_and_then_says_whether_it_came_about() -> None:
    address = VsockAddress(1, next(_ports))
    with client_socket(endpoint_of(address)) as client:
        assert client.connect_ex((1, address.port)) == errno.EINPROGRESS
        poller = select.poll()
        poller.register(client, select.POLLOUT)
        assert poller.poll(TIMEOUT_SECONDS * 1_000)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


def test_a_low_port_needs_privilege_and_the_error_says_so() -> None:
    os.seteuid(65_534)
    try:
        with pytest.raises(TargetError) as caught:
            listen(VsockAddress(1, 900))
    finally:
        os.seteuid(0)
    assert "ports below 1024 need privilege" in caught.value.remedy


def test_a_port_that_is_taken_and_a_foreign_cid_are_told_apart() -> None:
    address = VsockAddress(1, next(_ports))
    listener = listen(address)
    with pytest.raises(TargetError, match="in use"):
        listen(address)
    stop_listening(listener)
    with pytest.raises(TargetError) as caught:
        listen(VsockAddress(42, address.port))
    assert "vsock://any:PORT" in caught.value.remedy
