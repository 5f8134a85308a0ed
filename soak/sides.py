"""The other side of a run that soaks: receivers that reports are sent to, or askers that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.running import PRODUCT, free_port

from soak.askers import AskerInjector, Askers
from soak.faults import ASKER_KINDS, KINDS, AskerKind, Fault, Kind
from soak.injecting import Injector, Wait
from soak.receivers import Counted, Receivers
from soak.visitors import Visitors

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
REQUEST_TIMEOUT_SECONDS = 30
AGENTS = {
    "faults": {
        "notReady": 1,
        "busy": 1,
        "internal": 1,
        "unknownMethod": 1,
        "dialError": 1,
        "drop": 1,
        "truncated": 1,
        "stalled": 0.1,
        "oversized": 1,
    },
    "restartEvery": "24h",
}
"""What the agents of a fleet that is asked do by themselves."""


class Puts(Protocol):
    """Puts a fault in, and takes it back."""

    def inject(self, fault: Fault) -> None:
        """One fault from its beginning to its end."""


class Side(Protocol):
    """What a soak needs to know of whoever is at the other end. `example` is the fleet, `kinds` the faults that there are."""

    example: Path
    kinds: Sequence[Kind | AskerKind]

    def keys(self) -> dict[str, Any]:
        """What the run's config says because of it."""

    def command(self, config: Path) -> list[str | Path]:
        """What is run."""

    def stand(self) -> None:
        """Be there before the run is."""

    def begin(self) -> None:
        """The run's schedule has started."""

    def pid(self) -> int:
        """The process that stands there now."""

    def injector(self, visitors: Visitors, reports_per_second: float, wait: Wait) -> Puts:
        """What puts faults in."""

    def due(self, planned: int, vms: int) -> int:
        """How many reports are due where so many instants are planned."""

    def end_all(self) -> Counted:
        """End whoever still runs; what all of them counted."""

    def kill_all(self) -> None:
        """Leave nothing running, whatever happened."""


class Called:
    """Receivers, which a run sends to."""

    example = EXAMPLES / "fleet-200.yaml"
    kinds: Sequence[Kind | AskerKind] = KINDS

    def __init__(self, folder: Path) -> None:
        self._receivers = Receivers(folder, longest_wait_seconds=1.5 * REQUEST_TIMEOUT_SECONDS)
        self._receivers.target.unlink(missing_ok=True)

    def keys(self) -> dict[str, Any]:
        """Where to send."""
        return {"requestTimeout": f"{REQUEST_TIMEOUT_SECONDS}s", "target": f"unix://{self._receivers.target}"}

    def command(self, config: Path) -> list[str | Path]:
        """The verb that sends."""
        return [PRODUCT, "run", "--config", config]

    def stand(self) -> None:
        """The first receiver."""
        self._receivers.stand(self._receivers.start())

    def begin(self) -> None:
        """Receivers wait for what comes."""

    def pid(self) -> int:
        """The receiver behind the target."""
        return self._receivers.standing.process.pid

    def injector(self, visitors: Visitors, reports_per_second: float, wait: Wait) -> Puts:
        """What receivers do wrong."""
        return Injector(self._receivers, visitors, reports_per_second, wait)

    def due(self, planned: int, vms: int) -> int:
        """Those that are planned."""
        return planned

    def end_all(self) -> Counted:
        """End every receiver."""
        return self._receivers.end_all()

    def kill_all(self) -> None:
        """Leave nothing running."""
        self._receivers.kill_all()


class Asked:
    """Askers, which come to a run."""

    example = EXAMPLES / "fleet-pull.yaml"
    kinds: Sequence[Kind | AskerKind] = ASKER_KINDS

    def __init__(self, folder: Path) -> None:
        self._askers = Askers(folder, f"http://127.0.0.1:{free_port()}")

    def keys(self) -> dict[str, Any]:
        """Agents that have faults of their own, which is no fault of whoever asks."""
        return {"serve": AGENTS, "maxLost": 100}

    def command(self, config: Path) -> list[str | Path]:
        """The verb that is asked."""
        return [PRODUCT, "serve", "--config", config, "--listen", self._askers.url]

    def stand(self) -> None:
        """Askers come later."""

    def begin(self) -> None:
        """The first asker."""
        self._askers.start()

    def pid(self) -> int:
        """Whoever asks."""
        return self._askers.pid

    def injector(self, visitors: Visitors, reports_per_second: float, wait: Wait) -> Puts:
        """What askers do wrong."""
        return AskerInjector(self._askers, visitors, wait)

    def due(self, planned: int, vms: int) -> int:
        """Those that are planned, and the one that every VM has when the run begins."""
        return planned + vms

    def end_all(self) -> Counted:
        """End whoever asks."""
        return self._askers.end_all()

    def kill_all(self) -> None:
        """Leave nothing running."""
        self._askers.kill_all()
