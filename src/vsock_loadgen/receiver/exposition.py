"""The relay's counters over HTTP, as Prometheus reads them: one page, served by a thread beside the receiver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from vsock_loadgen.errors import TargetError
from vsock_loadgen.measures.reconciliation import PROCESS_START, RELAY_PREFIX, TargetCounters

HOST = "127.0.0.1"
PATH = "/metrics"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CLIENT_TIMEOUT_SECONDS = 10


def exposition(counters: TargetCounters, process_start: float) -> str:
    """The counters under the relay's names, in Prometheus' text format; `process_start` is seconds since the epoch."""
    lines = [f"# TYPE {PROCESS_START} gauge", f"{PROCESS_START} {process_start:.3f}"]
    for name, labels, value in (
        ("connections_accepted_total", "", counters.accepted),
        ("index_reports_received_total", "", counters.received),
        ("index_reports_mismatching_vsock_cid_total", "", counters.mismatching_cid),
        ("reports_rate_limited_total", '{reason="normal"}', counters.rate_limited),
        ("sem_acquisition_failures_total", '{reason="concurrency_limit"}', counters.no_handler),
        ("index_reports_sent_total", '{failed="false"}', counters.forwarded),
        ("index_reports_sent_total", '{failed="true"}', counters.not_forwarded),
    ):
        kind = f"# TYPE {RELAY_PREFIX}{name} counter"
        lines += [kind] * (kind not in lines) + [f"{RELAY_PREFIX}{name}{labels} {value}"]
    return "\n".join(lines) + "\n"


@contextmanager
def serving(port: int, counters: Callable[[], TargetCounters]) -> Iterator[str]:
    """Serve the counters on this machine's loopback address meanwhile; gives the URL. Raises TargetError."""
    started = time.time()

    class Handler(BaseHTTPRequestHandler):
        """Answers for the one page that there is."""

        timeout = _CLIENT_TIMEOUT_SECONDS

        def do_GET(self) -> None:
            """The page with its body."""
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            """The page without it."""
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            is_known = self.path.partition("?")[0] == PATH
            body = (exposition(counters(), started) if is_known else f"expected {PATH}\n").encode()
            self.send_response(HTTPStatus.OK if is_known else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal shows what the receiver saw."""

    try:
        server = _Server((HOST, port), Handler)
    except OSError as error:
        raise TargetError(
            f"cannot serve metrics on {HOST}:{port}: {error.strerror or error}", "choose another --metrics-port"
        ) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="metrics", daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{port}{PATH}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each scrape; none keeps the receiver from ending, and a client that breaks off is no news."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Drop the connection silently."""
