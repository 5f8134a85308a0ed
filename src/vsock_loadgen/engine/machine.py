"""The machine that a run has: how many processors it may use, and what kind of machine it is."""

from __future__ import annotations

import os
import platform
import resource
import shlex
import sys
from pathlib import Path

from vsock_loadgen import __version__
from vsock_loadgen.form import form

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def usable_processors(cpu_max: Path = _CPU_MAX) -> int:
    """Processors that this process may use: those of its affinity, within the quota of its control group (`cpu.max`)."""
    allowed = _processors()
    try:
        quota, period = cpu_max.read_text().split()
        return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):
        return allowed  # no control group, or an older layout that has no such file


def _processors() -> int:
    """Those of the affinity; if there is none, as outside Linux, those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment() -> dict[str, object]:
    """What a run may depend on without choosing it, for the result, and its command line."""
    return {
        "command": shlex.join(["vsock-loadgen", *sys.argv[1:]]),
        "vsock_loadgen": __version__,
        "form": form(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": _processors(),
        "node_name": os.environ.get("NODE_NAME"),
    }


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one; returns the limit now in force."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
