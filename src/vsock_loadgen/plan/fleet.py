"""The fleet: every VM's attributes, held as columns indexed by the VM's global index 0..n-1.

A pure function of (config, seed, global index): no node, worker or clock has a part in it.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from hashlib import blake2b

from vsock_loadgen.config.model import Config, Distribution
from vsock_loadgen.plan.distributions import INTERVAL_NS, PACKAGES, Grain, take
from vsock_loadgen.plan.streams import permutation, uniforms

_PHASE_BITS = 53


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute over the fleet: its value and the index of its bucket for every VM."""

    values: array[int]
    buckets: array[int]


@dataclass(frozen=True, slots=True)
class Fleet:
    """VMs 0..vm_count-1 as columns. Intervals and phases are nanoseconds before any time scale; 0 <= phase < interval."""

    vm_count: int
    packages: Column
    report_interval: Column
    phase_ns: array[int]

    def digest(self) -> str:
        """A fingerprint of every VM's attributes: equal digests mean the same fleet, VM by VM."""
        state = blake2b(digest_size=16)
        for column in (self.packages.values, self.report_interval.values, self.phase_ns):
            data = column if sys.byteorder == "little" else array(column.typecode, column)
            if data is not column:
                data.byteswap()
            state.update(data.tobytes())
        return state.hexdigest()


def build_fleet(config: Config) -> Fleet:
    """Give every VM its package count, report interval and phase, each from a stream of its own."""
    intervals = assign(config.report_interval, config.vm_count, INTERVAL_NS, config.seed, "reportInterval")
    shares = uniforms(config.seed, "phase", config.vm_count)
    return Fleet(
        vm_count=config.vm_count,
        packages=assign(config.packages, config.vm_count, PACKAGES, config.seed, "packages"),
        report_interval=intervals,
        phase_ns=array(
            "q",
            [
                int(share * (1 << _PHASE_BITS)) * interval >> _PHASE_BITS
                for share, interval in zip(shares, intervals.values, strict=True)
            ],
        ),
    )


def assign(distribution: Distribution, vm_count: int, grain: Grain, seed: int, stream: str) -> Column:
    """Hand the distribution's values out: the j-th in ascending order goes to the j-th VM of the stream's permutation."""
    sample = take(distribution, vm_count, grain)
    values, buckets = array("q", bytes(8 * vm_count)), array("i", bytes(4 * vm_count))
    for rank, index in enumerate(permutation(seed, stream, vm_count)):
        values[index] = sample.values[rank]
        buckets[index] = sample.buckets[rank]
    return Column(values, buckets)
