"""Sensor's counters of its askings, under the names of both months' releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from prometheus_client.samples import Sample

from vsock_loadgen.asking.target_counters import ScrapeError, Source
from vsock_loadgen.results.sensor_reconciliation import PULL_PREFIX, SENSOR_PREFIX, SensorCounters, SensorReconciliation

_ATTEMPTS = frozenset(f"{PULL_PREFIX}{name}_total" for name in ("transport", "get_report", "scrape", "requests"))
"""An attempt is in one of the first three, or in the last as of August 2026; the label `status` says how it ended."""
_ACKS = f"{SENSOR_PREFIX}virtual_machine_index_report_acks_received_total"


def _counters(samples: Sequence[Sample]) -> SensorCounters:
    if not any(sample.name.startswith(PULL_PREFIX) for sample in samples):
        raise ScrapeError(f"has no metric {PULL_PREFIX}..., expected those of a Sensor that asks VMs for their reports")
    attempts: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for sample in samples:
        if sample.name in _ATTEMPTS:
            attempts[sample.labels["status"]] += int(sample.value)
        elif sample.name == _ACKS:
            said[sample.labels["action"]] += int(sample.value)
    return SensorCounters(attempts, said["ACK"], said["NACK"])


SENSOR = Source(SENSOR_PREFIX, _counters, SensorReconciliation.of)
"""A Sensor of releases after ACS 4.11."""
