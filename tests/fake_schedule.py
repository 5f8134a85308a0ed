"""Schedules made by hand, for tests of what is done with them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from fractions import Fraction

from vsock_loadgen.plan.fleet import Cohort
from vsock_loadgen.plan.schedule import Schedule


def schedule(
    intervals_ns: Sequence[int],
    first_ns: Sequence[int] | None = None,
    *,
    indices: Sequence[int] | None = None,
    jitter: Fraction = Fraction(0),
    synchronized: bool = False,
) -> Schedule:
    """VMs that report at these intervals, first at these instants (0 where none are given)."""
    return Schedule(
        0,
        indices if indices is not None else range(len(intervals_ns)),
        array("q", intervals_ns),
        array("q", first_ns if first_ns is not None else [0] * len(intervals_ns)),
        array("H", [0] * len(intervals_ns)),
        (Cohort(jitter, synchronized),),
    )
