"""What whoever asks knows of a fleet that is asked: beside the accounts, since it is about VMs and not about reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from vsock_loadgen.measures.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Of a worker, or of a run. Times are nanoseconds.

    `ages` has the age of each delivered report when it was taken, initial ones apart (of a snapshot: those since the one before).
    `known_vms` have delivered something in this run; once all `vms` had, that was `known_after_ns` from the start. Of the reports
    that were `open` at the end, since nobody had taken them or a newer one, the youngest was `youngest_open_ns` old.
    """

    vms: int
    known_vms: int = 0
    known_after_ns: int | None = None
    ages: Histogram = field(default_factory=Histogram)
    open: int = 0
    youngest_open_ns: int | None = None

    def after(self, before: Knowledge | None) -> Knowledge:
        """This, with the ages of all that came before it."""
        if before is None:
            return self
        ages = Histogram.merged((before.ages, self.ages))
        return Knowledge(self.vms, self.known_vms, self.known_after_ns, ages, self.open, self.youngest_open_ns)
