"""What an asker knows of a fleet: beside the accounts, since it is about VMs, and about ages of reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from vsock_loadgen.measures.histogram import DenseHistogram, Histogram


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Of a worker, or of a run. `known_vms` have delivered something in this run; once all `vms` had, that was `known_after_ns`
    from the start."""

    vms: int
    known_vms: int = 0
    known_after_ns: int | None = None


@dataclass(slots=True)
class Ages:
    """Of some reports, in nanoseconds. `taken` has the age of each delivered one when it was taken, without initial ones (of a
    snapshot: those since the one before). `open` counts those that were not taken by the end, nor a newer one; the youngest of them
    was `youngest_open_ns` old."""

    taken: Histogram = field(default_factory=Histogram)
    open: int = 0
    youngest_open_ns: int | None = None

    def leave_open(self, age_ns: int) -> None:
        """A report of that age was not taken, nor a newer one."""
        self.open += 1
        self.youngest_open_ns = age_ns if self.youngest_open_ns is None else min(age_ns, self.youngest_open_ns)


class DenseAges:
    """The ages of a part of a run, for as long as it lasts."""

    __slots__ = ("_last", "_taken")

    def __init__(self) -> None:
        self._taken = DenseHistogram()
        self._last = Ages()

    def merge(self, other: Ages) -> None:
        """Add what a record holds."""
        self._taken.merge(other.taken)
        if other.youngest_open_ns is not None:
            self._last.leave_open(other.youngest_open_ns)
            self._last.open += other.open - 1

    def ages(self) -> Ages:
        """What they hold now."""
        return Ages(self._taken.copy(), self._last.open, self._last.youngest_open_ns)
