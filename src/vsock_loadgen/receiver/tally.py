"""The receiver's running count, by connection and by CID."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from vsock_loadgen.receiver.forwarding import Fate
from vsock_loadgen.results.receipt import Receipt, Rejection, VmReceipt
from vsock_loadgen.results.reconciliation import TargetCounters


class Decoded(Protocol):
    """What the receiver wants to know of a report."""

    @property
    def cid(self) -> str:
        """The CID that the report carries, a decimal text."""
        ...

    @property
    def packages(self) -> int:
        """Its number of packages."""
        ...

    @property
    def format(self) -> str:
        """The name of its format."""
        ...


@dataclass(slots=True)
class _Vm:
    reports: int
    packages: int
    first_arrival: float
    last_arrival: float


@dataclass(slots=True)
class Tally:
    """Counts while a receiver runs. A connection is counted when it is accepted and once more when its fate is known."""

    connections: int = 0
    malformed: int = 0
    empty: int = 0
    reports: int = 0
    mismatching_cid: int = 0
    rate_limited: int = 0
    bytes: int = 0
    rejections: Counter[Rejection] = field(default_factory=Counter)
    _packages: Counter[int] = field(default_factory=Counter)
    _formats: Counter[str] = field(default_factory=Counter)
    _vms: dict[str, _Vm] = field(default_factory=dict)

    def count_report(self, report: Decoded, size_bytes: int, arrival: float, fate: Fate = "forwarded") -> None:
        """Count a whole report that arrived at a moment, in seconds since the epoch, and what became of it."""
        self.reports += 1
        self.mismatching_cid += fate == "mismatching_cid"
        self.rate_limited += fate == "rate_limited"
        self.bytes += size_bytes
        self._packages[report.packages] += 1
        self._formats[report.format] += 1
        vm = self._vms.get(report.cid)
        if vm is None:
            self._vms[report.cid] = _Vm(1, report.packages, arrival, arrival)
            return
        vm.reports += 1
        vm.packages = report.packages
        vm.last_arrival = arrival

    def counters(self) -> TargetCounters:
        """The count so far as the relay of ACS 4.10 keeps it. May be called from another thread."""
        received = self.reports - self.mismatching_cid
        return TargetCounters(
            accepted=self.connections,
            received=received,
            mismatching_cid=self.mismatching_cid,
            rate_limited=self.rate_limited,
            no_handler=self.rejections["no_handler"],
            forwarded=received - self.rate_limited,
        )

    def receipt(self) -> Receipt:
        """The count so far. Connections whose fate is not known, or that the peer broke off, are the unfinished ones."""
        return Receipt(
            connections=self.connections,
            reports=self.reports,
            bytes=self.bytes,
            malformed=self.malformed,
            empty=self.empty,
            rejections=dict(self.rejections),
            mismatching_cid=self.mismatching_cid,
            rate_limited=self.rate_limited,
            unfinished=self.connections - self.reports - self.malformed - self.empty - self.rejections.total(),
            packages=dict(sorted(self._packages.items())),
            formats=dict(sorted(self._formats.items())),
            vms=tuple(
                VmReceipt(cid, vm.reports, vm.packages, vm.first_arrival, vm.last_arrival)
                for cid, vm in sorted(self._vms.items(), key=_numeric)
            ),
        )


def _numeric(row: tuple[str, _Vm]) -> tuple[int, str]:
    """Sorts decimal texts by their number, without trusting that they are numbers."""
    return len(row[0]), row[0]
