"""The result document on disk: replaced in one go, so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from vsock_loadgen.measures.result import Result
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.telemetry.log import Log

_DESCRIPTOR_FOLDERS = (Path("/dev"), Path("/dev/fd"))


def result_document(result: Result) -> str:
    """The text of a result's document."""
    return json.dumps(result.to_json(), indent=1) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write the document of a result as `write_text` does."""
    write_text(result_document(result), path)


def write_text(text: str, path: Path) -> None:
    """Put a text in place of what the file holds, readable by this user only (mode 0600).

    A link keeps being one: the file that it names is replaced. A pipe, a device or an open descriptor (`/dev/stdout`, also where
    that leads to a file) is written to as it is. Raises OSError; then a file is as it was.
    """
    if _is_stream(path):
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)
        return
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_stream(path: Path) -> bool:
    """Whether a path is no file to replace. A name in /dev may lead to a file, but replacing it would remove the device's name."""
    return path.absolute().parent in _DESCRIPTOR_FOLDERS or (path.exists() and not path.is_file())


class ResultSnapshots:
    """Writes the result so far every `interval_ns` of the run, so that a run that is killed leaves one."""

    def __init__(self, path: Path, interval_ns: int, result_of: Callable[[RunTotals], Result], log: Log) -> None:
        self._path = path
        self._interval_ns = interval_ns
        self._next_ns = interval_ns
        self._result_of = result_of
        self._log = log

    def update(self, totals: RunTotals) -> None:
        """Write a snapshot if one is due."""
        if totals.elapsed_ns < self._next_ns or _is_stream(self._path):
            return  # on a stream a snapshot would stand before the result, not in its place
        self._next_ns = (totals.elapsed_ns // self._interval_ns + 1) * self._interval_ns
        try:
            write_result(self._result_of(totals), self._path)
        except OSError as error:
            self._log.alert(f"--result: the snapshot cannot be written: {error}", "result_file")
