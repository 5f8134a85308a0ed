"""The look before a run: every way in which a target can be unusable has its own message and remedy."""

from __future__ import annotations

import errno
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.fake_vsock import FakeConnect, FakeVsock, answering
from unprivileged import as_nobody
from vsock_loadgen.config.address import EmbeddedAddress, TcpAddress, UnixAddress, VsockAddress
from vsock_loadgen.errors import EXIT_USAGE, TargetError
from vsock_loadgen.transport.endpoint import endpoint_of
from vsock_loadgen.transport.listening import listen, stop_listening
from vsock_loadgen.transport.names import Resolve
from vsock_loadgen.transport.preflight import VSOCK_TRIES, preflight

LOCAL = VsockAddress(1, 818)
HOST = VsockAddress(2, 818)


def no_pause(_: float) -> None:
    """Tests do not wait."""


def test_embedded_is_returned_as_it_is() -> None:
    assert preflight(EmbeddedAddress(), connect=FakeConnect()) == EmbeddedAddress()


def test_a_listening_unix_socket_is_found(tmp_path: Path) -> None:
    address = UnixAddress(str(tmp_path / "sock"))
    listener = listen(address)
    assert preflight(address) == address
    stop_listening(listener)


def test_a_full_unix_backlog_is_not_an_error(tmp_path: Path) -> None:
    address = UnixAddress(str(tmp_path / "sock"))
    listener = listen(address, backlog=0)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address.path)
        assert preflight(address) == address
    stop_listening(listener)


def test_unix_paths_without_a_listener_are_told_apart(tmp_path: Path) -> None:
    ordinary, left_behind, datagram = tmp_path / "file", tmp_path / "stale", tmp_path / "datagram"
    ordinary.write_text("")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left_behind))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(datagram))
        said = {}
        for path in (tmp_path / "absent", ordinary / "below", ordinary, left_behind, datagram):
            with pytest.raises(TargetError) as caught:
                preflight(UnixAddress(str(path)))
            said[path.name] = caught.value.message
            assert caught.value.remedy
            assert caught.value.exit_code == EXIT_USAGE
    assert "does not exist" in said["absent"]
    assert "does not exist" in said["below"]
    assert "is not a socket" in said["file"]
    assert "nothing is listening" in said["stale"]
    assert "not a stream socket" in said["datagram"]


def test_a_unix_socket_without_permission_says_so() -> None:
    address = UnixAddress("/run/relay.sock")
    with pytest.raises(TargetError, match="no permission"):
        preflight(address, connect=answering(address, errno.EACCES))


def test_a_real_unix_socket_without_permission_says_so(tmp_path: Path) -> None:
    address = UnixAddress(str(tmp_path / "sock"))
    listener = listen(address)
    Path(address.path).chmod(stat.S_IRUSR)
    with as_nobody(), pytest.raises(TargetError, match="no permission"):
        preflight(address)
    stop_listening(listener)


def test_a_listening_tcp_port_is_found() -> None:
    listener = listen(TcpAddress("127.0.0.1", 0))
    address = TcpAddress("127.0.0.1", listener.getsockname()[1])
    assert preflight(address) == address
    stop_listening(listener)


def test_a_tcp_port_on_which_nobody_listens_is_refused() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(TargetError, match="nothing is listening on the port"):
            preflight(TcpAddress("127.0.0.1", bound.getsockname()[1]))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (errno.ETIMEDOUT, "no answer within 2 s"),
        (errno.EHOSTUNREACH, r"No route to host \(EHOSTUNREACH\)"),
        (errno.ENETUNREACH, r"\(ENETUNREACH\)"),
    ],
)
def test_an_unreachable_tcp_target_says_how(answer: int, message: str) -> None:
    address = TcpAddress("192.0.2.1", 9000)
    with pytest.raises(TargetError, match=message):
        preflight(address, connect=answering(address, answer))


def places(*addresses: str) -> Resolve:
    """A resolver to which every name means these addresses."""
    families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
    return lambda _, port: [(family, (address, port)) for family, address in zip(families, addresses, strict=True)]


NAME = TcpAddress("relay", 9000)


@given(
    st.lists(
        st.sampled_from([0, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.ENETUNREACH, errno.EAFNOSUPPORT]), min_size=1, max_size=5
    )
)
def test_of_a_names_addresses_the_first_that_answers_is_kept_else_all_are_named(answers: list[int]) -> None:
    addresses = [f"192.0.2.{number}" for number in range(len(answers))]
    connect = FakeConnect({f"{NAME} ({address})": [answer] for address, answer in zip(addresses, answers, strict=True)})
    if 0 in answers:
        first = answers.index(0)
        assert preflight(NAME, connect=connect, resolve=places(*addresses)) == replace(NAME, at=addresses[first])
        assert len(connect.asked) == first + 1
        return
    with pytest.raises(TargetError) as caught:
        preflight(NAME, connect=connect, resolve=places(*addresses))
    assert len(connect.asked) == len(answers)
    assert all(address in caught.value.message for address in addresses)


def test_a_listener_on_the_second_address_of_a_name_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = preflight(TcpAddress("relay", port), resolve=places("::1", "127.0.0.1"))
    assert str(found) == f"tcp://relay:{port} (127.0.0.1)"
    assert endpoint_of(found).sockaddr == ("127.0.0.1", port)


