"""Where one can listen, and what is said where one cannot."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from vsock_loadgen.config.address import EmbeddedAddress, TcpAddress, UnixAddress
from vsock_loadgen.errors import InternalError, TargetError
from vsock_loadgen.transport.listening import bound_at, listen, stop_listening
from vsock_loadgen.transport.names import Resolve


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_unix_listener_takes_connections_and_its_file_is_private(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "sock"
    before = os.umask(umask)
    try:
        listener = listen(UnixAddress(str(path)))
    finally:
        os.umask(before)
    assert not listener.getblocking()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    stop_listening(listener)
    assert not path.exists()


def test_a_stopped_listener_may_be_stopped_again_and_takes_no_successors_file(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    first = listen(UnixAddress(str(path)))
    stop_listening(first)
    second = listen(UnixAddress(str(path)))
    stop_listening(first)
    assert path.is_socket()
    stop_listening(second)


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    stop_listening(listen(UnixAddress(str(path))))


def test_a_live_socket_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    live = listen(UnixAddress(str(path)))
    with pytest.raises(TargetError, match="listens there"):
        listen(UnixAddress(str(path)))
    assert path.is_socket()
    stop_listening(live)


def test_a_live_socket_whose_backlog_is_full_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    live = listen(UnixAddress(str(path)), backlog=0)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        with pytest.raises(TargetError, match="listens there"):
            listen(UnixAddress(str(path)))
    stop_listening(live)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(TargetError, match="not a socket"):
        listen(UnixAddress(str(path)))
    assert path.read_text() == "mine"


@pytest.mark.parametrize("leads_to", ["notes.txt", "absent.txt", "."])
def test_a_link_in_the_sockets_place_is_neither_followed_nor_removed(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    link = tmp_path / "sock"
    link.symlink_to(tmp_path / leads_to)
    with pytest.raises(TargetError, match="not a socket"):
        listen(UnixAddress(str(link)))
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "sock"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_missing_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        listen(UnixAddress(str(tmp_path / "absent" / "sock")))
    assert caught.value.remedy == "create the folder first"


def test_a_tcp_port_that_is_taken_is_an_error_with_a_remedy() -> None:
    taken = listen(TcpAddress("127.0.0.1", 0))
    with pytest.raises(TargetError, match="in use") as caught:
        listen(TcpAddress("127.0.0.1", taken.getsockname()[1]))
    assert "another port" in caught.value.remedy
    stop_listening(taken)


def meaning(*addresses: str) -> Resolve:
    """A resolver to which every name means these addresses."""
    return lambda _, port: [(socket.AF_INET, (address, port)) for address in addresses]


def test_of_a_name_the_first_address_of_this_machine_is_listened_on() -> None:
    address = TcpAddress("relay", 0)
    listener = listen(address, resolve=meaning("192.0.2.1", "127.0.0.2", "127.0.0.3"))
    assert listener.getsockname()[0] == "127.0.0.2"
    assert str(bound_at(address, listener)) == "tcp://relay:0 (127.0.0.2)"
    stop_listening(listener)


def test_of_a_name_whose_address_is_taken_no_other_is_listened_on() -> None:
    """Whoever connects to the name would reach the other one."""
    with socket.create_server(("127.0.0.2", 0)) as taken, pytest.raises(TargetError, match="in use"):
        listen(TcpAddress("relay", taken.getsockname()[1]), resolve=meaning("127.0.0.2", "127.0.0.3"))


@pytest.mark.parametrize("addresses", [(), ("192.0.2.1", "198.51.100.1")])
def test_a_name_without_an_address_of_this_machine_is_an_error(addresses: tuple[str, ...]) -> None:
    with pytest.raises(TargetError) as caught:
        listen(TcpAddress("relay", 9000), resolve=meaning(*addresses))
    assert caught.value.remedy == "name an address of this machine"


def test_a_tcp_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(TargetError) as caught:
        listen(TcpAddress("192.0.2.1", 9000))
    assert caught.value.remedy == "name an address of this machine"


def test_embedded_is_not_an_address_to_listen_on() -> None:
    with pytest.raises(InternalError):
        listen(EmbeddedAddress())
