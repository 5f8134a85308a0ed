"""Every report is exactly what was configured, and the same on every run."""

from __future__ import annotations

import functools
import hashlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vsock_loadgen.payloads.decode import DecodedReport, decode
from vsock_loadgen.payloads.envelope import ReportFormat
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory

FORMATS: tuple[ReportFormat, ...] = ("indexReport", "vmReport")
SETS: tuple[PackageSets, ...] = ("shared", "perVM")
LARGEST_RINGS = (1, 2, 90, 2_500, 20_000)


@functools.cache
def factory(
    largest: int = 60, report_format: ReportFormat = "indexReport", package_sets: PackageSets = "shared", seed: int = 0
) -> ReportFactory:
    return ReportFactory.build(largest=largest, report_format=report_format, package_sets=package_sets, seed=seed)


def joined(reports: ReportFactory, index: int, cid: int, packages: int) -> bytes:
    return b"".join(reports.buffers(index, cid, packages))


def index_report(data: bytes, report_format: ReportFormat) -> v1.IndexReport:
    return v1.VMReport.FromString(data).index_report if report_format == "vmReport" else v1.IndexReport.FromString(data)


def assert_complete(contents: v4.Contents, packages: int) -> None:
    """Exactly so many packages, each with an id of its own and an environment whose repository is there and complete."""
    assert len(contents.packages) == packages
    assert contents.packages.keys() == contents.environments.keys()
    for key, package in contents.packages.items():
        assert package.id == key
        assert package.name
        assert (package.kind, package.arch, package.source.kind) == ("binary", "x86_64", "source")
        (environment,) = contents.environments[key].environments
        assert environment.distribution_id in contents.distributions
        (repository_id,) = environment.repository_ids
        repository = contents.repositories[repository_id]
        assert repository.id == repository_id
        assert repository.key == "rhel-cpe-repository"
        assert repository.uri.startswith("https://cdn.redhat.com/content/dist/rhel9/")
        assert repository.cpe.startswith("cpe:2.3:")


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    """A largest count and one up to it, mostly small."""
    largest = draw(st.sampled_from(LARGEST_RINGS))
    return largest, draw(st.integers(1, largest))


@given(
    size=sizes(),
    report_format=st.sampled_from(FORMATS),
    package_sets=st.sampled_from(SETS),
    seed=st.integers(0, 2),
    index=st.integers(0, 99_999),
    cid=st.integers(0, 2**32 - 1),
)
@example(size=(20_000, 20_000), report_format="vmReport", package_sets="perVM", seed=0, index=99_999, cid=2**32 - 1)
@example(size=(1, 1), report_format="indexReport", package_sets="shared", seed=0, index=0, cid=3)
@settings(max_examples=60, deadline=None)
def test_a_report_decodes_to_exactly_what_was_asked(
    size: tuple[int, int], report_format: ReportFormat, package_sets: PackageSets, seed: int, index: int, cid: int
) -> None:
    largest, packages = size
    reports = factory(largest, report_format, package_sets, seed if largest < 1_000 else 0)
    data = joined(reports, index, cid, packages)
    assert reports.size(index, cid, packages) == len(data)
    report = index_report(data, report_format)
    assert decode(data) == DecodedReport(str(cid), packages, report_format, report.vm_id)
    assert report.vsock_cid == str(cid)
    assert (report.index_v4.state, report.index_v4.success) == ("IndexFinished", True)
    assert_complete(report.index_v4.contents, packages)


@pytest.mark.parametrize(
    ("report_format", "digest"),
    [
        ("indexReport", "190d42723e5b3ed75112e2f602aa7320"),
        ("vmReport", "a2a3409218f195c0330e1a8a1fcf571b"),
    ],
)
def test_a_small_report_is_the_same_on_every_run_and_machine(report_format: ReportFormat, digest: str) -> None:
    data = joined(factory(3, report_format), 7, 10_003, 3)
    assert hashlib.sha256(data).hexdigest()[:32] == digest


@pytest.mark.parametrize("package_sets", SETS)
def test_the_seed_decides_the_content(package_sets: PackageSets) -> None:
    again = ReportFactory.build(largest=60, report_format="indexReport", package_sets=package_sets, seed=5)
    assert joined(again, 7, 3, 60) == joined(factory(60, "indexReport", package_sets, 5), 7, 3, 60)
    assert joined(again, 7, 3, 60) != joined(factory(60, "indexReport", package_sets, 6), 7, 3, 60)


def test_shared_sets_are_one_memory_view_for_all_machines_of_a_count() -> None:
    first, second = factory().buffers(1, 4, 50), factory().buffers(2, 5, 50)
    assert first[1] is second[1]
    assert isinstance(first[1], memoryview)
    assert first[0] != second[0]


def test_sets_of_their_own_differ_between_machines_and_follow_the_index_not_the_cid() -> None:
    reports = factory(60, "indexReport", "perVM")
    windows = [bytes(reports.buffers(index, 3, 50)[-1]) for index in range(200)]
    assert len(set(windows)) > 150
    assert windows[0] != windows[1]
    assert bytes(reports.buffers(1, 10_003, 50)[-1]) == windows[1]


def test_no_report_copies_packages() -> None:
    reports = factory(60, "indexReport", "perVM")
    header, *views = reports.buffers(1, 4, 50)
    assert isinstance(header, bytes)
    assert len(header) < 180
    assert all(isinstance(view, memoryview) and view.obj is reports.ring.view.obj for view in views)


def test_a_specific_package_is_every_package() -> None:
    reports = ReportFactory.build(
        largest=40, report_format="vmReport", package_sets="shared", seed=0, specific_package="openssl-3.0.1-43.el9_0"
    )
    contents = v1.VMReport.FromString(joined(reports, 0, 3, 40)).index_report.index_v4.contents
    assert_complete(contents, 40)
    assert {(package.name, package.version) for package in contents.packages.values()} == {("openssl", "1:3.0.1-43.el9_0")}


@pytest.mark.parametrize("package_sets", SETS)
@pytest.mark.parametrize("packages", [-1, 0, 61])
def test_a_count_that_was_not_planned_is_refused(package_sets: PackageSets, packages: int) -> None:
    with pytest.raises(ValueError, match=f"{packages} packages, expected 1 to 60"):
        factory(60, "indexReport", package_sets).buffers(0, 3, packages)


def test_more_distinct_counts_than_kept_headers_change_nothing() -> None:
    reports = ReportFactory.build(largest=4_200, report_format="indexReport", package_sets="shared", seed=0)
    first = joined(reports, 0, 3, 1)
    sizes_in_order = [reports.size(0, 3, count) for count in range(1, 4_201)]
    assert sizes_in_order == sorted(set(sizes_in_order))
    assert decode(joined(reports, 0, 3, 4_200)).packages == 4_200
    assert joined(reports, 0, 3, 1) == first


def test_memory_depends_on_the_largest_count_only() -> None:
    reports = factory(20_000)
    before = reports.memory_bytes
    for index in range(1_000):
        reports.buffers(index, index, 1 + index)
    assert reports.memory_bytes == before
    assert 570 * 20_000 < before < 620 * 20_000
