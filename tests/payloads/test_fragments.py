"""A fragment says everything about one package that a matcher asks for; laid end to end they make one message."""

from __future__ import annotations

import re

from vsock_loadgen.payloads.catalogue import CataloguePackage, builtin, specific
from vsock_loadgen.payloads.fragments import fragments, prelude
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4


def contents_of(*packages: CataloguePackage) -> v4.Contents:
    return v4.Contents.FromString(prelude() + b"".join(fragments(packages)))


def test_the_prelude_has_both_repositories_complete_and_the_distribution() -> None:
    contents = v4.Contents.FromString(prelude())
    assert {repository.id: (repository.key, repository.cpe, repository.uri) for repository in contents.repositories.values()} == {
        "rhel-9-for-x86_64-baseos-rpms": (
            "rhel-cpe-repository",
            "cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*",
            "https://cdn.redhat.com/content/dist/rhel9/9/x86_64/baseos/os",
        ),
        "rhel-9-for-x86_64-appstream-rpms": (
            "rhel-cpe-repository",
            "cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*",
            "https://cdn.redhat.com/content/dist/rhel9/9/x86_64/appstream/os",
        ),
    }
    assert all(key == repository.id for key, repository in contents.repositories.items())
    (distribution,) = contents.distributions.values()
    assert (distribution.did, distribution.version_id) == ("rhel", "9")


def test_a_fragment_carries_the_package_as_an_rpm_scanner_writes_it() -> None:
    package = contents_of(specific("openssl-libs", builtin())).packages["1"]
    assert (package.id, package.name, package.version) == ("1", "openssl-libs", "1:3.0.7-27.el9")
    assert (package.kind, package.arch, package.package_db) == ("binary", "x86_64", "sqlite:usr/share/rpm")
    assert list(package.normalized_version.v) == [3, 0, 7, 0, 0, 0, 0, 0, 0, 0]
    assert re.fullmatch(r"hash:sha256:[0-9a-f]{64}\|key:[0-9a-f]{16}", package.repository_hint)
    assert (package.source.name, package.source.version, package.source.kind) == ("openssl", "3.0.7-27.el9", "source")


def test_numbers_that_no_int32_holds_are_cut() -> None:
    package = contents_of(specific("odd-20240131235959.2-1.el9", builtin())).packages["1"]
    assert list(package.normalized_version.v)[:3] == [2**31 - 1, 2, 1]


def test_a_packages_environment_names_the_repository_it_comes_from() -> None:
    contents = contents_of(specific("openssl-libs", builtin()), specific("nodejs", builtin()))
    repositories = {key: [*listed.environments[0].repository_ids] for key, listed in contents.environments.items()}
    assert repositories == {"1": ["rhel-9-for-x86_64-baseos-rpms"], "2": ["rhel-9-for-x86_64-appstream-rpms"]}
    assert contents.packages["2"].module == "nodejs:18"


def test_equal_packages_get_ids_of_their_own() -> None:
    bash = specific("bash", builtin())
    contents = contents_of(bash, bash, bash)
    assert {key: package.id for key, package in contents.packages.items()} == {"1": "1", "2": "2", "3": "3"}


def test_a_package_costs_about_590_bytes() -> None:
    sizes = [len(fragment) for fragment in fragments(builtin())]
    assert 575 <= sum(sizes) / len(sizes) <= 605
