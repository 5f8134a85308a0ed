"""How many worker processes a load needs, and how many this machine has processors for."""

from __future__ import annotations

import math
import os
from pathlib import Path

_SECONDS_PER_REPORT = 60e-6
_SECONDS_PER_BYTE = 0.25e-9
_BUSY_SHARE = 0.5
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def workers_for(reports_per_second: float, bytes_per_report: float, processors: int) -> int:
    """Workers that keep each at most half busy in the busiest second, at least 1 and at most one per processor.

    The cost of a report is that of the slower machines that were measured (docs/performance.md); half leaves room for bursts
    within the second.
    """
    busy = reports_per_second * (_SECONDS_PER_REPORT + bytes_per_report * _SECONDS_PER_BYTE)
    return max(1, min(processors, math.ceil(busy / _BUSY_SHARE)))


def usable_processors(cpu_max: Path = _CPU_MAX) -> int:
    """Processors that this process may use: those of its affinity, within the quota of its control group (`cpu.max`)."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text().split()
        return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):
        return allowed  # no control group, or an older layout that has no such file
