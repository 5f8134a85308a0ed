"""The asker's running count, by VM."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from vsock_loadgen.results.scraped import NOTHING, Scraped, ScrapedGroup
from vsock_loadgen.scraper.fleet import KnownFleet

FailureName = Literal["dial_error", "timeout", "read_error", "unexpected", "invalid_report", "broken_off"]
"""Why an asking failed, under the names of Sensor's own counters; `broken_off` by the asker itself, as requested."""


@dataclass(slots=True)
class Tally:
    """Counts while an asker runs: every asking once, when its end is known."""

    fleet: KnownFleet
    unchanged: int = 0
    bytes: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    failures: Counter[FailureName] = field(default_factory=Counter)
    _reports: Counter[int] = field(default_factory=Counter)
    _packages: dict[int, int] = field(default_factory=dict)
    _strangers: set[int] = field(default_factory=set)

    def count_report(self, vm: int, packages: int, size: int, *, is_as_planned: bool) -> None:
        """Count a whole report of `size` bytes."""
        self.bytes += size
        self._reports[vm] += 1
        self._packages[vm] = packages
        if not is_as_planned:
            self._strangers.add(vm)

    def scraped(self) -> Scraped:
        """The count so far."""
        reports = self._reports.total()
        return Scraped(
            askings=reports + self.unchanged + self.errors.total() + self.failures.total(),
            reports=reports,
            unchanged=self.unchanged,
            errors=dict(sorted(self.errors.items())),
            failures=dict(sorted(self.failures.items())),
            bytes=self.bytes,
            vms=len(self._reports),
            strangers=len(self._strangers),
            vms_by_packages=dict(sorted(Counter(self._packages.values()).items())),
            groups={name: self._groups(name) for name in self.fleet.groups},
        )

    def _groups(self, dimension: str) -> dict[str, ScrapedGroup]:
        ids = self.fleet.groups[dimension]
        found = dict.fromkeys(self.fleet.orders[dimension], NOTHING)
        for vm, reports in self._reports.items():
            if (group := ids[vm]) is not None:
                found[group] += ScrapedGroup(reports, 1, vm not in self._strangers)
        return found
