"""Where the bench ran, in words, so that two tables can be told apart. Nothing that names the machine itself."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from vsock_loadgen.form import form


def describe() -> dict[str, str]:
    """Processor, memory, kernel and the versions of what was built or run."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} x {_processor()}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_version()}, ours is {form()}",
        "cc": _first_line("cc", "--version"),
        "go": _first_line("go", "version"),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]
