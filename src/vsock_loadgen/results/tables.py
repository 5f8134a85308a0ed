"""A result's series and its groups as plain rows under headings: for CSV, and for frames of other libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, get_args

from vsock_loadgen.measures.outcome import FailureClass
from vsock_loadgen.record import Record
from vsock_loadgen.results.comparison import flat
from vsock_loadgen.results.groups import DIMENSIONS
from vsock_loadgen.results.result import Result

Kind = Literal["series", "groups"]
Library = Literal["pandas", "polars"]
FRAMES: tuple[Library, ...] = get_args(Library)
Cell = str | int | float | None
_FAILURES = "failures"
_NOT_CELLS = (_FAILURES, "seen")
"""Leaves if they are empty, else objects."""
_LEFT_OUT = "histograms."


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, each as long as those. A heading is the place of its value in the result's document, such as
    `response_time_seconds.p99`; None stands for a time that was not delivered or is not there."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def columns(self) -> dict[str, list[Cell]]:
        """The values of each heading, top down."""
        return {heading: [row[place] for row in self.rows] for place, heading in enumerate(self.headings)}

    def to_frame(self, library: Library | None = None) -> Any:
        """The rows as a DataFrame of pandas or polars: of `library`, else of pandas if that is installed, else of polars. Raises
        ModuleNotFoundError if it is not."""
        wanted = (library,) if library else FRAMES
        found = next((name for name in wanted if find_spec(name)), None)
        if found is None:
            either = " or ".join(wanted)
            raise ModuleNotFoundError(f"found no package {either}, expected it for frames: pip install {wanted[0]}")
        columns = self.columns
        if found == "polars":
            return import_module(found).DataFrame(columns, strict=False)  # a column may begin with whole numbers
        return import_module(found).DataFrame(columns)


def table_of(result: Result, kind: Kind) -> Table:
    """The rows of a kind: a row for every row of the series, or one for every group of VMs, with the dimension that it is of."""
    if kind == "series":
        return _table(_cells(row) for row in result.series)
    groups = ((name, group) for name in DIMENSIONS if result.groups for group in result.groups.of(name))
    return _table({"dimension": name, **_cells(group)} for name, group in groups)


def _cells(record: Record) -> dict[str, Cell]:
    """The leaves of a record's document by their paths."""
    leaves = {
        path: value for path, value in flat("", record.to_json()) if path not in _NOT_CELLS and not path.startswith(_LEFT_OUT)
    }
    return {path: value for path, value in leaves.items() if value is None or isinstance(value, str | int | float)}


def _table(found: Iterable[Mapping[str, Cell]]) -> Table:
    """Rows by heading as rows; a class of failures that a row does not have is 0 there."""
    rows = list(found)
    classes = [name for failure in FailureClass if any((name := f"{_FAILURES}.{failure}") in row for row in rows)]
    others = dict.fromkeys(name for row in rows for name in row if not name.startswith(f"{_FAILURES}."))
    headings = (*others, *classes)
    return Table(headings, tuple(tuple(row.get(name, 0 if name in classes else None) for name in headings) for row in rows))
