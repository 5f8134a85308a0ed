"""AF_VSOCK without a loopback transport: a connection to CID 1 would not stay on the machine, so it is refused."""

from __future__ import annotations

import pytest

from vsock_loadgen.config.address import VsockAddress
from vsock_loadgen.errors import TargetError
from vsock_loadgen.transport.kernel import LinuxVsock
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.transport.preflight import preflight

LOCAL = VsockAddress(1, 818)


def test_the_kernel_says_that_it_has_no_loopback_transport() -> None:
    kernel = LinuxVsock()
    assert kernel.has_device()
    assert kernel.socket_errno() == 0
    assert not kernel.has_loopback()
    assert kernel.own_cid() != 2


def test_cid_1_is_refused_with_the_remedy() -> None:
    with pytest.raises(TargetError, match="no loopback transport") as caught:
        preflight(LOCAL)
    assert caught.value.remedy == "modprobe vsock_loopback"


def test_who_goes_on_all_the_same_reaches_nobody_here() -> None:
    with pytest.raises(TargetError, match="vsock://1:818"):
        preflight(LOCAL, go_on=True)


def test_nobody_can_listen_on_cid_1() -> None:
    with pytest.raises(TargetError) as caught:
        listen(LOCAL)
    assert "modprobe vsock_loopback" in caught.value.remedy
