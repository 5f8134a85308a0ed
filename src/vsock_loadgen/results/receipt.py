"""What the receiving side saw: the other half of the accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.record import As, Derived, Record

RECEIPT_SCHEMA = "vsock-loadgen/receipt/v1"
Rejection = Literal["no_handler", "too_large", "read_deadline", "closed_early"]
"""Why a receiver ends a connection: no handler became free, the report is larger than allowed or took too long to read, or it was
told to (`--close-after`)."""
_InOrder = As(dict[str, int], lambda counts: {str(key): count for key, count in sorted(counts.items())}, lambda counts: counts)


@dataclass(frozen=True, slots=True)
class VmReceipt(Record):
    """The reports that carried one CID. Times are seconds since the epoch; `packages` is the count of the last report."""

    cid: str
    reports: int
    packages: int
    first_arrival: float
    last_arrival: float

    @property
    def mean_gap(self) -> float | None:
        """Mean seconds between this VM's reports, None for fewer than two."""
        return (self.last_arrival - self.first_arrival) / (self.reports - 1) if self.reports > 1 else None


@dataclass(frozen=True, slots=True)
class Receipt(Record):
    """Everything a receiver counted from its start to its stop.

    `connections` = `reports` + `malformed` + `empty` + `rejected` + `unfinished`. `bytes` are those of the reports alone.
    `packages` counts reports by their number of packages. `empty` are connections that carried no byte, such as a preflight check.
    `rejected` are those that the receiver ended before their EOF, `rejections` says why, and `unfinished` those that were still
    open or that the peer reset; if the peer just closed within a report, it is `malformed`. Of the reports, `mismatching_cid` and
    `rate_limited` were discarded: they carried the wrong CID, or came too soon after the VM's last one.
    """

    schema: ClassVar[Any] = Derived(lambda _: RECEIPT_SCHEMA)
    connections: int = 0
    reports: int = 0
    bytes: int = 0
    malformed: int = 0
    empty: int = 0
    written_rejected: ClassVar[Any] = Derived(lambda receipt: receipt.rejected, "rejected")
    rejections: Annotated[Mapping[Rejection, int], _InOrder, Field(alias="rejected_by_reason")] = field(default_factory=dict)
    unfinished: int = 0
    mismatching_cid: int = 0
    rate_limited: int = 0
    formats: Annotated[Mapping[str, int], _InOrder] = field(default_factory=dict)
    packages: Annotated[Mapping[int, int], _InOrder] = field(default_factory=dict)
    vm_count: ClassVar[Any] = Derived(lambda receipt: len(receipt.vms), "vms")
    by_packages: ClassVar[Any] = Derived(lambda receipt: receipt.vms_by_packages(), "vms_by_packages")
    by_gap: ClassVar[Any] = Derived(lambda receipt: receipt.vms_by_gap(), "vms_by_gap_seconds")
    vms: Annotated[tuple[VmReceipt, ...], Field(alias="per_vm")] = ()

    @property
    def rejected(self) -> int:
        """Connections that the receiver ended, for any reason."""
        return sum(self.rejections.values())

    def summary(self) -> dict[str, object]:
        """The document without the row for each VM."""
        return {key: value for key, value in self.to_json().items() if key != "per_vm"}

    def disagreement(self, counts: Counts) -> str:
        """Why a run cannot have these counts, as far as that shows here; empty if it can."""
        missing = counts.delivered - self.reports
        return f"the receiver counted {self.reports:,} reports, {missing:,} fewer than were delivered" if missing > 0 else ""

    def vms_by_packages(self) -> dict[int, int]:
        """How many distinct CIDs last reported each number of packages."""
        return dict(sorted(Counter(vm.packages for vm in self.vms).items()))

    def vms_by_gap(self) -> dict[str, int]:
        """How many CIDs sent their reports at each mean gap in seconds, to two figures, so that there are few keys. Those without a
        gap are left out."""
        gaps = [gap for vm in self.vms if (gap := vm.mean_gap) is not None and gap > 0]
        return {f"{gap:g}": count for gap, count in sorted(Counter(float(f"{gap:.2g}") for gap in gaps).items())}
