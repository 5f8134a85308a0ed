"""What the designs of payloads hold and cost, for `implementation-plan.md`.

`python -m docs.scripts.plan_payloads` in the project's root prints the times, which differ from machine to machine.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from docs.scripts.generated import table
from google.protobuf import text_format

from vsock_loadgen.config.load import load
from vsock_loadgen.config.model import Bucket, Distribution, Normal, Percentile, Quantiles
from vsock_loadgen.payloads.catalogue import builtin
from vsock_loadgen.payloads.fragments import fragments
from vsock_loadgen.payloads.proto.scanner_v4_pb2 import Contents
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory
from vsock_loadgen.plan.distributions import PACKAGES, take
from vsock_loadgen.plan.slices import FIRST_CID
from vsock_loadgen.units import format_bytes, format_seconds

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = PROJECT / "examples" / "fleet-200.yaml"
MOST_ENCODED = 1_500_000
"""Packages that are encoded at most, at some 10 us each."""
NORMAL = Normal(Fraction(700), Fraction(200), Fraction(100), Fraction(2_000))
QUANTILES = Quantiles(tuple((Fraction(p), Fraction(v)) for p, v in ((0, 100), (50, 500), (95, 1_500), (99, 2_500), (100, 3_000))))


def report_factory(largest: int, package_sets: PackageSets = "shared") -> ReportFactory:
    """Reports of up to so many packages as the example has them."""
    return ReportFactory.build(
        largest=largest,
        report_format="vmReport",
        package_sets=package_sets,
        seed=0,
    )


def ring_vectors() -> str:
    """The arithmetic of the ring: prefix sums, windows and headers of some counts."""
    factory = report_factory(2_000)
    ends = factory.ring.ends
    rows = []
    for packages in (1, 500, 1_000, 1_500, 2_000):
        body, size = ends[packages], factory.size(0, FIRST_CID, packages)
        digest = hashlib.sha256(b"".join(factory.buffers(0, FIRST_CID, packages))).hexdigest()
        rows.append((str(packages), f"{body:,}", f"{size - body}", f"{size:,}", f"`{digest[:16]}`"))
    headings = ("packages n", f"ends[n] (ends[0] = {ends[0]:,})", "header", "report, bytes", "SHA-256 of the report begins")
    return table(headings, rows)


def contents_text(data: memoryview) -> str:
    """Serialized contents as a block of protobuf's text format."""
    message = Contents.FromString(bytes(data))
    return f"```text\n{text_format.MessageToString(message).rstrip()}\n```"


def prelude_text() -> str:
    """What the ring begins with."""
    ring = report_factory(1).ring
    return contents_text(ring.view[: ring.ends[0]])


def fragment_text() -> str:
    """The ring's first fragment."""
    ring = report_factory(1).ring
    return contents_text(ring.view[ring.ends[0] : ring.ends[1]])


@dataclass(frozen=True, slots=True)
class Case:
    """A fleet whose payloads are prepared."""

    name: str
    vms: int
    packages: Distribution

    def counts(self) -> list[int]:
        """Packages of every VM."""
        return list(take(self.packages, self.vms, PACKAGES).values)


CASES = (
    Case("the example, 200 VMs", 200, load(EXAMPLE, environment={}).config.packages),
    Case("5,000 VMs with 700 packages", 5_000, Percentile((Bucket(Fraction(100), 700),))),
    Case("5,000 VMs, normal 700 +- 200", 5_000, NORMAL),
    Case("100,000 VMs, quantiles 100 to 3,000", 100_000, QUANTILES),
)


def payload_table() -> str:
    """Bytes that each design holds: a copy a VM, a payload a distinct count, the ring."""
    rows = []
    for case in CASES:
        counts = case.counts()
        factory = report_factory(max(counts))
        size = {count: factory.size(0, FIRST_CID, count) for count in set(counts)}
        copies, distinct = sum(size[count] for count in counts), sum(size.values())
        rows.append((case.name, str(len(size)), format_bytes(copies), format_bytes(distinct), format_bytes(factory.memory_bytes)))
    return table(("fleet", "distinct counts", "a copy for each VM", "a payload for each count", "the ring"), rows)


def seconds_of(build: Callable[[], object]) -> str:
    """How long it takes, the best of three."""
    taken = []
    for _ in range(3):
        start = time.perf_counter_ns()
        build()
        taken.append(time.perf_counter_ns() - start)
    return format_seconds(min(taken))


def encode_each(counts: Sequence[int]) -> None:
    """A generator for each count: every payload encoded from its packages."""
    for count in counts:
        b"".join(fragments(islice(cycle(builtin()), count)))


def copy_each(counts: Sequence[int], factory: ReportFactory) -> list[bytes]:
    """The same, where the packages are encoded already: a copy for each count."""
    return [b"".join(factory.buffers(0, FIRST_CID, count)) for count in counts]


def time_rows() -> Iterator[tuple[str, ...]]:
    """For each fleet: every distinct count encoded by itself, encoded once and copied for each count, and the ring."""
    for case in CASES:
        counts = sorted(set(case.counts()))
        factory = report_factory(counts[-1])
        packages = sum(counts)
        apart = seconds_of(partial(encode_each, counts)) if packages <= MOST_ENCODED else "not tried"
        copied = seconds_of(partial(copy_each, counts, factory))
        ring = seconds_of(partial(report_factory, counts[-1]))
        yield case.name, f"{packages:,}", apart, copied, ring


if __name__ == "__main__":
    headings = ("fleet", "packages of all counts", "each count encoded", "copied for each count", "the ring itself")
    sys.stdout.write(table(headings, list(time_rows())) + "\n")
