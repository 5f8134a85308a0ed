"""Everything that a run serves over HTTP: an observer of the run, and a table of paths."""

from __future__ import annotations

from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.results.result import Result
from vsock_loadgen.serving.health import Health
from vsock_loadgen.serving.live_result import LiveResult
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.transport.web import Route


class Pages:
    """Keeps the metrics, the live page and the answers to probes up to date."""

    def __init__(self, metrics: Metrics, live: LiveResult, health: Health) -> None:
        self._metrics = metrics
        self._live = live
        self._health = health

    def routes(self) -> dict[str, Route]:
        """The answer of each path."""
        return {
            "/": self._live.page,
            "/metrics": self._metrics.page,
            "/result.json": self._live.document,
            "/healthz": self._health.alive,
            "/readyz": self._health.ready,
        }

    def update(self, totals: RunTotals) -> None:
        """Show the state of the run."""
        self._metrics.update(totals)
        self._live.update(totals)
        self._health.update(totals)

    def end(self, totals: RunTotals, result: Result) -> None:
        """Show the run's end."""
        self._metrics.update(totals, result)
        self._live.end(result)
        self._health.end()
