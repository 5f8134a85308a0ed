"""What the receiving side saw: the other half of the accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

RECEIPT_SCHEMA = "vsock-loadgen/receipt/v1"


@dataclass(frozen=True, slots=True)
class VmReceipt:
    """The reports that carried one CID. Times are seconds since the epoch; `packages` is the count of the last report."""

    cid: str
    reports: int
    packages: int
    first_arrival: float
    last_arrival: float

    @property
    def mean_gap(self) -> float | None:
        """Mean seconds between this VM's reports, None below two."""
        return (self.last_arrival - self.first_arrival) / (self.reports - 1) if self.reports > 1 else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything a receiver counted from its start to its stop.

    `connections` = `reports` + `malformed` + `empty` + `rejected` + `unfinished`. `bytes` are those of the reports alone.
    `packages` counts reports by their number of packages. `empty` are connections that carried no byte, which is how a look
    before a run shows. `rejected` are those that the receiver ended before their end had come, `unfinished` those that were
    still open or that the peer reset; where the peer just closed within a report, it is `malformed`. Of the reports,
    `mismatching_cid` and `rate_limited` were thrown away after all: they carried another CID than they should have, or came too
    soon after the VM's last one.
    """

    connections: int = 0
    reports: int = 0
    bytes: int = 0
    malformed: int = 0
    empty: int = 0
    rejected: int = 0
    unfinished: int = 0
    mismatching_cid: int = 0
    rate_limited: int = 0
    packages: Mapping[int, int] = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    vms: tuple[VmReceipt, ...] = ()

    def vms_by_packages(self) -> dict[int, int]:
        """How many distinct CIDs last reported each number of packages."""
        return dict(sorted(Counter(vm.packages for vm in self.vms).items()))

    def to_json(self, *, with_vms: bool = True) -> dict[str, object]:
        """The plain document of this receipt; `with_vms` adds a row per CID."""
        document: dict[str, object] = {
            "schema": RECEIPT_SCHEMA,
            "connections": self.connections,
            "reports": self.reports,
            "bytes": self.bytes,
            "malformed": self.malformed,
            "empty": self.empty,
            "rejected": self.rejected,
            "unfinished": self.unfinished,
            "mismatching_cid": self.mismatching_cid,
            "rate_limited": self.rate_limited,
            "formats": dict(sorted(self.formats.items())),
            "packages": {str(count): reports for count, reports in sorted(self.packages.items())},
            "vms": len(self.vms),
            "vms_by_packages": {str(count): vms for count, vms in self.vms_by_packages().items()},
        }
        if with_vms:
            document["per_vm"] = [
                {
                    "cid": vm.cid,
                    "reports": vm.reports,
                    "packages": vm.packages,
                    "first_arrival": vm.first_arrival,
                    "last_arrival": vm.last_arrival,
                }
                for vm in self.vms
            ]
        return document
