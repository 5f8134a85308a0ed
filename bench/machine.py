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
    """Its name, with family and model: a hypervisor often leaves no more of the name than the vendor's."""
    first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    if "model name" not in facts:
        return platform.machine()
    return f"{facts['model name']} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]
