"""A kernel without AF_VSOCK."""

from __future__ import annotations

import pytest

from vsock_loadgen.config.address import VsockAddress
from vsock_loadgen.errors import TargetError
from vsock_loadgen.transport.kernel import LinuxVsock
from vsock_loadgen.transport.listening import listen
from vsock_loadgen.transport.preflight import preflight


def test_the_kernel_says_that_it_has_no_vsock() -> None:
    assert not LinuxVsock().has_device()
    assert LinuxVsock().own_cid() is None


def test_a_vsock_target_is_refused_with_the_remedy() -> None:
    with pytest.raises(TargetError, match="this kernel has no vsock") as caught:
        preflight(VsockAddress(2, 818))
    assert "modprobe vsock" in caught.value.remedy


def test_a_vsock_listener_is_refused_with_the_remedy() -> None:
    with pytest.raises(TargetError, match="this kernel has no vsock"):
        listen(VsockAddress(1, 818))
