"""The checks of the folder `guest`, each file in a kernel of its own with the modules that it is about."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from functional.in_uml import LOOPBACK_MODULES, find_kernel, run_in_guest

pytestmark = pytest.mark.vsock

GUEST = Path(__file__).parent / "guest"


@pytest.fixture(autouse=True)
def user_mode_linux() -> None:
    """Skip where there is no such kernel; in CI its absence is a failure."""
    if find_kernel() is None:
        missing = "user-mode-linux is not installed (apt-get install user-mode-linux)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.mark.parametrize(
    ("checks", "modules"),
    [
        ("loopback.py", LOOPBACK_MODULES),
        ("fleet.py", LOOPBACK_MODULES),
        ("faults.py", LOOPBACK_MODULES),
        ("pod.py", LOOPBACK_MODULES),
        ("no_loopback.py", LOOPBACK_MODULES[:2]),
        ("no_vsock.py", ()),
    ],
)
def test_the_checks_hold_in_the_guest(checks: str, modules: tuple[str, ...]) -> None:
    said: list[str] = []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "--timeout=60",
        str(GUEST / checks),
    ]
    status = run_in_guest(command, modules=modules, timeout_seconds=100, sink=said.append)
    assert status == 0, "".join(said)
