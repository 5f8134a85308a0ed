"""What the live view shows, for Prometheus: the last ten seconds, thresholds, the verdict so far, and the phase of load.

As gauges, they say the same after one scrape as after a hundred: even a run of twenty seconds has them. A time among reports that
were not delivered is +Inf; a missing value is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import get_args

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.recent import RECENT_SECONDS, Recent
from vsock_loadgen.results.result import Status
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.results.thresholds import JudgedThreshold
from vsock_loadgen.serving.families import gauge
from vsock_loadgen.units import SECOND

_QUANTILES = (0.5, 0.95, 0.99)
_CLOCKS = {
    "response": ("response_time_seconds", "response time"),
    "service": ("request_latency_seconds", "service time"),
    "lag": ("schedule_lag_seconds", "schedule lag"),
}


def recent_metrics(recent: Recent) -> Iterator[Metric]:
    """Rates and percentiles of the last ten seconds."""
    counts = recent.counts
    rates = gauge("recent_reports_per_second", f"Reports per second in the last {RECENT_SECONDS} s, by outcome.", labels=("fate",))
    for fate in ("due", "delivered", "failed", "skipped"):
        rates.add_metric((fate,), recent.per_second(getattr(counts, fate)))
    yield rates
    for clock, (name, noun) in _CLOCKS.items():
        meaning = f"Percentiles of the {noun} in the last {RECENT_SECONDS} s; +Inf among reports that were not delivered."
        family = gauge(f"recent_{name}", meaning, labels=("quantile",), unit="seconds")
        _add_quantiles(family, getattr(recent.times, clock), recent.undelivered[clock])
        yield family


def _add_quantiles(family: GaugeMetricFamily, times: Histogram, undelivered: int) -> None:
    none = math.inf if times.count or undelivered else math.nan
    for share, value in zip(_QUANTILES, times.quantiles(_QUANTILES, undelivered), strict=True):
        family.add_metric((f"{share:g}",), none if value is None else value / SECOND)


def standing_metrics(standing: Standing) -> Iterator[Metric]:
    """Thresholds with what was found so far, and the verdict."""
    thresholds = standing.thresholds
    unit = "in seconds, percent or reports per second"
    yield _of_thresholds("limit", f"Limit of a threshold, {unit}.", thresholds)
    yield _of_thresholds("value", f"The figure so far, {unit}; +Inf among reports that were not delivered.", thresholds)
    yield _of_thresholds("met", "1 if a threshold is met so far, 0 if it is missed, NaN before it can be judged.", thresholds)
    verdict = gauge("verdict", "1 for the verdict if the run ended now; once it is over, for its verdict.", labels=("status",))
    for status in get_args(Status):
        verdict.add_metric((status,), int(standing.verdict is not None and standing.verdict.status == status))
    yield verdict


def _of_thresholds(what: str, meaning: str, thresholds: Sequence[JudgedThreshold]) -> Metric:
    family = gauge(f"threshold_{what}", meaning, labels=("threshold", "unit"))
    for threshold in thresholds:
        family.add_metric((threshold.expression, threshold.unit), _number(what, threshold))
    return family


def _number(what: str, threshold: JudgedThreshold) -> float:
    if what == "limit":
        return math.nan if threshold.limit is None else threshold.limit
    if threshold.passed is None:
        return math.nan
    if what == "met":
        return int(threshold.passed)
    return math.inf if threshold.value is None else threshold.value


def phase_metric(names: Sequence[str], now: str) -> Metric:
    """The current phase of load."""
    family = gauge("phase", "1 for the current phase of load, 0 for the others.", labels=("phase",))
    for name in dict.fromkeys(names):
        family.add_metric((name,), int(name == now))
    return family
