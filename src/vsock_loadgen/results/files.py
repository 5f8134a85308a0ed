"""Result documents on disk: written in one go, so that a reader never sees half of one; all unreadable ones are named when several
are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from vsock_loadgen.config.places import shorten
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.inputs import name_of, read_input
from vsock_loadgen.outputs import write_pieces
from vsock_loadgen.record import Unmade
from vsock_loadgen.results.result import ROWS, Named, Result

MOST_BYTES = 256_000_000
_LARGEST_NUMBER = 1e30  # far beyond any time, count or size, and small enough to calculate with as a float

_Read = TypeVar("_Read")


def result_pieces(result: Result) -> Iterator[str]:
    """The text of the document in pieces, a row over time at once and in a line each, with a line end at its end: as a whole it
    would take several times the memory of what it tells, and more with every time that no report had taken before."""
    for number, (key, value) in enumerate(result.outline().items()):
        if key not in ROWS:
            yield f'{"," if number else "{"}\n "{key}": '
            yield from _pieces(value, "\n ")
    for key in ROWS:
        yield f',\n "{key}": ['
        for number, row in enumerate(getattr(result, key)):
            yield f"{',' if number else ''}\n  {json.dumps(row.to_json())}"
        yield "\n ]"
    yield "\n}\n"


def _pieces(value: object, line: str) -> Iterator[str]:
    """The text of a value, each `line` of which begins so. An object has a line for each key, and a list of objects one for each of
    them. All else stays in one line: the encoder that is written in C writes no others."""
    made = value.make() if isinstance(value, Unmade) else value
    inner = line + " "
    if isinstance(made, dict) and made:
        for number, (key, each) in enumerate(made.items()):
            yield f"{',' if number else '{'}{inner}{json.dumps(key)}: "
            yield from _pieces(each, inner)
        yield line + "}"
    elif isinstance(made, list) and made and isinstance(made[0], (dict, Unmade)):
        for number, each in enumerate(made):
            yield f"{',' if number else '['}{inner}"
            yield from _pieces(each, inner)
        yield line + "]"
    else:
        yield json.dumps(made, default=Unmade.make)


def result_document(result: Result) -> str:
    """The document as one text."""
    return "".join(result_pieces(result))


def write_result(result: Result, path: Path) -> None:
    """Write the document of a result as `write_pieces` does."""
    write_pieces(result_pieces(result), path)


def read_results(paths: Sequence[Path]) -> list[Named]:
    """The results in these files, in order. Raises ConfigError with a problem for every file that holds none."""
    return [Named(name, result) for name, result in read_each(paths, Result.read)]


def read_each(paths: Sequence[Path], read: Callable[[object], _Read]) -> list[tuple[str, _Read]]:
    """What `read` makes of the document in each of these files, with the file's name. Raises ConfigError with a problem for every
    file of which that, or the reading, raises ValueError."""
    found, problems = [], []
    for path in paths:
        try:
            found.append((name_of(path), read(read_document(path))))
        except ValueError as error:
            problems.append(Problem(name_of(path), "", str(error)))
    if problems:
        raise ConfigError(problems)
    return found


def read_document(path: Path) -> object:
    """The JSON of a result's file. Raises ValueError with a sentence about what was found."""
    content = read_input(path, MOST_BYTES, f"not a result: larger than {MOST_BYTES:,} bytes")
    if not content.strip():
        raise ValueError("not a result: the file is empty")
    try:
        document: object = json.loads(content, parse_int=_whole, parse_float=_decimal, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise ValueError("not a result: the file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not a result: invalid JSON in line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("not a result: nested too deeply") from None
    return document


def _whole(digits: str) -> int:
    _decimal(digits)
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if abs(number) > _LARGEST_NUMBER:
        raise ValueError(f"not a result: found the number {shorten(digits)}, expected at most {_LARGEST_NUMBER:g}")
    return number


def _refuse(constant: str) -> object:
    raise ValueError(f"not a result: found {constant}, which is not JSON")
