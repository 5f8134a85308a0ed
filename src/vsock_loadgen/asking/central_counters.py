"""Central's counters of the index reports that its rate limiter let pass, or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from prometheus_client.samples import Sample

from vsock_loadgen.asking.target_counters import ScrapeError, Source
from vsock_loadgen.results.central_limiter import LIMITER_PREFIX, CentralLimiter, LimiterCounters

_REQUESTS = f"{LIMITER_PREFIX}requests_total"
_WORKLOAD = "vm_index_reports"


def _counters(samples: Sequence[Sample]) -> LimiterCounters:
    if not any(sample.name.startswith(LIMITER_PREFIX) for sample in samples):
        raise ScrapeError(f"has no metric {LIMITER_PREFIX}..., expected those of a Central with a rate limiter")
    outcomes: Counter[str] = Counter()
    for sample in samples:
        if sample.name == _REQUESTS and sample.labels.get("workload") == _WORKLOAD:
            outcomes[sample.labels["outcome"]] += int(sample.value)
    return LimiterCounters(outcomes)


CENTRAL = Source(LIMITER_PREFIX, _counters, CentralLimiter.of)
"""A Central of releases after ACS 4.11."""
