"""How VMs keep time, as a bucket of intervals or a profile says it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from vsock_loadgen.distributions.quantity import LONGEST_INTERVAL_NS
from vsock_loadgen.grammar.block import key, keys_of
from vsock_loadgen.grammar.leaves import Duration, Percentage, YesOrNo

OFFSET = Duration(0, LONGEST_INTERVAL_NS)
JITTER = Percentage(below=True)


@dataclass(frozen=True, slots=True)
class Timing:
    """How VMs keep time. Synchronised ones report in step with the wall clock, `offset_ns` after every multiple of the interval.

    None says nothing: then what is around it applies; by default not synchronised, without offset, and with the config's jitter, or
    none if synchronised.
    """

    synchronized: bool | None = key(
        None,
        YesOrNo(),
        "Whether its VMs report in step, at every multiple of their interval of the wall clock.",
        "true",
        otherwise="`false`",
    )
    offset_ns: int | None = key(
        None,
        OFFSET,
        "Of synchronized VMs: how long after every multiple of their interval they report, a duration.",
        "30s",
        otherwise="`0s`",
    )
    jitter: Fraction | None = key(
        None,
        JITTER,
        "In percent of the interval: how much earlier or later a report may come, if that is not as for all VMs; of "
        "synchronized VMs, how much later, by default 0.",
        "0",
        otherwise="`jitter`, or 0 if synchronized",
    )

    def within(self, around: Timing) -> Timing:
        """What is not said here is as in `around`; what equals the default is left out."""
        synchronized = around.synchronized if self.synchronized is None else self.synchronized
        offset_ns = around.offset_ns if self.offset_ns is None else self.offset_ns
        jitter = around.jitter if self.jitter is None else self.jitter
        return Timing(synchronized or None, (offset_ns or None) if synchronized else None, jitter)

    def show(self) -> dict[str, object]:
        """What it says, as JSON holds it."""
        shown: dict[str, object] = {}
        if self.synchronized:
            shown |= {"synchronized": True, "offset": OFFSET.show(self.offset_ns or 0)}
        if self.jitter is not None:
            shown["jitter"] = JITTER.show(self.jitter)
        return shown


UNSAID = Timing()


TIMING = keys_of(Timing)
"""The keys by which a share of the fleet says how its VMs keep time."""
