"""Whether a run lives and sends, for the probes of its supervisor."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.transport.web import Request, Response
from vsock_loadgen.units import SECOND

PATIENCE_NS = 30 * SECOND
"""A healthy run reports four times per second."""


class Health:
    """Answers `/healthz` (200, or 503 if the run has been silent for too long) and `/readyz` (503 until the schedule
    has started, 200 from then on). A run that is over is healthy and ready: its result is there."""

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._heard_ns = clock_ns()
        self._has_begun = False
        self._is_over = False

    def update(self, totals: RunTotals) -> None:
        """Note a sign of life of the run."""
        self._heard_ns = self._clock_ns()
        self._has_begun = self._has_begun or totals.elapsed_ns > 0

    def end(self) -> None:
        """Expect no more signs of life."""
        self._is_over = True

    def alive(self, request: Request) -> Response:
        """For a liveness probe."""
        silent_ns = self._clock_ns() - self._heard_ns
        if self._has_begun and not self._is_over and silent_ns > PATIENCE_NS:
            return _said(f"the run has been silent for {silent_ns // SECOND} s", HTTPStatus.SERVICE_UNAVAILABLE)
        return _said("ok")

    def ready(self, request: Request) -> Response:
        """For a startup or readiness probe."""
        if self._is_over:
            return _said("the run is over")
        return _said("ok") if self._has_begun else _said("the schedule has not started yet", HTTPStatus.SERVICE_UNAVAILABLE)


def _said(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(f"{text}\n".encode(), "text/plain; charset=utf-8", status)