def test_an_address_of_a_link_keeps_its_interface() -> None:
    found = preflight(
        TcpAddress("fe80::1%lo", 9000),
        connect=FakeConnect({"tcp://[fe80::1%lo]:9000 (fe80::1%1)": [0]}),
        resolve=lambda _, port: [(socket.AF_INET6, ("fe80::1", port, 0, 1))],
    )
    assert found == TcpAddress("fe80::1%lo", 9000, "fe80::1%1")


def test_where_no_address_of_a_name_answers_it_is_said_which_were_tried() -> None:
    connect = FakeConnect({f"{NAME} ({each})": [errno.ECONNREFUSED] for each in ("::1", "127.0.0.1")})
    connect.answers[f"{NAME} (192.0.2.1)"] = [errno.ETIMEDOUT]
    with pytest.raises(TargetError) as caught:
        preflight(NAME, connect=connect, resolve=places("::1", "192.0.2.1", "127.0.0.1"))
    assert caught.value.message == (
        "tcp://relay:9000: tried ::1 and 127.0.0.1: nothing is listening on the port (connection refused); "
        "tried 192.0.2.1: no answer within 2 s"
    )


def test_a_listener_on_cid_1_is_found_with_one_connection() -> None:
    connect = answering(LOCAL, 0)
    assert preflight(LOCAL, kernel=FakeVsock(), connect=connect, pause=no_pause) == LOCAL
    assert connect.asked == ["vsock://1:818"]


@pytest.mark.parametrize(
    ("kernel", "message", "remedy"),
    [
        (FakeVsock(device=False), "no /dev/vsock", "modprobe vsock; in a container mount"),
        (FakeVsock(socket_error=errno.EPERM), "seccomp", "seccompProfile type Unconfined"),
        (FakeVsock(socket_error=errno.EACCES), "seccomp", "seccompProfile type Unconfined"),
        (FakeVsock(socket_error=errno.EAFNOSUPPORT, device=False), "this kernel has no vsock", "modprobe vsock"),
        (FakeVsock(socket_error=errno.ENOMEM), "ENOMEM", ""),
        (FakeVsock(loopback=False), "no loopback transport", "modprobe vsock_loopback"),
    ],
)
def test_a_kernel_that_cannot_is_refused_before_any_connection(kernel: FakeVsock, message: str, remedy: str) -> None:
    connect = FakeConnect()
    with pytest.raises(TargetError) as caught:
        preflight(LOCAL, kernel=kernel, connect=connect, pause=no_pause)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert connect.asked == []


def test_the_refusal_without_a_loopback_transport_can_be_lifted_and_no_other() -> None:
    without = FakeVsock(loopback=False, cid=3)
    assert preflight(LOCAL, kernel=without, connect=answering(LOCAL, 0), pause=no_pause, go_on=True) == LOCAL
    with pytest.raises(TargetError, match="no /dev/vsock"):
        preflight(LOCAL, kernel=FakeVsock(device=False), connect=answering(LOCAL, 0), pause=no_pause, go_on=True)


def test_another_cid_needs_no_loopback_transport() -> None:
    kernel = FakeVsock(loopback=False, cid=7)
    assert preflight(HOST, kernel=kernel, connect=answering(HOST, 0), pause=no_pause) == HOST


def test_on_a_host_where_nobody_answers_on_cid_1_the_hosts_own_cid_is_used() -> None:
    assert preflight(LOCAL, kernel=FakeVsock(cid=2), connect=answering(HOST, 0), pause=no_pause) == HOST


@pytest.mark.parametrize("cid", [1, 3, None])
def test_elsewhere_cid_2_is_never_tried_in_place_of_cid_1(cid: int | None) -> None:
    connect = answering(HOST, 0)
    with pytest.raises(TargetError, match="nothing is listening on vsock://1:818"):
        preflight(LOCAL, kernel=FakeVsock(cid=cid), connect=connect, pause=no_pause)
    assert set(connect.asked) == {"vsock://1:818"}


def test_a_reset_is_tried_again_since_a_full_backlog_looks_the_same() -> None:
    pauses: list[float] = []
    connect = answering(LOCAL, errno.ECONNRESET, errno.ECONNRESET, 0)
    assert preflight(LOCAL, kernel=FakeVsock(), connect=connect, pause=pauses.append) == LOCAL
    assert len(pauses) == 2


def test_nobody_on_either_cid_is_refused_after_about_a_second_each() -> None:
    pauses: list[float] = []
    connect = FakeConnect()
    with pytest.raises(TargetError, match="nothing is listening on vsock://1:818 nor on vsock://2:818"):
        preflight(LOCAL, kernel=FakeVsock(cid=2), connect=connect, pause=pauses.append)
    assert connect.asked == ["vsock://1:818"] * VSOCK_TRIES + ["vsock://2:818"] * VSOCK_TRIES
    assert 1.0 <= sum(pauses) <= 2.5


@pytest.mark.parametrize("answer", [errno.ENODEV, errno.ETIMEDOUT, errno.ENETUNREACH])
def test_any_other_vsock_error_is_told_by_name_and_not_tried_again(answer: int) -> None:
    address = VsockAddress(42, 818)
    connect = answering(address, answer)
    with pytest.raises(TargetError, match=errno.errorcode[answer]):
        preflight(address, kernel=FakeVsock(), connect=connect, pause=no_pause)
    assert len(connect.asked) == 1
