"""The relay's counters over HTTP, as Prometheus reads them: one page, served beside the receiver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vsock_loadgen.errors import TargetError
from vsock_loadgen.results.reconciliation import PROCESS_START, RELAY_PREFIX, TargetCounters
from vsock_loadgen.transport.web import LOOPBACK, HttpServer, Request, Response

PATH = "/metrics"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
def exposing(port: int, counters: Callable[[], TargetCounters]) -> Iterator[str]:
    """Serve the counters on this machine's loopback address meanwhile; gives the URL. Raises TargetError."""
    started = time.time()

    def page(_request: Request) -> Response:
        return Response(exposition(counters(), started).encode(), _CONTENT_TYPE)

    try:
        server = HttpServer(LOOPBACK, port, {PATH: page})
    except OSError as error:
        raise TargetError(
            f"cannot serve metrics on {LOOPBACK}:{port}: {error.strerror or error}", "choose another --metrics-port"
        ) from error
    with server:
        yield f"{server.url}{PATH}"
