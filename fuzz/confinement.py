"""Keeps an input from doing anything beyond this process and a folder of its own, whatever the code under test makes of it.

Python tells an audit hook of every file, socket and process before it comes into being. Sockets of any family but AF_UNIX (and so
AF_VSOCK, which leads out of a virtual machine), other processes, devices and files written outside the folder are refused.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_FORBIDDEN = frozenset(
    {
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
    }
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNREADABLE = ("/dev/", "/proc/", "/sys/")
_SYSTEM_READABLE = frozenset({"/dev/null", "/dev/urandom"})
_active: list[str] = []


class EscapeError(BaseException):
    """The code under test tried to reach something beyond its folder; no handler for ordinary errors may hide that."""


@contextmanager
def confined() -> Iterator[Path]:
    """A private folder, the only place that may be written to meanwhile."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, only_within(Path(folder)):
        yield Path(folder)


@contextmanager
def only_within(folder: Path) -> Iterator[None]:
    """Nothing beyond this folder meanwhile."""
    _install()
    _active.append(str(folder.resolve()) + "/")
    try:
        yield
    finally:
        _active.pop()


@cache
def _install() -> None:
    """Once for the process, since an audit hook cannot be taken away again."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if not _active:
        return
    if event == "open":
        _look_at_file(arguments[0], arguments[2])
    elif event == "socket.__new__" and arguments[1] not in (socket.AF_UNIX, -1):
        raise EscapeError(f"a socket of family {arguments[1]}")
    elif event in _FORBIDDEN:
        raise EscapeError(f"{event}{arguments!r}"[:500])


def _look_at_file(path: object, flags: object) -> None:
    """Refuse as the system would: a user may name any file."""
    if not isinstance(path, str | bytes) or not isinstance(flags, int):
        return  # a descriptor that is open already
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (a Path would be made for every module that is imported)
    if name.startswith(_UNREADABLE) and name not in _SYSTEM_READABLE:
        raise PermissionError(f"{name} is out of reach here")
    if flags & _WRITING and not name.startswith(_active[-1]):
        raise PermissionError(f"{name} is outside the folder of this input")
