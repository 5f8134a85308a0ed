"""The parts of a report's `Contents` that can be laid end to end: a fragment per package, and what all reports share.

Concatenating serialized messages of one type merges them, so a fragment is a `Contents` of one package and its environment.
The values are such as the RPM scanner of an agent writes, field by field.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from vsock_loadgen.payloads.catalogue import CataloguePackage
from vsock_loadgen.payloads.proto import scanner_v4_pb2 as v4

_PACKAGE_DB = "sqlite:usr/share/rpm"
_SIGNING_KEY = "199e2f91fd431d51"
_UNSET_CPE = "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*"
"""How an agent writes that a package has no CPE."""
_LAYER = "sha256:" + hashlib.sha256(b"root filesystem").hexdigest()
"""A machine has one layer, its root file system."""
_DISTRIBUTION_ID = "1"
_NORMALIZED_ENTRIES = 10
_INT32_MAX = 2**31 - 1

REPOSITORY_IDS = {
    "baseos": "rhel-9-for-x86_64-baseos-rpms",
    "appstream": "rhel-9-for-x86_64-appstream-rpms",
}
_REPOSITORY_CPES = {
    "baseos": "cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*",
    "appstream": "cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*",
}


def prelude() -> bytes:
    """The serialized `Contents` that every report begins with: its repositories and the distribution."""
    contents = v4.Contents()
    for name, repository_id in REPOSITORY_IDS.items():
        repository = contents.repositories[repository_id]
        repository.id = repository_id
        repository.name = repository_id
        repository.key = "rhel-cpe-repository"
        repository.uri = f"https://cdn.redhat.com/content/dist/rhel9/9/x86_64/{name}/os"
        repository.cpe = _REPOSITORY_CPES[name]
    distribution = contents.distributions[_DISTRIBUTION_ID]
    distribution.id = _DISTRIBUTION_ID
    distribution.did = "rhel"
    distribution.name = "Red Hat Enterprise Linux Server"
    distribution.version = "9"
    distribution.version_id = "9"
    distribution.cpe = "cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*"
    distribution.pretty_name = "Red Hat Enterprise Linux Server 9"
    return contents.SerializeToString(deterministic=True)


def fragments(packages: Iterable[CataloguePackage]) -> Iterator[bytes]:
    """The serialized `Contents` of each package with its environment; ids are counted from 1 in decimal."""
    found: dict[CataloguePackage, v4.Package] = {}
    environments = {repository: _environment(repository) for repository in REPOSITORY_IDS}
    for number, package in enumerate(packages, start=1):
        package_id = str(number)
        message = found.get(package)
        if message is None:
            message = found[package] = _binary(package)
        message.id = package_id
        contents = v4.Contents()  # a new one each time: a message that is cleared keeps its memory, and adds to it
        contents.packages[package_id].CopyFrom(message)
        contents.environments[package_id].CopyFrom(environments[package.repository])
        yield contents.SerializeToString(deterministic=True)


def _binary(package: CataloguePackage) -> v4.Package:
    """The package as the scanner reports it, without its id."""
    hint = _repository_hint(package)
    source = v4.Package(
        name=package.source_name,
        version=package.source_version,
        normalized_version=_normalized(package.source_version),
        kind="source",
        package_db=_PACKAGE_DB,
        repository_hint=hint,
        module=package.module,
        cpe=_UNSET_CPE,
    )
    return v4.Package(
        name=package.name,
        version=package.version,
        normalized_version=_normalized(package.version),
        kind="binary",
        source=source,
        package_db=_PACKAGE_DB,
        repository_hint=hint,
        module=package.module,
        arch=package.arch,
        cpe=_UNSET_CPE,
    )


def _repository_hint(package: CataloguePackage) -> str:
    """The payload digest and signing key by which an RPM is looked up; the digest is one of the RPM's label."""
    label = f"{package.name}-{package.version}.{package.arch}"
    return f"hash:sha256:{hashlib.sha256(label.encode()).hexdigest()}|key:{_SIGNING_KEY}"


def _normalized(version: str) -> v4.NormalizedVersion:
    """The first three numbers of a version without its epoch, then zeros to ten; a number above int32 is cut to its largest."""
    numbers = [min(int(digits), _INT32_MAX) for digits in re.findall("[0-9]+", version.rpartition(":")[2])[:3]]
    return v4.NormalizedVersion(kind="rpm", v=numbers + [0] * (_NORMALIZED_ENTRIES - len(numbers)))


def _environment(repository: str) -> v4.Environment.List:
    environment = v4.Environment(
        package_db=_PACKAGE_DB,
        introduced_in=_LAYER,
        distribution_id=_DISTRIBUTION_ID,
        repository_ids=[REPOSITORY_IDS[repository]],
    )
    return v4.Environment.List(environments=[environment])
