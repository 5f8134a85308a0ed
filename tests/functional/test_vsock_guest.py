"""The checks of the folder `guest`, each file in a kernel of its own with the modules that it is about."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from command import TIMEOUT_SECONDS
from functional.in_uml import LOOPBACK_MODULES, STATUS_NONE, compile_library, run_in_guest, what_is_missing

pytestmark = pytest.mark.vsock

GUEST = Path(__file__).parent / "guest"


@pytest.fixture(autouse=True)
def user_mode_linux() -> None:
    """Skip where no guest can run; in CI that is a failure."""
    missing = what_is_missing()
    if missing:
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
        str(GUEST / checks),
    ]
    status = run_in_guest(command, modules=modules, timeout_seconds=2 * TIMEOUT_SECONDS, sink=said.append)
    assert status == 0, "".join(said)


@pytest.mark.skipif(not shutil.which("cc"), reason="a C compiler makes the libraries (apt-get install gcc libc6-dev)")
def test_a_guest_runs_where_the_processor_has_more_state_than_its_kernel_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On any processor, since one with more is put between; without completion its refusal ends the kernel at its first program."""
    wide_host = compile_library("wide_host", tmp_path)
    ended: dict[str, tuple[int, str]] = {}
    for way in ("plain", "completed"):
        monkeypatch.setenv("UML_EXTENDED_STATE", way)
        said: list[str] = []
        program = "print(sum(x * 0.5 for x in range(100)))"
        status = run_in_guest(
            [sys.executable, "-c", program], timeout_seconds=2 * TIMEOUT_SECONDS, sink=said.append, preloaded=[wide_host]
        )
        ended[way] = status, "".join(said)
    assert ended["completed"] == (0, "2475.0\n")
    status, said_plain = ended["plain"]
    assert status == STATUS_NONE, said_plain
    assert "set fp regs failed" in said_plain
