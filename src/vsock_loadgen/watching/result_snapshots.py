"""The result so far, in the file of the final one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vsock_loadgen.log import Log
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.outputs import is_stream
from vsock_loadgen.results.files import write_result
from vsock_loadgen.results.result import Result


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
        if totals.elapsed_ns < self._next_ns:
            return
        self._next_ns = (totals.elapsed_ns // self._interval_ns + 1) * self._interval_ns
        try:
            if not is_stream(self._path):  # there a snapshot would stand before the result, not in its place
                write_result(self._result_of(totals), self._path)
        except OSError as error:
            self._log.alert(f"--result: the snapshot cannot be written: {error}", "result_file")
