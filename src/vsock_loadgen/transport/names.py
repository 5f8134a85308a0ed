"""Looks a name up: it may have several addresses, and not all of them need to be the intended ones."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Any

Place = tuple[int, tuple[Any, ...]]
"""The family and the numeric address of a socket."""
Resolve = Callable[[str, int], list[Place]]
"""Gives a name's places, the preferred one first. Raises socket.gaierror, or UnicodeError if the name cannot be one."""
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def resolved(host: str, port: int) -> list[Place]:
    """The places of a name or an IP address, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found))


def numeric(sockaddr: tuple[Any, ...]) -> str:
    """The IP address of a place; of a link's own address with the number of its interface."""
    scope = sockaddr[3] if len(sockaddr) > 3 and "%" not in sockaddr[0] else 0
    return f"{sockaddr[0]}%{scope}" if scope else str(sockaddr[0])


def first_here(places: Iterable[Place], bind: Callable[[int, tuple[Any, ...]], socket.socket]) -> socket.socket:
    """What `bind` makes of the first of the places that is one of this machine. Raises its OSError."""
    not_here = OSError(errno.EADDRNOTAVAIL, "the name has no address")
    for family, sockaddr in places:
        try:
            return bind(family, sockaddr)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise  # a place that is taken is the intended one
            not_here = error
    raise not_here
