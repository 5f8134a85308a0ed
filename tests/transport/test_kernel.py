"""What is asked of the kernel where the device may not be opened, as in an unprivileged container."""

from __future__ import annotations

import errno
import os
import socket
from typing import Self

import pytest

from vsock_loadgen.transport.kernel import LinuxVsock


class OnlyBinds:
    """In place of a vsock socket: binds to the CIDs that the kernel owns, and can do nothing else."""

    owned: frozenset[int] = frozenset()

    def __init__(self, family: int, kind: int) -> None:
        assert (family, kind) == (socket.AF_VSOCK, socket.SOCK_STREAM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def bind(self, address: tuple[int, int]) -> None:
        if address[0] not in self.owned:
            raise OSError(errno.EADDRNOTAVAIL, "not ours")


@pytest.mark.parametrize(
    ("error", "owned", "cid"),
    [
        (errno.EPERM, {1, 2}, 2),
        (errno.EACCES, {2}, 2),
        (errno.EPERM, {1}, None),
        (errno.ENOENT, {1, 2}, None),
    ],
)
def test_a_host_is_known_by_what_it_lets_bind_where_the_device_may_not_be_opened(
    monkeypatch: pytest.MonkeyPatch, error: int, owned: set[int], cid: int | None
) -> None:
    def refused(path: object, flags: int) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(OnlyBinds, "owned", frozenset(owned))
    monkeypatch.setattr(socket, "socket", OnlyBinds)
    assert LinuxVsock().own_cid() == cid
    assert LinuxVsock().has_loopback() is (1 in owned)
