"""Reports as a few views of memory that all machines share.

A machine's report is its own header, then a constant prelude (repositories, distribution) and a window of the ring of
packages. Only the header is made per report: it carries the CID and the enclosing lengths. Nothing else is copied, so that
memory and start-up depend neither on the number of machines nor on the number of distinct package counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from vsock_loadgen.payloads.catalogue import CataloguePackage, builtin, specific
from vsock_loadgen.payloads.envelope import RHEL_9, Discovered, Envelope, ReportFormat, Template
from vsock_loadgen.payloads.ring import Ring, shuffled

Buffer = bytes | memoryview
Span = tuple[int, int]
"""From one offset in a file up to another."""
PackageSets = Literal["shared", "perVM"]

_MOST_TEMPLATES = 4096
"""Headers kept at a time; a fleet of more distinct package counts makes them again, for a few microseconds each."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportFactory:
    """Makes reports of up to `largest` packages; a report is a pure function of the arguments of `build` and `buffers`."""

    ring: Ring
    envelope: Envelope
    largest: int
    package_sets: PackageSets | bytes
    """One for all machines; or, of each by its global index, whether its packages are its own."""
    seed: int
    _prepared: dict[tuple[int, int], tuple[Template, memoryview]] = field(default_factory=dict, repr=False)

    @classmethod
    def build(
        cls,
        *,
        largest: int,
        report_format: ReportFormat,
        package_sets: PackageSets | Sequence[PackageSets],
        seed: int,
        specific_package: str | None = None,
        catalogue: Sequence[CataloguePackage] = (),
        discovered: Discovered = RHEL_9,
    ) -> ReportFactory:
        """Lay out the packages for reports of 1 to `largest` of them: some 10 us and 590 bytes each.

        `shared` gives all machines of one count the same packages; `perVM` gives each machine its own window, of a ring with more
        places to start from than the catalogue has packages. If machines differ in that, a sequence says which each has, by its
        global index. `catalogue` are the packages to choose from, by default those of this program; `specific_package` makes every
        package that one; raises ValueError if it names none.
        """
        known = catalogue or builtin()
        packages = shuffled(known, seed) if specific_package is None else [specific(specific_package, known)]
        one_for_all = _one_for_all(package_sets)
        spare = 0 if one_for_all == "shared" else max(largest, len(packages))
        ring = Ring.build(packages, largest + spare)
        return cls(ring, Envelope.build(report_format, seed, discovered), largest, one_for_all, seed)

    @property
    def memory_bytes(self) -> int:
        """Bytes of the ring and of its table of offsets, however many machines report."""
        return len(self.ring.view) + len(self.ring.ends) * self.ring.ends.itemsize

    @property
    def file(self) -> int:
        """The descriptor of the file that holds the contents of all reports; negative if none does."""
        return self.ring.file

    def buffers(self, index: int, cid: int, packages: int) -> list[Buffer]:
        """The report of the machine with this global index, as buffers to send one after the other: a header, and `contents`.

        Raises ValueError if `packages` is not in 1..`largest`.
        """
        sets = self.package_sets
        if sets != "shared" and (sets == "perVM" or sets[index]):
            return self._own(index, cid, packages)
        digits = str(cid).encode()
        key = (packages, len(digits))
        template, body = self._prepared.get(key) or self._prepare(key)
        return [template.filled(digits, index), body]

    def contents(self, index: int, packages: int) -> list[memoryview]:
        """What that report says about packages, without any header. Raises ValueError as `buffers` does."""
        return [self.ring.view[start:end] for start, end in self.spans(index, packages)]

    def spans(self, index: int, packages: int) -> list[Span]:
        """Where `contents` are in `file`. Raises ValueError as `buffers` does."""
        self._check(packages)
        ends, sets = self.ring.ends, self.package_sets
        if sets != "shared" and (sets == "perVM" or sets[index]):
            digest = hashlib.blake2b(f"{self.seed}/window/{index}".encode(), digest_size=8).digest()
            first = int.from_bytes(digest, "big") % (len(ends) - packages)
            return [(0, ends[0]), (ends[first], ends[first + packages])]
        return [(0, ends[packages])]

    def size(self, index: int, cid: int, packages: int) -> int:
        """Bytes of that report, without sending it. Raises ValueError as `buffers` does."""
        return sum(map(len, self.buffers(index, cid, packages)))

    def _prepare(self, key: tuple[int, int]) -> tuple[Template, memoryview]:
        """Header template and body for (packages, digits of the CID), kept for the next report like it."""
        packages, cid_digits = key
        self._check(packages)
        body = self.ring.view[: self.ring.ends[packages]]
        if len(self._prepared) >= _MOST_TEMPLATES:
            self._prepared.clear()
        prepared = self._prepared[key] = (self.envelope.template(cid_digits, len(body)), body)
        return prepared

    def _own(self, index: int, cid: int, packages: int) -> list[Buffer]:
        """The report of a machine with its own packages: a hash of (seed, index) says where their window starts."""
        contents, digits = self.contents(index, packages), str(cid).encode()
        template = self.envelope.template(len(digits), sum(map(len, contents)))
        return [template.filled(digits, index), *contents]

    def _check(self, packages: int) -> None:
        if not 1 <= packages <= self.largest:
            raise ValueError(f"a report of {packages} packages, expected 1 to {self.largest}")


def _one_for_all(package_sets: PackageSets | Sequence[PackageSets]) -> PackageSets | bytes:
    """As one word if all machines have the same, else a flag for each."""
    if package_sets == "shared" or package_sets == "perVM":
        return package_sets
    distinct = set(package_sets)
    return distinct.pop() if len(distinct) == 1 else bytes(each == "perVM" for each in package_sets)
