"""Measured values of a fleet, as text: one per line, or a column of CSV; every mistake with its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Literal

from vsock_loadgen.config.places import shorten
from vsock_loadgen.distributions.quantity import LONGEST_INTERVAL_NS, MOST_PACKAGES
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.units import MILLISECOND, SECOND, format_duration, parse_duration

Measured = Literal["packages", "intervals"]
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_AS_SHEETS_WRITE = re.compile(r"([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.0{1,15})?", re.ASCII)
"""A whole number: `1024`, `1,024`, `1024.0`."""
_SECONDS = re.compile(r"(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:[eE][-+]?[0-9]{1,2})?", re.ASCII)
_DELIMITERS = ",;\t"
_LONGEST_TEXT = 64


def read_measurements(lines: Iterable[str], source: str, kind: Measured, column: str | None = None) -> list[int]:
    """The values in the order of the lines: numbers of packages, or nanoseconds.

    Without a `column` every line is one value; empty lines and those that start with # are skipped. With one, the lines are CSV
    with commas, semicolons or tabs, whichever the first line has most of: a whole number is a column's number from 1, and a first
    line without a digit there is its heading; anything else is a heading of the first line. Intervals are seconds, or durations
    with a unit. Raises ConfigError with the first mistake.
    """
    cells = _plain(lines) if column is None else _column(lines, column)
    try:
        values = [_read(cell, number, kind, is_column=column is not None) for number, cell in cells]
    except _MistakeError as error:
        raise ConfigError([Problem(f"{source}:{error.line}", "", str(error))]) from None
    if not values:
        raise ConfigError([Problem(source, "", "no value found, expected at least one")])
    return values


class _MistakeError(Exception):
    """A line that cannot be used."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def _plain(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _column(lines: Iterable[str], column: str) -> Iterator[tuple[int, str]]:
    lines = iter(lines)
    first = next(lines, "")
    rows = csv.reader(chain([first], lines), strict=True, delimiter=max(_DELIMITERS, key=re.sub('"[^"]*"', "", first).count))
    place: int | None = None
    try:
        for row in rows:
            if not row or row == [""]:
                continue
            if place is None:
                place, is_heading = _place(row, column, rows.line_num)
                if is_heading:
                    continue
            if place >= len(row):
                raise _MistakeError(rows.line_num, f"found {len(row)} columns, expected at least {place + 1}")
            yield rows.line_num, row[place].strip()
    except csv.Error as error:
        raise _MistakeError(rows.line_num, f"not valid CSV: {error}") from None


def _place(first: list[str], column: str, line: int) -> tuple[int, bool]:
    """The index of the column, and whether the first row is a heading."""
    if _WHOLE.fullmatch(column) and int(column) >= 1:
        place = int(column) - 1
        return place, place < len(first) and not any(character.isdigit() for character in first[place])
    headings = [heading.strip() for heading in first]
    found = headings.count(column)
    if found != 1:
        listed = ", ".join(shorten(heading) for heading in headings)
        raise _MistakeError(line, f"found {found or 'no'} columns {shorten(column)!r}, expected one of: {shorten(listed, 200)}")
    return headings.index(column), True


def _read(text: str, line: int, kind: Measured, *, is_column: bool) -> int:
    try:
        return _packages(text) if kind == "packages" else _interval_ns(text)
    except ValueError as error:
        is_table = not is_column and re.search(f"[{_DELIMITERS}]", text)
        raise _MistakeError(line, f"{error} (of CSV, name the column with --column)" if is_table else str(error)) from None


def _packages(text: str) -> int:
    match = _AS_SHEETS_WRITE.fullmatch(text)
    number = int(match[1].replace(",", "")) if match else 0
    if not 1 <= number <= MOST_PACKAGES:
        raise ValueError(_found(text, f"a whole number of packages from 1 to {MOST_PACKAGES:,}"))
    return number


def _interval_ns(text: str) -> int:
    wanted = f"seconds or a duration, from 1ms to {format_duration(LONGEST_INTERVAL_NS)}"
    try:
        interval_ns = int(Decimal(text) * SECOND) if _SECONDS.fullmatch(text) else parse_duration(text)
    except ValueError as error:
        raise ValueError(_found(text, wanted, f", which {error}; ")) from None
    if not MILLISECOND <= interval_ns <= LONGEST_INTERVAL_NS:
        raise ValueError(_found(text, wanted))
    return interval_ns


def _found(text: str, wanted: str, joint: str = ", ") -> str:
    return f"found {shorten(text, _LONGEST_TEXT)!r}{joint}expected {wanted}"
