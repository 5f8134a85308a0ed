"""When every report is due: a pure function of (fleet, seed, jitter, time scale), in nanoseconds from the start.

Report 0 of a VM is due at its phase, report k+1 one jittered interval after report k *was due*: an open model, in which the
target's slowness never moves the schedule.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.plan.fleet import Fleet
from vsock_loadgen.plan.streams import Step, jittered_step
from vsock_loadgen.units import MILLISECOND

SHORTEST_INTERVAL_NS = MILLISECOND


@dataclass(frozen=True, slots=True)
class Schedule:
    """The due times of some VMs. Columns are in step; times are nanoseconds after scaling.

    `indices` are global indices, `first_ns` the instant of report 0, `interval_ns` the mean time between reports.
    """

    indices: Sequence[int]
    interval_ns: array[int]
    first_ns: array[int]
    step: Step

    def instants(self, position: int, end_ns: int) -> Iterator[int]:
        """Due instants before `end_ns` of the VM at this position of the columns, in order."""
        index, interval_ns, step = self.indices[position], self.interval_ns[position], self.step
        due_ns, number = self.first_ns[position], 0
        while due_ns < end_ns:
            yield due_ns
            due_ns += step(index, number, interval_ns)
            number += 1


def schedule_of(fleet: Fleet, indices: Iterable[int], *, seed: int, jitter: Fraction, time_scale: Fraction) -> Schedule:
    """The schedule of the VMs with these global indices. `jitter` is a share of the interval; `time_scale` divides all times."""
    chosen = array("i", indices)
    intervals = [scaled_interval(fleet.report_interval.values[index], time_scale) for index in chosen]
    phases = (fleet.phase_ns[index] * time_scale.denominator // time_scale.numerator for index in chosen)
    first = (min(phase, interval - 1) for phase, interval in zip(phases, intervals, strict=True))
    return Schedule(chosen, array("q", intervals), array("q", first), jittered_step(seed, jitter))


def scaled_interval(interval_ns: int, time_scale: Fraction) -> int:
    """An interval divided by the time scale, in whole nanoseconds, at least 1 ms."""
    return max(SHORTEST_INTERVAL_NS, interval_ns * time_scale.denominator // time_scale.numerator)
