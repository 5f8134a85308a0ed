"""Thresholds that no run of a config can meet: about what is never due, or that exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, combinations

from vsock_loadgen.config.blocks import Phase, switched_on
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.thresholds import Threshold
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.units import format_duration


def out_of_reach(config: Config, *, synchronized: bool) -> Iterator[tuple[str, str]]:
    """The path of each such threshold, and what is wrong. `synchronized`: some VMs ignore the rate of a phase."""
    ends_ns = accumulate((phase.scaled_ns(config.time_scale) for phase in config.phases), initial=0)
    starts_ns = {phase.name: start for phase, start in zip(config.phases, ends_ns, strict=False)}
    phases = {phase.name: phase for phase in config.phases}
    for number, threshold in enumerate(config.thresholds):
        if threshold.dimension != PHASE:
            continue
        path, phase = f"thresholds[{number}]", phases.get(threshold.part)
        if phase is None:
            yield path, threshold.unknown(list(phases))
        elif 0 < config.duration_ns <= starts_ns[phase.name]:
            begins = f"phase {phase.name} begins after {format_duration(starts_ns[phase.name])}"
            yield path, f"{begins}, and the run ends after {format_duration(config.duration_ns)}: it is never reached"
        elif _is_idle(phase, config.vm_count, synchronized=synchronized):
            yield path, f"no report is due in phase {phase.name}: its rate or its vms are 0"
    yield from _contradictions(config.thresholds)


def _is_idle(phase: Phase, vm_count: int, *, synchronized: bool) -> bool:
    most_on = switched_on(float(max(phase.vms.start, phase.vms.end)), vm_count)
    return not most_on or (phase.rate.start == phase.rate.end == 0 and not synchronized)


def _contradictions(thresholds: tuple[Threshold, ...]) -> Iterator[tuple[str, str]]:
    """Limits on one figure, of which one asks for more than the other leaves."""
    for (_, one), (number, other) in combinations(enumerate(thresholds), 2):
        if (one.metric, one.dimension, one.part) != (other.metric, other.dimension, other.part):
            continue
        low, high = (one, other) if other.comparison in ("<", "<=") else (other, one)
        if low.comparison not in (">", ">=") or high.comparison not in ("<", "<="):
            continue
        meet = low.comparison == ">=" and high.comparison == "<="
        if low.limit > high.limit or (low.limit == high.limit and not meet):
            yield f"thresholds[{number}]", f"no run can meet it together with {one.expression}"
