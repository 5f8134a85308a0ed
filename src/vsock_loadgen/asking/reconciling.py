"""Whose counters are read for a run's other end: those of a relay that is called, or of a Sensor that asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vsock_loadgen.asking.central_counters import CENTRAL
from vsock_loadgen.asking.sensor_counters import SENSOR
from vsock_loadgen.asking.target_counters import RELAY, Reconciler
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.config.reconcile import expanded
from vsock_loadgen.errors import ConfigError
from vsock_loadgen.log import Log
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.results.central_limiter import CentralLimiter, LimiterCounters
from vsock_loadgen.results.reconciliation import Reconciliation, TargetCounters
from vsock_loadgen.results.sensor_reconciliation import SensorCounters, SensorReconciliation

RelayReconciler = Reconciler[TargetCounters, Reconciliation]


@dataclass(frozen=True, slots=True)
class SensorReconciler:
    """Scrapes a Sensor, and a Central beside it if that is wanted."""

    sensor: Reconciler[SensorCounters, SensorReconciliation]
    central: Reconciler[LimiterCounters, CentralLimiter] | None

    def before(self) -> None:
        """Scrape at the start of the run."""
        self.sensor.before()
        if self.central:
            self.central.before()

    def after(self, counts: Counts, hurry: Callable[[], bool]) -> SensorReconciliation:
        """Scrape at its end, as `Reconciler.after` does."""
        found = self.sensor.after(counts, hurry)
        return replace(found, central=self.central.after(counts, hurry)) if self.central else found


AnyReconciler = RelayReconciler | SensorReconciler


def relay_reconciler(config: Config, log: Log, environment: Mapping[str, str]) -> RelayReconciler | None:
    """What asks a relay for its counters, if that is wanted. Raises ConfigError if the environment lacks a variable, or if
    Central is to be asked as well."""
    _refuse_central(config, "expected it of a fleet that is asked")
    if config.reconcile_url is None:
        return None
    if isinstance(config.target, EmbeddedAddress):
        log.alert("reconcile: not needed with the embedded receiver, which counts what arrived itself", "reconcile")
        return None
    return Reconciler(RELAY, expanded(config.reconcile_url, environment), log)


def sensor_reconciler(config: Config, log: Log, environment: Mapping[str, str]) -> SensorReconciler | None:
    """What asks a Sensor for its counters, if that is wanted. Raises ConfigError if the environment lacks a variable, or if only
    Central is to be asked."""
    if config.reconcile_url is None:
        _refuse_central(config, "expected reconcile with the URL of Sensor's metrics beside it")
        return None
    sensor = Reconciler(SENSOR, expanded(config.reconcile_url, environment), log)
    url = config.reconcile_central
    return SensorReconciler(sensor, Reconciler(CENTRAL, expanded(url, environment, "reconcileCentral"), log) if url else None)


def _refuse_central(config: Config, expected: str) -> None:
    if config.reconcile_central is not None:
        raise ConfigError([config.problem("reconcileCentral", f"found {config.reconcile_central}, {expected}")])
