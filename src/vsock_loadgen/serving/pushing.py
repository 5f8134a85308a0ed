"""The metrics of a run at its end, for a Prometheus Pushgateway: a Job is over before its last moment is scraped."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.exposition import push_to_gateway

from vsock_loadgen.config.places import shorten
from vsock_loadgen.config.reconcile import CountersUrl, expanded
from vsock_loadgen.errors import EXIT_DONE, EXIT_INTERNAL
from vsock_loadgen.log import Log
from vsock_loadgen.serving.metrics import Metrics
from vsock_loadgen.transport.direct import direct_opener

JOB = "vsock-loadgen"
TIMEOUT_SECONDS = 10.0
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class PushGateway:
    """A Pushgateway, and the group of metrics that this node's replace there: those of the same job and node."""

    url: CountersUrl
    node: int
    log: Log

    def push(self, metrics: Metrics, *, timeout_seconds: float = TIMEOUT_SECONDS) -> int:
        """Replace the metrics of the run before; returns the exit code of that. If the gateway does not take them, the log says
        so."""
        try:
            push_to_gateway(
                self.url.address,
                JOB,
                metrics.registry,
                grouping_key={"node": str(self.node)},
                timeout=timeout_seconds,
                handler=_direct,
            )
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError) as error:
            reason = shorten(self.url.without_values(str(getattr(error, "reason", error))), _LONGEST_REASON)
            self.log.alert(f"--push-gateway: {self.url.shown} did not take the metrics: {reason}", "push")
            return EXIT_INTERNAL
        self.log.line(f"metrics pushed to {self.url.shown} (job {JOB}, node {self.node})", "push")
        return EXIT_DONE


def push_gateway_of(template: str | None, node: int, log: Log, environment: Mapping[str, str]) -> PushGateway | None:
    """The gateway of a config, None if it has none. Raises ConfigError if the environment lacks a variable."""
    return None if template is None else PushGateway(expanded(template, environment, "pushGateway"), node, log)


def _direct(url: str, method: str, timeout: float | None, headers: Sequence[tuple[str, str]], data: bytes) -> Callable[[], None]:
    def send() -> None:
        request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)  # noqa: S310 (as the opener takes it)
        with direct_opener().open(request, timeout=timeout):
            pass

    return send
