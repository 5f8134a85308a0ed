"""The packages that simulated machines have installed: real RHEL 9 names, with versions as RPM writes them."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import Literal, cast

_ARCHITECTURES = frozenset(("x86_64", "noarch", "i686", "aarch64", "ppc64le", "s390x"))
_VERSION_OF_UNKNOWN = "1.0-1.el9"
_NAME_VERSION_RELEASE = re.compile(r"(?P<name>.+)-(?P<version>(?:[0-9]+:)?[0-9][^-:]*)-(?P<release>[0-9][^-:]*)")


@dataclass(frozen=True, slots=True)
class CataloguePackage:
    """One installed package. Versions are `epoch:version-release`, or `version-release` if the epoch is 0.

    `source_name` and `source_version` are those of the source RPM, whose version has no epoch, as in an RPM's own record of
    it. `module` is a modular package's `name:stream`, empty for all others.
    """

    name: str
    version: str
    source_name: str
    source_version: str
    arch: str
    repository: Literal["baseos", "appstream"]
    module: str


@functools.cache
def builtin() -> tuple[CataloguePackage, ...]:
    """The catalogue shipped with this program: names are unique.

    All are x86_64 packages of BaseOS and AppStream, about half of each.
    """
    text = resources.files(__package__).joinpath("catalogue.csv").read_text(encoding="utf-8")
    return tuple(package_of(row) for row in csv.DictReader(text.splitlines()))


def package_of(row: Mapping[str, str]) -> CataloguePackage:
    """A package from a row whose columns are RPM's own tags, and the repository it comes from."""
    source_name, version, release = row["source_rpm"].removesuffix(".src.rpm").rsplit("-", 2)
    return CataloguePackage(
        name=row["name"],
        version=_rpm_version(row["epoch"], row["version"], row["release"]),
        source_name=source_name,
        source_version=f"{version}-{release}",
        arch=row["arch"],
        repository=cast(Literal["baseos", "appstream"], row["repository"]),
        module=row["module"],
    )


def _rpm_version(epoch: str, version: str, release: str) -> str:
    prefix = "" if epoch in ("", "0") else f"{epoch}:"
    return f"{prefix}{version}-{release}"


def specific(text: str, catalogue: Iterable[CataloguePackage]) -> CataloguePackage:
    """The package that a user names: by name, by `name-version-release`, or with epoch and architecture besides.

    A name in the catalogue gives its package; a version stated replaces the catalogue's, whose epoch stays if the text has none, as
    `rpm -q` prints none. An unknown name gives a package of that name from AppStream, built from a source of that name. Raises
    ValueError if the text is empty.
    """
    text = text.strip()
    if not text:
        raise ValueError("an empty text, expected NAME or NAME-[EPOCH:]VERSION-RELEASE[.ARCH]")
    known = {package.name: package for package in catalogue}
    label, arch = _without_arch(text)
    match = None if label in known else _NAME_VERSION_RELEASE.fullmatch(label)
    name = match["name"] if match else label
    package = known.get(name) or _unknown(name)
    package = replace(package, arch=arch or package.arch)
    if match is None:
        return package
    epoch, separator, version = match["version"].rpartition(":")
    if not separator:
        epoch = package.version.rpartition(":")[0]
    return replace(
        package,
        version=_rpm_version(epoch, version, match["release"]),
        source_version=f"{version}-{match['release']}",
    )


def _without_arch(label: str) -> tuple[str, str]:
    """A label without the architecture at its end, and that architecture, empty if there is none."""
    rest, _, arch = label.rpartition(".")
    return (rest, arch) if rest and arch in _ARCHITECTURES else (label, "")


def _unknown(name: str) -> CataloguePackage:
    return CataloguePackage(
        name=name,
        version=_VERSION_OF_UNKNOWN,
        source_name=name,
        source_version=_VERSION_OF_UNKNOWN,
        arch="x86_64",
        repository="appstream",
        module="",
    )
