"""The result document on disk: replaced in one go, so that a reader never sees half of one."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from vsock_loadgen.measures.result import Result
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.telemetry.log import Log
from vsock_loadgen.telemetry.result_document import result_pieces

_DESCRIPTOR_FOLDERS = (Path("/dev"), Path("/dev/fd"))
_MOST_LINKS = 40  # as Linux follows


def write_result(result: Result, path: Path) -> None:
    """Write the document of a result as `write_text` does."""
    _write(result_pieces(result), path)


def write_text(text: str, path: Path) -> None:
    """Put a text in place of what the file holds, readable by this user only (mode 0600).

    A link keeps being one: the file that it names is replaced. A pipe, a device or an open descriptor (`/dev/stdout`, also where
    that leads to a file) is written to as it is. Raises OSError; then a file is as it was. A link, pipe or device that somebody
    else has put into a folder for everybody, such as /tmp, is such an error.
    """
    _write([text], path)


def _write(pieces: Iterable[str], path: Path) -> None:
    _refuse_planted(path)
    if _is_stream(path):
        with path.open("a", encoding="utf-8") as stream:
            stream.writelines(pieces)
        return
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _is_stream(path: Path) -> bool:
    """Whether a path is no file to replace. A name in /dev may lead to a file, but replacing it would remove the device's name."""
    return path.absolute().parent in _DESCRIPTOR_FOLDERS or (path.exists() and not path.is_file())


def _refuse_planted(path: Path) -> None:
    """Raise PermissionError where the name, or one that it links to, is a trap: what is written would go where another user of this
    machine wants it. Linux refuses it by itself only where fs.protected_symlinks and fs.protected_fifos are set."""
    for _ in range(_MOST_LINKS):
        try:
            entry, folder = path.lstat(), path.absolute().parent.stat()
        except FileNotFoundError:
            return
        is_open_to_all = folder.st_mode & stat.S_IWOTH
        if is_open_to_all and not stat.S_ISREG(entry.st_mode) and entry.st_uid not in (os.geteuid(), folder.st_uid):
            raise PermissionError(errno.EACCES, "another user has put a link, pipe or device there; take another path", str(path))
        if not stat.S_ISLNK(entry.st_mode):
            return
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


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
            if not _is_stream(self._path):  # there a snapshot would stand before the result, not in its place
                write_result(self._result_of(totals), self._path)
        except OSError as error:
            self._log.alert(f"--result: the snapshot cannot be written: {error}", "result_file")
