"""A client's socket of an endpoint, with all that Python's own socket class adds."""

from __future__ import annotations

import socket

from vsock_loadgen.transport.endpoint import Endpoint


def client_socket(endpoint: Endpoint) -> socket.socket:
    """A new non-blocking socket, as `endpoint.socket()` opens it, that can be entered as a context."""
    return socket.socket(fileno=endpoint.socket().detach())
