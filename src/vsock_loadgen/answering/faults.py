"""Faults that agents inject: a hash decides which asking meets which, so that every run is the same."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import accumulate

from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.plan.streams import BITS, jitter_start, report_bits

FAULTS = {
    "not_ready": Asked.NOT_READY,
    "busy": Asked.BUSY,
    "internal": Asked.INTERNAL,
    "unknown_method": Asked.UNKNOWN_METHOD,
    "dial_error": Asked.NO_HANDLER,
    "drop": Asked.DROP,
    "truncated": Asked.TRUNCATED,
    "stalled": Asked.STALLED,
    "oversized": Asked.OVERSIZED,
}
"""What each fault of the config is counted as."""

Faulty = Callable[[int, int], Asked | None]
"""(global index of the VM, number of the asking of it, from 0) -> the fault that it meets; None for none."""


def no_fault(index: int, number: int) -> None:
    """No asking meets a fault."""


def faulty(seed: int, shares: Mapping[str, Fraction]) -> Faulty:
    """Each fault has its share of all askings, in the order of FAULTS; the shares add up to 1 at most."""
    ends = list(accumulate(int(shares[name] * (1 << BITS)) for name in FAULTS))
    if not ends[-1]:
        return no_fault
    ways, start = [*FAULTS.values(), None], jitter_start(seed, "faults")
    return lambda index, number: ways[bisect_right(ends, report_bits(start, index, number))]
