"""What a mode decides about a run before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from vsock_loadgen.asking.reconciling import AnyReconciler
from vsock_loadgen.cluster.identity import Identity
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.engine.worker import Orders
from vsock_loadgen.errors import Problem
from vsock_loadgen.log import Log
from vsock_loadgen.payloads.reports import ReportFactory
from vsock_loadgen.plan.planning import Plan
from vsock_loadgen.plan.polling import Settings
from vsock_loadgen.plan.slices import NodeSlice
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.results.scraped import Scraped
from vsock_loadgen.serving.pushing import PushGateway


@dataclass(frozen=True, slots=True)
class Decided:
    """A run with everything that can be known before its target is touched."""

    config: Config
    identity: Identity
    plan: Plan
    factory: ReportFactory
    reconciler: AnyReconciler | None
    gateway: PushGateway | None
    warnings: tuple[Problem, ...]

    @property
    def mine(self) -> NodeSlice:
        """The part of the fleet that this process has."""
        return self.plan.nodes[self.identity.index]


class Companion(Protocol):
    """The other side of a run, embedded in a process beside it."""

    def stop(self) -> Receipt | Scraped:
        """Let it finish; returns what it counted. Raises CompanionLostError if it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that can be forked: what its workers do. `aim` is where reports go as the config says it, `where` as it is. With an
    `own_cid` every report carries that. `listen` is where a fleet that is asked listens, and `asker` has the settings of an
    embedded asker."""

    orders: Orders
    aim: str
    where: str
    companion: Companion | None = None
    hides_unread_close: bool = False
    own_cid: int | None = None
    listen: str | None = None
    asker: Settings | None = None


class Mode(Protocol):
    """One way for reports to get to the other side."""

    def settled(self, config: Config) -> Config:
        """The config, with what the mode requires. Raises ConfigError if the config contradicts it."""

    def prepare(self, decided: Decided, sending: ExitStack, stop: StopRequests) -> Prepared:
        """Check what the run needs around it, and start what runs beside it, before anything else is forked. What ends with the run
        goes to `sending`. Raises LoadgenError."""

    def reconciler(self, config: Config, log: Log, environment: Mapping[str, str]) -> AnyReconciler | None:
        """What asks the other end for its counters, if that is wanted. Raises ConfigError."""

    @property
    def foreseen(self) -> Settings | None:
        """The asker that the plan assumes; None if reports are sent."""

    @property
    def verb(self) -> str:
        """What VMs do, as the line at the start says it."""
