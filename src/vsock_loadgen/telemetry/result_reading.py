"""Result documents from disk, every unreadable one named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from vsock_loadgen.config.places import shorten
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.measures.merging import Named
from vsock_loadgen.measures.result import Result
from vsock_loadgen.measures.result_reader import read_result

MOST_BYTES = 256_000_000
_LARGEST_NUMBER = 1e30  # far beyond any time, count or size, and small enough to be reckoned with as a float


def read_results(paths: Sequence[Path]) -> list[Named]:
    """The results in these files, in order. Raises ConfigError with a problem for every file that holds none."""
    results, problems = [], []
    for path in paths:
        try:
            results.append(Named(str(path), _read(path)))
        except OSError as error:
            problems.append(Problem(str(path), "", f"cannot be read: {error.strerror or error}"))
        except ValueError as error:
            problems.append(Problem(str(path), "", str(error)))
    if problems:
        raise ConfigError(problems)
    return results


def _read(path: Path) -> Result:
    """Raises OSError, or ValueError with a sentence about what was found."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"not a result: larger than {MOST_BYTES:,} bytes")
    if not content.strip():
        raise ValueError("not a result: the file is empty")
    try:
        document = json.loads(content, parse_int=_whole, parse_float=_decimal, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise ValueError("not a result: the file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not a result: no JSON in line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("not a result: nested too deeply") from None
    return read_result(document)


def _whole(digits: str) -> int:
    _decimal(digits)
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if abs(number) > _LARGEST_NUMBER:
        raise ValueError(f"not a result: found the number {shorten(digits)}, expected at most {_LARGEST_NUMBER:g}")
    return number


def _refuse(constant: str) -> object:
    raise ValueError(f"not a result: found {constant}, which is no JSON")
