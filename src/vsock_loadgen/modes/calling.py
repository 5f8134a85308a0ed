"""VMs that send their reports when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from vsock_loadgen.asking.reconciling import AnyReconciler, relay_reconciler
from vsock_loadgen.config.address import EmbeddedAddress
from vsock_loadgen.config.model import Config
from vsock_loadgen.engine.sending import SendingOrders
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.log import Log
from vsock_loadgen.modes.mode import Decided, Prepared
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.receiver.embedded import EmbeddedReceiver
from vsock_loadgen.transport.endpoint import endpoint_of
from vsock_loadgen.transport.kernel import LinuxVsock, own_cid_of
from vsock_loadgen.transport.preflight import preflight


@dataclass(frozen=True, slots=True)
class Calling:
    """`go_on` skips the refusal of a vsock target that would leave this machine."""

    go_on: bool = False

    def settled(self, config: Config) -> Config:
        """As it is."""
        return config

    def prepare(self, decided: Decided, sending: ExitStack, stop: StopRequests) -> Prepared:
        """Check the target, and fork the embedded receiver, if there is one."""
        config = decided.config
        embedded = isinstance(config.target, EmbeddedAddress)
        receiver = sending.enter_context(EmbeddedReceiver(decode=decode)) if embedded else None
        with stop.at_once():
            target = receiver.address if receiver else preflight(config.target, go_on=self.go_on)
        endpoint = endpoint_of(target, report_bytes=decided.plan.forecast.largest_report_bytes)
        return Prepared(
            orders=SendingOrders(
                duration_ns=config.duration_ns,
                start_at_ns=config.start_at_ns,
                endpoint=endpoint,
                reports=decided.factory,
                request_timeout_ns=config.request_timeout_ns,
                confirmed=config.delivery == "confirmed",
            ),
            aim=str(config.target),
            where=str(config.target if embedded else endpoint.address),
            companion=receiver,
            hides_unread_close=endpoint.hides_unread_close,
            own_cid=own_cid_of(LinuxVsock()) if config.cids == "own" else None,
        )

    def reconciler(self, config: Config, log: Log, environment: Mapping[str, str]) -> AnyReconciler | None:
        """A relay's."""
        return relay_reconciler(config, log, environment)

    @property
    def foreseen(self) -> None:
        """Nothing asks."""

    @property
    def verb(self) -> str:
        """What they do."""
        return "report to"


CALLING = Calling()
"""Calls the relay of releases up to ACS 4.11."""
