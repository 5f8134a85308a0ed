"""What sending costs the machine: processor time, worker processes and memory, from measured figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vsock_loadgen.units import SECOND

_SECONDS_PER_REPORT = 45e-6
_SECONDS_PER_BYTE = 0.25e-9
_BUSY_SHARE = 2 / 3

_PARENT_AND_WORKER_BYTES = 36_000_000
_FURTHER_WORKER_BYTES = 5_000_000
_RECEIVER_BYTES = 16_000_000
_BYTES_PER_VM = 320
_RECEIVER_BYTES_PER_VM = 1_000


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that sends, as far as the plan needs it: processors for workers, the memory that all processes share for the
    reports' content, and how many files one process may open (None: no limit is known)."""

    processors: int = 1
    shared_bytes: int = 0
    descriptors: int | None = None


@dataclass(frozen=True, slots=True)
class Herd:
    """Reports that are due together because their VMs keep time with the clock: `spread_ns` is the time that their jitter spreads
    them over, `at_ns` when the first is due, since the start."""

    reports: int
    at_ns: int
    spread_ns: int


def busy_seconds(reports: float, bytes_per_report: float) -> float:
    """Processor time that sending a number of reports takes.

    The cost of a report is that of the slower of the measured machines (docs/performance.md).
    """
    return reports * (_SECONDS_PER_REPORT + bytes_per_report * _SECONDS_PER_BYTE)


def lateness_ns(herd: Herd, bytes_per_report: float, workers: float) -> int:
    """How late the last report of a herd is started, if this many workers of all nodes share it."""
    return max(0, int(busy_seconds(herd.reports, bytes_per_report) / workers * SECOND) - herd.spread_ns)


def workers_for(
    reports_per_second: float, bytes_per_report: float, processors: int, herd: Herd | None = None, lag_limit_ns: int = 0
) -> int:
    """Workers that are each busy for at most two thirds of the busiest second, which leaves room for bursts within it, and that
    start a herd within the lag limit; at least 1 and at most one per processor. More of them would cost more for each report: one
    that is woken finds several due."""
    wanted = max(1, math.ceil(busy_seconds(reports_per_second, bytes_per_report) / _BUSY_SHARE))
    if herd is not None:
        herd_seconds = busy_seconds(herd.reports, bytes_per_report)
        wanted = max(wanted, math.ceil(herd_seconds * SECOND / max(1, herd.spread_ns + lag_limit_ns)))
    return max(1, min(processors, wanted))


def expected_memory_bytes(vms: int, workers: int, shared_bytes: int, *, embedded: bool) -> int:
    """Memory of all processes of a run (proportional set size): a model of what was measured (docs/performance.md)."""
    own = _PARENT_AND_WORKER_BYTES + (workers - 1) * _FURTHER_WORKER_BYTES + vms * _BYTES_PER_VM
    receiver = _RECEIVER_BYTES + vms * _RECEIVER_BYTES_PER_VM if embedded else 0
    return own + receiver + shared_bytes
