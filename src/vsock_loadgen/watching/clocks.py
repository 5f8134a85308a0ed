"""Says when the wall clock and the schedule's clock drift apart: the machine was suspended, or the wall clock was set.

Three clocks tell the two apart. The schedule's stands still in a suspension and cannot be set. The boot clock counts suspensions.
The wall clock counts them and can be set.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.clocks import ClockStep, in_all
from vsock_loadgen.results.ended import instant
from vsock_loadgen.units import MILLISECOND, SECOND

MOST_APART_NS = SECOND
MOST_STEPS = 100
"""This many steps are kept one by one; later ones are added to the last."""
_SLOWEST_READING_NS = 50 * MILLISECOND
_READINGS = 5


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the three clocks show at one moment."""

    schedule_ns: int
    boot_ns: int
    wall_ns: int

    @property
    def suspended_ns(self) -> int:
        """How long the machine has been suspended since it booted."""
        return self.boot_ns - self.schedule_ns

    @property
    def set_ns(self) -> int:
        """How far the wall clock is from the boot clock: changes when it is set."""
        return self.wall_ns - self.boot_ns


def read_clocks(
    schedule: Callable[[], int] = time.monotonic_ns,
    boot: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
    wall: Callable[[], int] = time.time_ns,
) -> Clocks | None:
    """The clocks, read within one moment; None if this process was held up each time that it tried."""
    for _ in range(_READINGS):
        before_ns = schedule()
        clocks = Clocks(before_ns, boot(), wall())
        if schedule() - before_ns <= _SLOWEST_READING_NS:
            return clocks
    return None


class ClockWatch:
    """Logs each step of more than a second, and keeps it for the result. Smaller ones add up until they exceed it."""

    def __init__(self, log: Log, read: Callable[[], Clocks | None] = read_clocks) -> None:
        self._log = log
        self._read = read
        self._said: Clocks | None = None
        self.steps: tuple[ClockStep, ...] = ()

    def begin(self) -> None:
        """Take the clocks as they are now for those that go together."""
        self._said = self._read()

    def update(self, totals: RunTotals) -> None:
        """Log whether they have drifted apart since the last time."""
        now = self._read()
        if now is None or self._said is None:
            self._said = self._said or now
            return
        suspended_ns, set_ns = now.suspended_ns - self._said.suspended_ns, now.set_ns - self._said.set_ns
        if abs(suspended_ns) + abs(set_ns) <= MOST_APART_NS:
            return
        self._said = now
        at_ns = totals.began_wall_ns + totals.elapsed_ns
        self._keep(ClockStep(instant(at_ns), totals.elapsed_ns, suspended_ns, set_ns))

    def _keep(self, step: ClockStep) -> None:
        self._log.alert(str(step), "clocks_parted", step.to_json())
        if len(self.steps) == MOST_STEPS:
            *kept, last = self.steps
            suspended_ns, set_ns = in_all((last, step))
            self.steps = (*kept, ClockStep(last.at, last.elapsed_ns, suspended_ns, set_ns))
        else:
            self.steps += (step,)
