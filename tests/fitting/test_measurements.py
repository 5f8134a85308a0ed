"""Measured values are read as they stand, and the first mistake is named with its line."""

from __future__ import annotations

import pytest

from vsock_loadgen.errors import ConfigError
from vsock_loadgen.fitting.measurements import Measured, read_measurements
from vsock_loadgen.units import MILLISECOND, MINUTE, SECOND

TABLE = 'name,packages,interval\n"db, main",900,1m30s\n\nweb,450,60.5\n'


def read(text: str, kind: Measured = "packages", column: str | None = None) -> list[int]:
    return read_measurements(text.splitlines(keepends=True), "data.txt", kind, column)


def test_a_value_a_line_without_empty_ones_and_comments() -> None:
    assert read("# counted on Monday\n700\r\n\n  42  \n100000") == [700, 42, 100_000]


def test_intervals_are_seconds_or_durations() -> None:
    assert read("60\n0.5\n.001\n1e2\n1m30s\n250ms\n", "intervals") == [
        MINUTE,
        500 * MILLISECOND,
        MILLISECOND,
        100 * SECOND,
        90 * SECOND,
        250 * MILLISECOND,
    ]


def test_a_column_is_named_by_its_heading_or_its_number() -> None:
    assert read(TABLE, column="packages") == [900, 450]
    assert read(TABLE, column="2") == [900, 450]
    assert read(TABLE, "intervals", "interval") == [90 * SECOND, 60_500 * MILLISECOND]
    assert read("1,5\n2,6\n", column="2") == [5, 6]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("number", ["1024", '"1,024"', "1024.0", '"1,024.00"'])
def test_a_sheet_is_read_as_programs_write_it(delimiter: str, number: str) -> None:
    assert read(f"name{delimiter}count\nweb{delimiter}{number}\n", column="count") == [1024]
    assert read(f"{delimiter}{number}\n", column="2") == [1024]
    assert read(number.strip('"')) == [1024]


MISTAKES: dict[str, tuple[str, Measured, str | None, str]] = {
    "zero": ("5\n0\n", "packages", None, "data.txt:2: found '0', expected a whole number of packages from 1 to 100,000"),
    "decimals": ("5.5\n", "packages", None, "data.txt:1: found '5.5', expected a whole number of packages from 1 to 100,000"),
    "other digits": (
        "\u0665\n",
        "packages",
        None,
        "data.txt:1: found '\u0665', expected a whole number of packages from 1 to 100,000",
    ),
    "a table without a column": (
        "5\n5,6\n",
        "packages",
        None,
        "data.txt:2: found '5,6', expected a whole number of packages from 1 to 100,000 (of CSV, name the column with --column)",
    ),
    "decimals of a column": (
        "a;b\n1;5,5\n",
        "packages",
        "b",
        "data.txt:2: found '5,5', expected a whole number of packages from 1 to 100,000",
    ),
    "groups of two digits": (
        "1,02\n",
        "packages",
        None,
        "data.txt:1: found '1,02', expected a whole number of packages from 1 to 100,000 (of CSV, name the column with --column)",
    ),
    "no unit that Go knows": (
        "5d\n",
        "intervals",
        None,
        "data.txt:1: found '5d', which has an unknown unit 'd'; expected seconds or a duration, from 1ms to 8760h",
    ),
    "no time": ("60\n0\n", "intervals", None, "data.txt:2: found '0', expected seconds or a duration, from 1ms to 8760h"),
    "no such heading": (
        TABLE,
        "packages",
        "count",
        "data.txt:1: found no columns 'count', expected one of: name, packages, interval",
    ),
    "a heading twice": ("a,a\n1,2\n", "packages", "a", "data.txt:1: found 2 columns 'a', expected one of: a, a"),
    "no such column": (TABLE, "packages", "4", "data.txt:1: found 3 columns, expected at least 4"),
    "a short row": ("a,b\n1,2\n3\n", "packages", "b", "data.txt:3: found 1 columns, expected at least 2"),
    "a mistake far down": (
        TABLE + "x,many,1s\n",
        "packages",
        "packages",
        "data.txt:5: found 'many', expected a whole number of packages from 1 to 100,000",
    ),
    "a quote without an end": ('a,b\n1,"2\n', "packages", "b", "data.txt:2: not valid CSV: unexpected end of data"),
    "nothing": ("# only this\n", "packages", None, "data.txt: no value found, expected at least one"),
    "a heading alone": ("packages\n", "packages", "packages", "data.txt: no value found, expected at least one"),
}


@pytest.mark.parametrize(("text", "kind", "column", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str, kind: Measured, column: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text, kind, column)
    assert str(raised.value) == message
