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
        (None, "/dev/vsock"),
        (2, "CID is 2 ("),
        (1, "CID is 1 ("),
        (0, "CID is 0 ("),
    ],
)
def test_elsewhere_there_is_no_own_cid(cid: int | None, found: str) -> None:
    with pytest.raises(TargetError) as raised:
        own_cid_of(FakeVsock(cid=cid))
    assert str(raised.value).startswith("cids: own")
    assert found in str(raised.value)
    assert "remedy: " in str(raised.value)
