"""Whose counters are read for a run's other end: those of a relay that is called, or of a Sensor that asks."""

from __future__ import annotations

from collections.abc import Mapping

from vsock_loadgen.asking.sensor_counters import SENSOR
from vsock_loadgen.asking.target_counters import RELAY, Reconciler
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import expanded
from vsock_loadgen.log import Log
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.sensor_reconciliation import SensorCounters, SensorReconciliation

RelayReconciler = Reconciler[TargetCounters, Reconciliation]
AnyReconciler = RelayReconciler | Reconciler[SensorCounters, SensorReconciliation]


def relay_reconciler(config: Config, log: Log, environment: Mapping[str, str]) -> RelayReconciler | None:
    """What asks a relay for its counters, if that is wanted. Raises ConfigError if the environment lacks a variable."""
    if config.reconcile_url is None:
        return None
    if isinstance(config.target, EmbeddedAddress):
        log.alert("reconcile: not needed with the embedded receiver, which counts what arrived itself", "reconcile")
        return None
    return Reconciler(RELAY, expanded(config.reconcile_url, environment), log)


def sensor_reconciler(
    config: Config, log: Log, environment: Mapping[str, str]
) -> Reconciler[SensorCounters, SensorReconciliation] | None:
    """What asks a Sensor for its counters, if that is wanted. Raises ConfigError if the environment lacks a variable."""
    if config.reconcile_url is None:
        return None
    return Reconciler(SENSOR, expanded(config.reconcile_url, environment), log)
