"""The place of what the user wrote, and the problems found there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from vsock_loadgen.errors import Problem

MOST_PROBLEMS = 50
_LONGEST_SHOWN = 40
_LONGEST_COMPARED = 100


class Rank(IntEnum):
    """What beats what: the higher rank wins."""

    FILE = 0
    ENVIRONMENT = 1
    FLAG = 2


@dataclass(frozen=True, slots=True)
class Source:
    """A file, an environment variable or a flag, under the name that the user knows it by."""

    name: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class Place:
    """A line (from 1) of a source; 0 if the source as a whole is meant."""

    source: Source
    line: int

    @property
    def order(self) -> tuple[int, int]:
        """The position in a report: the file from its top, then the environment, then the flags."""
        return (self.source.rank, self.line if self.source.rank is Rank.FILE else 0)

    def __str__(self) -> str:
        is_in_file = self.source.rank is Rank.FILE and self.line
        return f"{self.source.name}:{self.line}" if is_in_file else self.source.name


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem or a warning with its place, before it is put in order."""

    place: Place
    path: str
    message: str


@dataclass(slots=True)
class Findings:
    """What was found so far. Errors end the loading; warnings do not."""

    errors: list[Finding]
    warnings: list[Finding]


def ordered_problems(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """The findings in the order of the file, each once; beyond the first 50 only their number."""
    unique = list(dict.fromkeys(findings))
    ordered = sorted(unique, key=lambda finding: finding.place.order)
    problems = [Problem(str(finding.place), finding.path, finding.message) for finding in ordered[:MOST_PROBLEMS]]
    if len(ordered) > MOST_PROBLEMS:
        problems.append(Problem("", "", f"... and {len(ordered) - MOST_PROBLEMS:,} more"))
    return tuple(problems)


def shorten(text: str, longest: int = _LONGEST_SHOWN) -> str:
    """The text on one line and at most `longest` characters, cut at the end with `...`."""
    flat = "".join(character if character.isprintable() else " " for character in text[: longest + 1])
    return flat if len(text) <= longest else flat[: longest - 3] + "..."


@dataclass(frozen=True, slots=True)
class Override:
    """A value from the command line.

    `where` is shown in errors (`--vm-count`, `--set packages.buckets[0].percent`), `path` is the dotted path below
    `loadgen:`, `text` the value as YAML (`700`, `1m30s`, `{mean: 1, ...}`).
    """

    where: str
    path: str
    text: str


def position(place: Place) -> str:
    """A place within its own source: the line of a file, else the source."""
    is_in_file = str(place) != place.source.name
    return f"line {place.line}" if is_in_file else place.source.name


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known word that was probably meant; empty if none is as close as `cutoff`, 1 being the same."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower()[:_LONGEST_COMPARED], by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else ""
