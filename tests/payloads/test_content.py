"""What a config says about the content of reports is in their bytes."""

from __future__ import annotations

import pytest

from vsock_loadgen.payloads.catalogue import CataloguePackage, builtin
from vsock_loadgen.payloads.envelope import Discovered
from vsock_loadgen.payloads.proto import virtual_machine_v1_pb2 as v1
from vsock_loadgen.payloads.reports import PackageSets, ReportFactory

OWN = CataloguePackage("acme", "1.0-1", "acme", "1.0-1", "x86_64", "appstream", "")


def report(factory: ReportFactory, index: int = 0, packages: int = 3) -> v1.VMReport:
    """One report as its reader sees it."""
    return v1.VMReport.FromString(b"".join(factory.buffers(index, 3, packages)))


def names(found: v1.VMReport) -> set[str]:
    return {package.name for package in found.index_report.index_v4.contents.packages.values()}


def test_the_packages_are_those_of_a_given_catalogue() -> None:
    factory = ReportFactory.build(largest=3, report_format="vmReport", package_sets="shared", seed=0, catalogue=[OWN])
    assert names(report(factory)) == {"acme"}


def test_a_specific_package_is_looked_up_in_the_given_catalogue() -> None:
    factory = ReportFactory.build(
        largest=3, report_format="vmReport", package_sets="shared", seed=0, catalogue=[OWN, *builtin()], specific_package="acme"
    )
    packages = report(factory).index_report.index_v4.contents.packages
    assert {package.version for package in packages.values()} == {"1.0-1"}


def test_discovered_data_is_carried_as_configured() -> None:
    discovered = Discovered("UNKNOWN", None, "INACTIVE", "UNAVAILABLE")
    factory = ReportFactory.build(largest=3, report_format="vmReport", package_sets="shared", seed=0, discovered=discovered)
    data = report(factory).discovered_data
    assert (data.detected_os, data.os_version) == (v1.UNKNOWN, "")
    assert (data.activation_status, data.dnf_metadata_status) == (v1.INACTIVE, v1.UNAVAILABLE)


def test_a_name_that_the_protocol_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError):
        Discovered(detected_os="Plan 9").message()


def test_machines_may_differ_in_whether_their_packages_are_their_own() -> None:
    sets: list[PackageSets] = ["shared", "perVM"] * 20
    build = ReportFactory.build
    mixed = build(largest=60, report_format="vmReport", package_sets=sets, seed=0)
    shared, own = (mixed.buffers(index, 3, 50) for index in (0, 1))
    assert mixed.buffers(2, 3, 50)[1] is shared[1]
    assert len({bytes(mixed.buffers(index, 3, 50)[-1]) for index in range(1, 40, 2)}) > 10
    alone = build(largest=60, report_format="vmReport", package_sets="perVM", seed=0)
    assert b"".join(own) == b"".join(alone.buffers(1, 3, 50))


def test_machines_that_all_have_the_same_are_as_if_one_word_said_so() -> None:
    sets: list[PackageSets] = ["shared"] * 5
    each = ReportFactory.build(largest=60, report_format="vmReport", package_sets=sets, seed=0)
    word = ReportFactory.build(largest=60, report_format="vmReport", package_sets="shared", seed=0)
    assert (each.package_sets, each.memory_bytes) == ("shared", word.memory_bytes)
