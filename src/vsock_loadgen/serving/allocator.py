"""Keeps the memory of a process flat whose threads make documents and discard them."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3)
_LARGE_BYTES = 128 * 1024
_MOST_ARENAS = 2


def return_large_blocks() -> bool:
    """Have the C library return every large block to the kernel when it is freed; whether it can.

    By default it raises the size that it calls large with the largest block it has seen, and keeps a heap for each of many threads:
    each request for a document then leaves its size behind in yet another heap. Large allocations then cost a system call each, so
    this is not for a process that sends. To be called after the last fork.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a C library other than glibc
        return False
    wanted = {_MMAP_THRESHOLD: _LARGE_BYTES, _TRIM_THRESHOLD: _LARGE_BYTES, _ARENA_MAX: _MOST_ARENAS}
    return all([mallopt(option, value) == 1 for option, value in wanted.items()])
