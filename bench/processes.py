"""What a tree of processes costs: processor time and memory, read from /proc by process id."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_GRACE_SECONDS = 5.0
_FIRST_PSS_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 0.02


class BenchError(Exception):
    """A run that gave no figures: what was run, what came of it, what was expected."""


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Processor time in seconds."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """User and system time."""
        return self.user + self.system

    def __sub__(self, other: CpuTime) -> CpuTime:
        return CpuTime(self.user - other.user, self.system - other.system)


NO_CPU = CpuTime(0.0, 0.0)
CpuByPid = Mapping[int, CpuTime]


@dataclass(frozen=True, slots=True)
class Watched:
    """One finished process tree. Times are seconds.

    `cpu_at` has the processor time of every process of the tree at whole seconds of the wall clock, `cpu` that of the whole tree
    over its life, `machine_busy_seconds` that of everything that ran on the machine meanwhile. `peak_pss_bytes` is the largest sum
    over the tree that was seen, `peak_rss_bytes` the largest process.
    """

    exit_code: int
    output: str
    messages: str
    spawned_ns: int
    wall_seconds: float
    cpu: CpuTime
    cpu_at: Mapping[int, CpuByPid]
    peak_pss_bytes: int
    peak_rss_bytes: int
    machine_busy_seconds: float


def parse_cpu(stat: str) -> CpuTime:
    """The processor time in the text of /proc/PID/stat. The command name may hold anything, so the fields count from its end."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return CpuTime(int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND)


def parse_pss(smaps_rollup: str) -> int:
    """The proportional set size in the text of /proc/PID/smaps_rollup, in bytes."""
    for line in smaps_rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no line 'Pss:', expected the text of smaps_rollup")


def parse_machine_busy(stat: str) -> float:
    """Seconds that all processors together were not idle, from the text of /proc/stat."""
    user, nice, system, _, _, irq, softirq, steal = (int(field) for field in stat.split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def cpu_between(before: CpuByPid, after: CpuByPid) -> dict[int, CpuTime]:
    """Processor time of each process between two samples; one that was not there before counts whole, one that ended not at all."""
    return {pid: then - before.get(pid, NO_CPU) for pid, then in after.items()}


def tree(root: int) -> list[int]:
    """Process ids of `root` and all its descendants that are alive."""
    pids = [root]
    for pid in pids:  # grows while it is walked
        for children in _PROC.glob(f"{pid}/task/*/children"):
            try:
                pids.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return pids


def cpu_of(pids: Sequence[int]) -> dict[int, CpuTime]:
    """Processor time of those of these processes that are alive."""
    cpu = {}
    for pid in pids:
        try:
            cpu[pid] = parse_cpu((_PROC / str(pid) / "stat").read_text())
        except OSError:
            continue
    return cpu


def pss_of(pids: Sequence[int]) -> int:
    """Memory of these processes in bytes, shared pages counted once."""
    total = 0
    for pid in pids:
        try:
            total += parse_pss((_PROC / str(pid) / "smaps_rollup").read_text())
        except (OSError, ValueError):
            continue  # it has just ended, or its memory is already gone
    return total


def machine_busy_seconds() -> float:
    """Seconds that all processors together were not idle since the machine was started."""
    return parse_machine_busy((_PROC / "stat").read_text())


def spawn(command: Sequence[str | Path], cpus: frozenset[int], scratch: Path, name: str) -> subprocess.Popen[bytes]:
    """Start a command on these processors only; its output goes to files in `scratch`."""
    with (scratch / f"{name}.out").open("wb") as out, (scratch / f"{name}.err").open("wb") as err:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it if it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Sampler:
    """Looks at the tree of a process: processor time at every whole second of the wall clock, memory every `pss_every_seconds`."""

    def __init__(self, pid: int, pss_every_seconds: float) -> None:
        now = time.time()
        self.cpu_at: dict[int, CpuByPid] = {}
        self.peak_pss_bytes = 0
        self._pid = pid
        self._every = pss_every_seconds
        self._next_second = int(now) + 1
        self._next_pss = now + min(pss_every_seconds, _FIRST_PSS_SECONDS)

    def look(self) -> None:
        """Take the sample that is due, if one is; then wait a little, or until the next is due."""
        now = time.time()
        if now >= self._next_second:
            self.cpu_at[self._next_second] = cpu_of(tree(self._pid))
            self._next_second += 1
        elif now >= self._next_pss:
            self.peak_pss_bytes = max(self.peak_pss_bytes, pss_of(tree(self._pid)))
            self._next_pss = now + self._every
        now = time.time()
        time.sleep(max(0.0, min(self._next_second - now, self._next_pss - now, _LONGEST_PAUSE_SECONDS)))


def watch(
    command: Sequence[str | Path], cpus: frozenset[int], scratch: Path, *, longest_seconds: float, pss_every_seconds: float
) -> Watched:
    """Run a command to its end and sample its tree as `Sampler` does.

    Raises BenchError where it takes longer than `longest_seconds`; then it has been ended.
    """
    busy_before = machine_busy_seconds()
    spawned_ns = time.monotonic_ns()
    process = spawn(command, cpus, scratch, "sender")
    sampler = Sampler(process.pid, pss_every_seconds)
    try:
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            sampler.look()
            if time.monotonic_ns() - spawned_ns > longest_seconds * 1e9:
                raise BenchError(f"{Path(command[0]).name} was ended after {longest_seconds:.0f} s, expected it to end by itself")
        process.returncode = os.waitstatus_to_exitcode(ended[1])
    finally:
        end(process)
    used = ended[2]
    return Watched(
        exit_code=process.returncode,
        output=(scratch / "sender.out").read_text(),
        messages=(scratch / "sender.err").read_text(),
        spawned_ns=spawned_ns,
        wall_seconds=(time.monotonic_ns() - spawned_ns) / 1e9,
        cpu=CpuTime(used.ru_utime, used.ru_stime),
        cpu_at=sampler.cpu_at,
        peak_pss_bytes=sampler.peak_pss_bytes,
        peak_rss_bytes=used.ru_maxrss * 1024,
        machine_busy_seconds=machine_busy_seconds() - busy_before,
    )
