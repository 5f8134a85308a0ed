"""A user's own catalogue of packages: what `rpm -qa` prints in a given format, or CSV.

Of `rpm -qa`, a line is a package, its fields are set apart by tabs: RPM_COMMAND says which. A CSV file begins with a line that
names its columns, in any order: `name`, `version` and `release`, and if they are known `epoch`, `arch`, `source_rpm`, `module`
and `repository` (baseos or appstream).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.inputs import InputError, name_of, read_input, text_of
from vsock_loadgen.payloads.catalogue import CataloguePackage, builtin, package_of

RPM_FORMAT = r"%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{MODULARITYLABEL}\n"
RPM_COMMAND = f"rpm -qa --qf '{RPM_FORMAT}'"
MOST_BYTES = 16 * 1024 * 1024
_RPM_COLUMNS = ("name", "epoch", "version", "release", "arch", "source_rpm", "module")
_COLUMNS = frozenset((*_RPM_COLUMNS, "repository"))
_NEEDED = ("name", "version", "release")
_NONE = ("", "(none)")
_NO_PACKAGE = "gpg-pubkey"
"""An entry that rpm lists among the packages and agents leave out: a key."""
_MOST_PROBLEMS = 10
_LONGEST_FIELD = 256
_PATTERNS = {
    "name": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+~^-]*"),
    "epoch": re.compile(r"[0-9]{1,9}"),
    "version": re.compile(r"[A-Za-z0-9_.+~^]+"),
    "release": re.compile(r"[A-Za-z0-9_.+~^]+"),
    "arch": re.compile(r"[A-Za-z0-9_]+"),
    "source_rpm": re.compile(r"[A-Za-z0-9_.+~^-]+-[^-]+-[^-]+\.(?:no)?src\.rpm"),
    "module": re.compile(r"[A-Za-z0-9_.+~^:-]+"),
    "repository": re.compile("baseos|appstream"),
}
_WANTED = {
    "epoch": "a whole number or (none)",
    "source_rpm": "a name such as bash-5.1.8-9.el9.src.rpm",
    "repository": "baseos or appstream",
}

Row = tuple[int, Mapping[str, str]]
"""A line number from 1, and its fields by column."""


def read_catalogue(path: Path) -> tuple[CataloguePackage, ...]:
    """The packages of a file, in its order. Raises ConfigError that names the file and the line of what is wrong."""
    lines = [line.removesuffix("\r") for line in _text(path).split("\n")]
    filled = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not filled:
        raise _error(path, 0, f"the file is empty, expected the output of {RPM_COMMAND}, or CSV")
    first = filled[0]
    rows = _rpm_rows(path, lines) if "\t" in lines[first - 1] else _csv_rows(path, lines, first)
    packages, problems = list[CataloguePackage](), list[Problem]()
    repositories = {package.name: package.repository for package in builtin()}
    for number, row in rows:
        if row["name"] == _NO_PACKAGE:
            continue
        if problem := _problem(row):
            problems.append(Problem(name_of(path, number), "", problem))
        else:
            packages.append(_package(row, repositories))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        raise ConfigError(problems[:_MOST_PROBLEMS] + ([Problem(name_of(path), "", f"... and {more:,} more")] if more > 0 else []))
    if not packages:
        raise _error(path, 0, "found no package, expected at least one")
    return tuple(packages)


def _text(path: Path) -> str:
    try:
        return text_of(read_input(path, MOST_BYTES, f"larger than {MOST_BYTES:,} bytes, expected a list of packages"))
    except InputError as error:
        raise _error(path, error.line, str(error)) from None


def _error(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError([Problem(name_of(path, line), "packageCatalog", message)])


def _rpm_rows(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    fewest = len(_RPM_COLUMNS) - 1  # an rpm without modules knows no label for them
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if not line.strip():
            continue
        if not fewest <= len(fields) <= len(_RPM_COLUMNS):
            raise _error(path, number, f"found {len(fields)} fields, expected the {len(_RPM_COLUMNS)} of {RPM_COMMAND}")
        yield number, dict.fromkeys(_RPM_COLUMNS, "") | dict(zip(_RPM_COLUMNS, fields, strict=False))


def _csv_rows(path: Path, lines: list[str], header: int) -> Iterator[Row]:
    columns = [column.lower() for column in _fields(path, header, lines[header - 1])]
    _check_columns(path, header, columns)
    for number, line in enumerate(lines[header:], start=header + 1):
        if not line.strip():
            continue
        fields = _fields(path, number, line)
        if len(fields) != len(columns):
            raise _error(path, number, f"found {len(fields)} fields, expected {len(columns)}, as many as in line {header}")
        yield number, dict.fromkeys(_COLUMNS, "") | dict(zip(columns, fields, strict=True))


def _fields(path: Path, number: int, line: str) -> list[str]:
    """The fields of a line by itself: no field of a package has a line break in it."""
    try:
        return [field.strip() for field in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise _error(path, number, f"not valid CSV: {error}") from None


def _check_columns(path: Path, line: int, columns: list[str]) -> None:
    """Refuse what is not a header: most likely the plain output of `rpm -qa`, which does not tell versions from names."""
    missing = [column for column in _NEEDED if column not in columns]
    if missing:
        found = f"found {_shown(','.join(columns))} without {', '.join(missing)}"
        raise _error(
            path, line, f"{found}, expected the output of {RPM_COMMAND}, or CSV with a header such as name,version,release"
        )
    for column in columns:
        if column not in _COLUMNS:
            raise _error(path, line, f"found the column {_shown(column)}, expected {', '.join(sorted(_COLUMNS))}")
    if len(set(columns)) < len(columns):
        raise _error(path, line, f"found a column twice in {_shown(','.join(columns))}, expected each once")


def _problem(row: Mapping[str, str]) -> str | None:
    """What is wrong with the first wrong field of a row."""
    for column, value in row.items():
        if value in _NONE and column not in _NEEDED:
            continue
        if len(value) > _LONGEST_FIELD or not _PATTERNS[column].fullmatch(value):
            return f"{column}: found {_shown(value)}, expected {_WANTED.get(column, f'the {column} of a package')}"
    return None


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")


def _package(row: Mapping[str, str], repositories: Mapping[str, Literal["baseos", "appstream"]]) -> CataloguePackage:
    """A package of a row that is right. Without a repository, it has that of the built-in package of this name, else AppStream; a
    label of a module is cut to its name and stream."""
    known = {column: "" if value in _NONE else value for column, value in row.items()}
    source = known["source_rpm"].replace(".nosrc.rpm", ".src.rpm")
    return package_of(
        {
            **known,
            "source_rpm": source or f"{known['name']}-{known['version']}-{known['release']}.src.rpm",
            "arch": known["arch"] or "x86_64",
            "module": ":".join(known["module"].split(":")[:2]),
            "repository": known.get("repository") or repositories.get(known["name"], "appstream"),
        }
    )
