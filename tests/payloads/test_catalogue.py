"""The built-in catalogue is a plausible RHEL 9, and a user's package is found by any of its usual names."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from vsock_loadgen.payloads.catalogue import builtin, specific

_RPM_VERSION = re.compile(r"(?:[1-9][0-9]*:)?[0-9A-Za-z.+~^_]+-[0-9A-Za-z.+~^_]+")


def test_there_are_at_least_600_packages_with_unique_names() -> None:
    names = [package.name for package in builtin()]
    assert len(names) >= 600
    assert len(set(names)) == len(names)


def test_both_repositories_are_well_represented() -> None:
    counts = Counter(package.repository for package in builtin())
    assert set(counts) == {"baseos", "appstream"}
    assert min(counts.values()) >= 0.4 * len(builtin())


def test_every_row_is_complete_and_its_versions_are_in_rpm_form() -> None:
    for package in builtin():
        assert _RPM_VERSION.fullmatch(package.version), package
        assert _RPM_VERSION.fullmatch(package.source_version), package
        assert "el9" in package.version, package
        assert ":" not in package.source_version, package
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", package.name), package
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", package.source_name), package
        assert package.arch == "x86_64", package


def test_modular_packages_and_only_those_name_their_stream() -> None:
    modular = {package.name for package in builtin() if package.module}
    assert modular == {package.name for package in builtin() if ".module+" in package.version}
    assert {package.module for package in builtin() if package.name == "nodejs"} == {"nodejs:18"}


@pytest.mark.parametrize(
    ("name", "version", "source"),
    [
        ("openssl-libs", "1:3.0.7-27.el9", "openssl"),
        ("bind-utils", "32:9.16.23-18.el9_4.1", "bind"),
        ("device-mapper", "9:1.02.197-2.el9", "lvm2"),
        ("bash", "5.1.8-9.el9", "bash"),
    ],
)
def test_known_packages_have_the_epoch_and_source_that_rpm_records(name: str, version: str, source: str) -> None:
    (package,) = (package for package in builtin() if package.name == name)
    assert (package.version, package.source_name) == (version, source)


@pytest.mark.parametrize(
    ("text", "name", "version", "arch"),
    [
        ("openssl", "openssl", "1:3.0.7-27.el9", "x86_64"),
        (" openssl ", "openssl", "1:3.0.7-27.el9", "x86_64"),
        ("openssl.x86_64", "openssl", "1:3.0.7-27.el9", "x86_64"),
        ("openssl-3.0.1-43.el9_0", "openssl", "1:3.0.1-43.el9_0", "x86_64"),
        ("openssl-2:1.1.1k-7.el8.aarch64", "openssl", "2:1.1.1k-7.el8", "aarch64"),
        ("openssl-0:1.1.1k-7.el8", "openssl", "1.1.1k-7.el8", "x86_64"),
        ("java-11-openjdk", "java-11-openjdk", "1:11.0.23.0.9-3.el9", "x86_64"),
        ("log4j", "log4j", "1.0-1.el9", "x86_64"),
        ("log4j-2:2.14.1-1.el9.noarch", "log4j", "2:2.14.1-1.el9", "noarch"),
        ("some-other-tool", "some-other-tool", "1.0-1.el9", "x86_64"),
        (".x86_64", ".x86_64", "1.0-1.el9", "x86_64"),
    ],
)
def test_a_specific_package_is_found_by_name_or_label(text: str, name: str, version: str, arch: str) -> None:
    package = specific(text, builtin())
    assert (package.name, package.version, package.arch) == (name, version, arch)
    if text.strip() != name:
        assert package.source_version == version.rpartition(":")[2]


def test_a_package_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="expected NAME"):
        specific("  ", builtin())
