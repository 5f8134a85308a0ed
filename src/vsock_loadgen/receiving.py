"""Builds the stand-in for the relay, and lets it receive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from vsock_loadgen.config.address import Address
from vsock_loadgen.engine.machine import raise_descriptor_limit
from vsock_loadgen.engine.stopping import StopRequests
from vsock_loadgen.payloads.decode import decode
from vsock_loadgen.receiver.behaviour import Behaviour
from vsock_loadgen.receiver.exposition import exposition
from vsock_loadgen.receiver.server import Receiver
from vsock_loadgen.results.receipt import Receipt
from vsock_loadgen.transport.exposing import exposing
from vsock_loadgen.transport.listening import bound_at, listen, stop_listening


def receive(
    address: Address,
    behaviour: Behaviour,
    duration_ns: int | None,
    listening: Callable[[Address, str | None], None],
    *,
    metrics_port: int | None = None,
) -> Receipt:
    """Stand in for the relay on an address until a stop signal comes or the duration is over; returns what was counted.

    `listening` is called once connections are accepted, with the URL of the counters if a `metrics_port` serves them. Raises
    TargetError if the address or the port cannot be listened on.
    """
    raise_descriptor_limit()
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequests(after_ns=duration_ns))
        listener = listen(address)
        stack.callback(stop_listening, listener)
        receiver = Receiver(listener, decode=decode, behaviour=behaviour)
        stack.callback(receiver.close)
        page = exposing(metrics_port, lambda started: exposition(receiver.counters(), started)) if metrics_port else None
        metrics = stack.enter_context(page) if page else None
        listening(bound_at(address, listener), metrics)
        return receiver.run(stop.fileno())
