"""The CID of the VM that the generator runs in, and a refusal wherever it runs in none."""

from __future__ import annotations

import pytest

from transport.fake_vsock import FakeVsock
from vsock_loadgen.errors import TargetError
from vsock_loadgen.transport.kernel import own_cid_of


def test_a_vm_has_the_cid_that_its_kernel_says() -> None:
    assert own_cid_of(FakeVsock(cid=3)) == 3
    assert own_cid_of(FakeVsock(cid=4_000_000_000)) == 4_000_000_000


@pytest.mark.parametrize(
    ("cid", "found"),
    [
        (None, "/dev/vsock is missing or does not tell this kernel's CID"),
        (2, "this kernel's CID is 2 (a host)"),
        (1, "this kernel's CID is 1 (only the loopback transport)"),
        (0, "this kernel's CID is 0 (no VM)"),
    ],
)
def test_elsewhere_there_is_no_own_cid(cid: int | None, found: str) -> None:
    with pytest.raises(TargetError) as raised:
        own_cid_of(FakeVsock(cid=cid))
    assert str(raised.value).startswith(f"cids: own, but {found}")
    assert "remedy: run it inside a VM" in str(raised.value)
