"""Whatever an input makes the code under test do, it does not leave its folder."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.confinement import EscapeError, confined


@pytest.mark.parametrize("family", ["AF_VSOCK", "AF_INET", "AF_INET6", "AF_NETLINK"])
def test_no_socket_but_a_unix_one_comes_into_being(family: str) -> None:
    with confined(), pytest.raises(EscapeError, match="a socket of family"):
        socket.socket(getattr(socket, family), socket.SOCK_STREAM)


def test_a_unix_socket_does() -> None:
    with confined() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        assert (folder / "s").exists()


def test_no_name_is_looked_up_and_no_process_is_started() -> None:
    with confined():
        with pytest.raises(EscapeError, match="getaddrinfo"):
            socket.getaddrinfo("127.0.0.1", 1)
        with pytest.raises(EscapeError, match="Popen"):
            subprocess.run([sys.executable, "-c", ""], check=False)


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    with confined() as folder:
        (folder / "inside").write_text("x")
        for path in (tmp_path / "outside", folder / ".." / "outside", Path("outside")):
            with pytest.raises(PermissionError, match="outside the folder"):
                path.write_text("x")
    assert not list(tmp_path.iterdir())


def test_devices_are_out_of_reach() -> None:
    with confined(), pytest.raises(PermissionError, match="out of reach"):
        Path("/dev/stdin").read_bytes()


def test_afterwards_everything_is_as_before(tmp_path: Path) -> None:
    with confined():
        pass
    (tmp_path / "file").write_text("x")
    socket.socket(socket.AF_INET).close()
