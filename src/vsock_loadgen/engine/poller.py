"""Readiness of sockets, with waits finer than epoll's whole milliseconds."""

from __future__ import annotations

import select
from typing import Protocol

READABLE = select.EPOLLIN
ENDED = select.EPOLLRDHUP
BROKEN = select.EPOLLERR
WRITABLE = select.EPOLLOUT
MOST_AT_ONCE = 256
_NANO = 1e-9


class Poller(Protocol):
    """What the send loop asks of the kernel's readiness queue."""

    def register(self, fd: int, events: int) -> None:
        """Watch a descriptor."""

    def modify(self, fd: int, events: int) -> None:
        """Watch a descriptor for other events."""

    def wait(self, timeout_ns: int) -> list[tuple[int, int]]:
        """(descriptor, events) of those that are ready; waits up to `timeout_ns` for the first."""


class EpollPoller:
    """epoll, behind select() for the waiting: epoll's own timeout is rounded up to whole milliseconds, select()'s is not.

    Closing a descriptor takes it off the queue; that needs no call. If very many are ready, it returns MOST_AT_ONCE and the others
    next time, so that due reports are checked in between.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched = [self._epoll.fileno()]
        self.register = self._epoll.register
        self.modify = self._epoll.modify

    def wait(self, timeout_ns: int) -> list[tuple[int, int]]:
        """(descriptor, events) of those that are ready; waits up to `timeout_ns` for the first."""
        if timeout_ns > 0 and not select.select(self._watched, (), (), timeout_ns * _NANO)[0]:
            return []
        return self._epoll.poll(0, MOST_AT_ONCE)

    def close(self) -> None:
        """Give the queue's descriptor back."""
        self._epoll.close()
