"""Those who look at a run while it goes on: one who scrapes all the time, one who watches the live page, one who never reads what
he asked for, and now and then a crowd that says nothing."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

CROWD = 40
_SCRAPE_PAUSE_SECONDS = 0.25
_PAGE_PAUSE_SECONDS = 2.0
_MUTE_SECONDS = 12.0  # longer than the server's patience
_TIMEOUT_SECONDS = 15.0


@dataclass(slots=True)
class Visits:
    """How often a visitor was answered, and how often not. One thread writes, others read."""

    answered: int = 0
    unanswered: int = 0


@dataclass(slots=True)
class Visitors:
    """Visits the port of a run until it is left. `visits` counts by visitor."""

    port: int
    visits: dict[str, Visits] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._begin("scraper", _SCRAPE_PAUSE_SECONDS, lambda: fetch(self.port, "/metrics"))
        self._begin("live page", _PAGE_PAUSE_SECONDS, lambda: fetch(self.port, "/") + fetch(self.port, "/result.json"))
        self._begin("mute", 0.0, self._never_read)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def crowd(self, seconds: float, wait: Callable[[float], object]) -> None:
        """Take all places of the port for some seconds, as `wait` waits them."""
        with ExitStack() as stack:
            for _ in range(CROWD):
                with suppress(OSError):
                    stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=_TIMEOUT_SECONDS))
            wait(seconds)

    def _begin(self, name: str, pause_seconds: float, visit: Callable[[], object]) -> None:
        visits = self.visits[name] = Visits()

        def keep_visiting() -> None:
            while not self._over.wait(pause_seconds):
                try:
                    visit()
                    visits.answered += 1
                except (OSError, http.client.HTTPException):
                    visits.unanswered += 1
                    self._over.wait(_SCRAPE_PAUSE_SECONDS)

        thread = threading.Thread(target=keep_visiting, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _never_read(self) -> None:
        """Ask for the largest document with a small window, and leave it to the server to lose patience."""
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(_TIMEOUT_SECONDS)
            client.connect(("127.0.0.1", self.port))
            client.sendall(b"GET /result.json HTTP/1.0\r\n\r\n")
            self._over.wait(_MUTE_SECONDS)


def fetch(port: int, path: str) -> str:
    """The body of a page of a run on this machine. Raises OSError, or HTTPException for an answer that is none or not 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"{path}: found status {response.status}, expected 200")
        return body
    finally:
        connection.close()


def totals_of(exposition: str) -> dict[str, int]:
    """The accounts in a text of metrics: due, delivered, skipped, unfinished, failed, bytes."""
    values: dict[str, int] = {}
    failed = 0
    for line in exposition.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("vsock_loadgen_failures_total{"):
            failed += int(float(value))
        elif name in _ACCOUNTS:
            values[_ACCOUNTS[name]] = int(float(value))
    return values | {"failed": failed}


_ACCOUNTS = {
    "vsock_loadgen_reports_due_total": "due",
    'vsock_loadgen_requests_total{result="success"}': "delivered",
    'vsock_loadgen_requests_total{result="context"}': "unfinished",
    "vsock_loadgen_reports_skipped_total": "skipped",
    "vsock_loadgen_bytes_total": "bytes",
}
