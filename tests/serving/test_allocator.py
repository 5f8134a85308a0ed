"""Freed memory goes back to the kernel, however large the blocks before were."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
from vsock_loadgen.serving.allocator import return_large_blocks

if sys.argv[1] == "settled" and not return_large_blocks():
    sys.exit("mallopt refused")
del [bytearray(b"x" * 20_000_000)][0]  # by default, blocks up to this size stay in the heap from now on
blocks = [bytearray(b"x" * 1_000_000) for _ in range(30)]
kept = blocks[::10]
pages = int(Path("/proc/self/statm").read_text().split()[1])
del blocks
print((pages - int(Path("/proc/self/statm").read_text().split()[1])) * 4096)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
@pytest.mark.parametrize(("how", "is_returned"), [("plain", False), ("settled", True)])
def test_freed_blocks_are_returned_only_where_that_was_asked_for(how: str, is_returned: bool) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 20_000_000) == is_returned
