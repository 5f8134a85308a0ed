"""A file that is written: in one go, so that a reader never sees half of it, and never through another user's link."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

_DESCRIPTOR_FOLDERS = (Path("/dev"), Path("/dev/fd"))
_DESCRIPTORS = {Path("/dev/stdin"): 0, Path("/dev/stdout"): 1, Path("/dev/stderr"): 2}
_PRIVATE = 0o600
_MOST_LINKS = 40  # as Linux follows


def write_text(text: str, path: Path) -> None:
    """Write a whole text as `write_pieces` does."""
    write_pieces([text], path)


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Replace a file's content by a text, a piece at a time, readable by this user only (mode 0600).

    A link keeps being one: the file that it names is replaced. A pipe, a device or an open descriptor (`/dev/stdout`, even if that
    leads to a file) is written to as it is. Raises OSError; then a file is as it was. A link, pipe or device of another user in a
    shared folder, such as /tmp, is such an error.
    """
    _refuse_planted(path)
    if is_stream(path):
        with _opened(path) as stream:
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


def open_emptied(path: Path) -> int:
    """A descriptor that appends to a file which is empty now, readable by this user only if it is new. Raises OSError."""
    _refuse_planted(path)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, _PRIVATE)


def append_text(text: str, path: Path) -> None:
    """Append a text to a file, which is made if there is none, or write it to a pipe, a device or a descriptor. Raises
    OSError, as `write_pieces` does."""
    _refuse_planted(path)
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE) if not is_stream(path) else None
    with _opened(path) if number is None else os.fdopen(number, "a", encoding="utf-8") as stream:
        stream.write(text)


def is_stream(path: Path) -> bool:
    """Whether a path is not a file to replace. A name in /dev may lead to a file, but replacing it would remove the device's
    name."""
    return path.absolute().parent in _DESCRIPTOR_FOLDERS or (path.exists() and not path.is_file())


def _opened(path: Path) -> TextIO:
    """A stream. A descriptor is written to at its position: opening its name again would begin at another place of a file, which
    later writes would overwrite, and fails for a socket."""
    number = _descriptor(path)
    return path.open("a", encoding="utf-8") if number is None else os.fdopen(os.dup(number), "w", encoding="utf-8")


def _descriptor(path: Path) -> int | None:
    """The descriptor that a path stands for, even if the system has no such name, as without udev; None for any other."""
    path = path.absolute()
    if path.parent == Path("/dev/fd") and path.name.isdecimal():
        return int(path.name)
    return _DESCRIPTORS.get(path)


def check_writable(path: Path, *, appends: bool = False) -> None:
    """Raise OSError or ValueError if `write_text`, or `append_text`, would, as far as that is visible without writing."""
    _refuse_planted(path)
    if is_stream(path):
        number = _descriptor(path)
        mode = (path.stat() if number is None else os.fstat(number)).st_mode
        if stat.S_ISDIR(mode) or (stat.S_ISSOCK(mode) and number is None):
            raise OSError(errno.EINVAL, f"it is a {'folder' if stat.S_ISDIR(mode) else 'socket'}, expected a file")
        return
    target = path.resolve()
    folder = target.parent
    if appends and target.exists():
        if not os.access(target, os.W_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, "you may not write to it")
        return
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, f"you may not write to the folder {folder}")


def _refuse_planted(path: Path) -> None:
    """Raise PermissionError if the name, or one that it links to, is a trap: another user of this machine would decide where the
    text goes. Linux itself refuses it only if fs.protected_symlinks and fs.protected_fifos are set."""
    for _ in range(_MOST_LINKS):
        try:
            entry, folder = path.lstat(), path.absolute().parent.stat()
        except FileNotFoundError:
            return
        is_open_to_all = folder.st_mode & stat.S_IWOTH
        if is_open_to_all and not stat.S_ISREG(entry.st_mode) and entry.st_uid not in (os.geteuid(), folder.st_uid):
            raise PermissionError(errno.EACCES, "another user has put a link, pipe or device there; choose another path", str(path))
        if not stat.S_ISLNK(entry.st_mode):
            return
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
