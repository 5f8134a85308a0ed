"""What a sender learns of its target, once."""

from __future__ import annotations

import errno
import socket
from contextlib import closing, suppress

import pytest

from vsock_loadgen.config.address import EmbeddedAddress, TcpAddress, UnixAddress, VsockAddress, parse_address
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.transport.endpoint import endpoint_of


def test_a_unix_target_is_its_path_and_says_eagain_when_full() -> None:
    endpoint = endpoint_of(UnixAddress("/run/relay.sock"))
    assert (endpoint.family, endpoint.sockaddr) == (socket.AF_UNIX, "/run/relay.sock")
    assert endpoint.busy_errnos == {errno.EAGAIN}
    assert not endpoint.hides_unread_close


def test_a_vsock_target_is_cid_and_port_and_hides_an_unread_close() -> None:
    endpoint = endpoint_of(VsockAddress(1, 818))
    assert (endpoint.family, endpoint.sockaddr) == (socket.AF_VSOCK, (1, 818))
    assert endpoint.busy_errnos == {errno.ECONNRESET}
    assert endpoint.hides_unread_close


@pytest.mark.parametrize(
    ("host", "family", "numeric"),
    [("127.0.0.1", socket.AF_INET, "127.0.0.1"), ("::1", socket.AF_INET6, "::1")],
)
def test_a_tcp_target_is_numeric_after_one_look_up(host: str, family: int, numeric: str) -> None:
    endpoint = endpoint_of(TcpAddress(host, 9000))
    assert endpoint.family == family
    assert endpoint.sockaddr[:2] == (numeric, 9000)
    assert endpoint.busy_errnos == frozenset()


def test_an_unknown_tcp_name_is_named_in_the_error() -> None:
    with pytest.raises(TargetError) as caught:
        endpoint_of(TcpAddress("no-such-host.invalid", 9000))
    assert "'no-such-host.invalid' cannot be looked up" in caught.value.message


def test_the_any_cid_cannot_be_connected_to() -> None:
    with pytest.raises(TargetError, match="can only be listened on"):
        endpoint_of(parse_address("vsock://any:818"))


def test_embedded_has_no_endpoint_before_its_receiver_runs() -> None:
    with pytest.raises(InternalError):
        endpoint_of(EmbeddedAddress())


def test_a_tcp_socket_does_not_block_and_does_not_delay() -> None:
    with closing(endpoint_of(TcpAddress("127.0.0.1", 9000)).socket()) as opened:
        assert not opened.getblocking()
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_unix_socket_does_not_block() -> None:
    with closing(endpoint_of(UnixAddress("/run/relay.sock")).socket()) as opened:
        assert not opened.getblocking()
        assert opened.family == socket.AF_UNIX


@pytest.mark.parametrize(("reads_everything", "too_soon"), [(True, False), (False, True)])
def test_a_tcp_peer_that_ends_before_our_end_has_come_is_told_from_one_that_read_it(reads_everything: bool, too_soon: bool) -> None:
    """The peer ends its side by itself first, without an error to show for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = endpoint_of(TcpAddress("127.0.0.1", listener.getsockname()[1]))
        client = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
    with client, peer:
        if reads_everything:
            client.shutdown(socket.SHUT_WR)
            assert peer.recv(1) == b""
            peer.close()
            assert client.recv(1) == b""
        else:
            fill(client)
            peer.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
            client.shutdown(socket.SHUT_WR)
        assert endpoint.ended_too_soon(client) == too_soon


def fill(client: socket.socket) -> None:
    """Send until the kernel takes no more: its end will wait behind that."""
    client.setblocking(False)
    with suppress(BlockingIOError):
        while client.send(bytes(65_536)):
            pass
    client.setblocking(True)


def test_elsewhere_nothing_is_on_its_way_when_a_peer_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.close()
        assert not endpoint_of(UnixAddress("/run/relay.sock")).ended_too_soon(ours)


def test_large_reports_get_a_buffer_that_takes_them_in_one_go() -> None:
    """Over unix sockets only: tcp finds its own size, and vsock's is the receiver's."""
    roomy, plain = (endpoint_of(UnixAddress("/run/relay.sock"), report_bytes=size) for size in (400_000, 6_000))
    with closing(roomy.socket()) as one, closing(plain.socket()) as other:
        sizes = [each.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) for each in (one, other)]
    assert sizes[0] > sizes[1]
    assert endpoint_of(VsockAddress(1, 818), report_bytes=400_000).send_buffer_bytes == 0
