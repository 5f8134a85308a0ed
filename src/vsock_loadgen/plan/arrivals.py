"""The moments of one trial of a search: those of a fleet in its steady state, different ones for every trial."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vsock_loadgen.plan.schedule import Schedule
from vsock_loadgen.plan.streams import JITTER, uniforms


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the VMs report in a trial, by its number: offsets and jitter come from the trial's own streams, so that no two trials of
    a fleet have the same moments.

    A VM is first due after what is left of the interval in which the trial begins: the equilibrium of a renewal process (Cox 1962,
    section 5.3). Of intervals spread evenly over I (1 - j) to I (1 + j) that is u I sqrt((1 - j)^2 + 4 j v), with u and v uniform
    in [0, 1): the expected load is the same in every second from the first.
    """

    trial: int
    vm_count: int

    def of(self, schedule: Schedule) -> Schedule:
        """A schedule with these moments. None of its VMs may be in step with the wall clock."""
        return replace(schedule, offset_ns=array("q", self._first_due(schedule)), stream=f"{JITTER}/{self.trial}")

    def _first_due(self, schedule: Schedule) -> Iterator[int]:
        left, lengths = (uniforms(schedule.seed, f"{name}/{self.trial}", self.vm_count) for name in ("offset", "interval"))
        jitters = [float(cohort.jitter) for cohort in schedule.cohorts]
        for index, interval_ns, cohort in zip(schedule.indices, schedule.interval_ns, schedule.cohort, strict=True):
            jitter = jitters[cohort]
            yield int(left[index] * interval_ns * math.sqrt((1 - jitter) ** 2 + 4 * jitter * lengths[index]))
