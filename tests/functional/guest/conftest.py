"""The checks in this folder run inside the user-mode Linux guest, where test_vsock_guest.py starts them, and nowhere else.

Elsewhere a vsock connection might leave for the hypervisor.
"""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def inside_the_guest() -> None:
    """Fail every check on a kernel that is not the guest's."""
    if "User Mode Linux" not in Path("/proc/cpuinfo").read_text():
        pytest.fail("this check connects over AF_VSOCK: run it with in_uml.py, expected a user-mode Linux kernel")
