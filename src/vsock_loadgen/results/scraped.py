"""What the asking side counted: the other half of the accounts of a fleet that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from vsock_loadgen.measures.askings import Asked
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import Derived, Record, Summed

SCRAPED_SCHEMA = "vsock-loadgen/scraped/v1"


@dataclass(frozen=True, slots=True)
class ScrapedGroup(Record, Summed):
    """The reports of a group of VMs, how many of its VMs had any, and of those how many had as many packages as planned in each."""

    reports: int = 0
    vms: int = 0
    as_planned: int = 0


NOTHING = ScrapedGroup()


@dataclass(frozen=True, slots=True)
class Scraped(Record):
    """Everything that an asker counted: `askings` = `reports` + `unchanged` + `errors` of agents + `failures`, by class.

    `bytes` are those of the responses with a report. `vms` had one at least; of those, `strangers` had one that was not as planned:
    of another VM, or of another number of packages. `vms_by_packages` counts VMs by those of their last report.
    """

    schema: ClassVar[Any] = Derived(lambda _: SCRAPED_SCHEMA)
    askings: int = 0
    reports: int = 0
    unchanged: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0
    vms: int = 0
    strangers: int = 0
    vms_by_packages: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, ScrapedGroup]] = field(default_factory=dict)

    def summary(self) -> dict[str, object]:
        """The document."""
        return self.to_json()

    def disagreement(self, counts: Counts) -> str:
        """Why a run cannot have these counts, as far as that shows here; empty if it can. Reports without a receipt may have been
        taken anyway; a receipt comes before the last piece, and an asker may run out of time between the two."""
        whole, late = counts.asked.get(Asked.WHOLE, 0), self.failures.get("timeout", 0)
        perhaps = sum(counts.asked.get(way, 0) for way in (Asked.NO_RECEIPT, Asked.STOPPED_READING, Asked.BROKEN_OFF, Asked.CUT))
        if whole - late <= self.reports <= whole + perhaps:
            return ""
        expected = f"expected the {whole:,} that were taken, at most {late:,} less for its timeouts, and at most {perhaps:,} more"
        return f"the asker counted {self.reports:,} reports, {expected}"
