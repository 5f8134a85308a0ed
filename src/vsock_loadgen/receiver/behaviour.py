"""The faults that the stand-in relay injects on request."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from vsock_loadgen.receiver.delays import Delays
from vsock_loadgen.units import SECOND

MOST_BYTES = 16_384 * 1024
"""What the relay reads from one connection at most."""
RELAY_HANDLER_WAIT_NS = 5 * SECOND
"""How long the relay lets a connection wait for one of its handlers."""


@dataclass(frozen=True, slots=True)
class Knob:
    """The option that asks for one fault; what is `shown` there stands for the default."""

    flag: str
    form: Literal["count", "duration", "delays", "rate", "stall", "cid", "yes"]
    says: str
    metavar: str = "N"
    least: int = 0
    shown: int | None = None


def _knob(default: Any, flag: str, form: Any, says: str, **more: Any) -> Any:
    return field(default=default, metadata={"knob": Knob(flag, form, says, **more)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The ways in which a receiver differs from one that reads at once and closes at once; by default in none.

    Times are nanoseconds, sizes bytes, a stall is (start, length); 0 and None turn a way off. A close delay is the
    one that holds when the connection has been read, by the time since the receiver's start. Connections that the receiver itself
    decides to end count as rejected.
    """

    close_delay: Delays = _knob(
        Delays(),
        "--close-delay",
        "delays",
        "Delay closing a connection that was read. 50ms,100ms@60s: by 50ms, and from 60s after the start by 100ms.",
    )
    read_bytes_per_second: int = _knob(
        0, "--read-rate", "count", "Read each connection at BYTES per second.", metavar="BYTES", least=1
    )
    close_after_bytes: int | None = _knob(
        None, "--close-after", "count", "Close each connection after BYTES; 0 at once.", metavar="BYTES"
    )
    reset: bool = _knob(False, "--reset", "yes", "With --close-after: close with data unread, so that the sender sees a reset.")
    refuse_after: int | None = _knob(None, "--refuse-after", "count", "Accept N connections, then let the backlog fill.")
    stall: tuple[int, int] | None = _knob(None, "--stall", "stall", "Do nothing for LENGTH, from START after the first connection.")
    most_connections: int = _knob(
        0, "--max-connections", "count", "Handle at most N connections at once; the relay has 50.", least=1
    )
    wait_for_handler_ns: int | None = _knob(
        None,
        "--handler-wait",
        "duration",
        "With --max-connections: close a connection unread after it waited DURATION. [default: 5s, as the relay]",
    )
    most_bytes: int = _knob(
        MOST_BYTES, "--max-bytes", "count", "Reject reports that are larger.", metavar="BYTES", least=1, shown=MOST_BYTES
    )
    read_deadline_ns: int = _knob(0, "--read-deadline", "duration", "Reject a report that takes longer to read; the relay has 10s.")
    checked_cid: int | Literal["peer"] | None = _knob(
        None,
        "--check-cid",
        "cid",
        "Discard reports with another CID than this one, or than that of their connection (peer, vsock only), as the relay does.",
    )
    most_reports_a_minute: float = _knob(
        0.0, "--max-reports-per-minute", "rate", "Discard what a VM sends beyond N reports per minute; the relay has 1."
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a combination that makes no sense."""
        if self.reset and self.close_after_bytes is None:
            raise ValueError("reset needs close_after_bytes: expected the number of bytes after which to reset")
        if self.wait_for_handler_ns is not None and not self.most_connections:
            raise ValueError("wait_for_handler_ns needs most_connections: expected a limit to wait for")
        if math.isnan(self.most_reports_a_minute):
            raise ValueError("most_reports_a_minute is not a number, expected 0 or more")
        for name, value in self._numbers():
            if value < 0:
                raise ValueError(f"{name} is negative, expected 0 or more")

    @property
    def handler_wait_ns(self) -> int:
        """How long a connection waits for a handler if there are not enough."""
        return RELAY_HANDLER_WAIT_NS if self.wait_for_handler_ns is None else self.wait_for_handler_ns

    def _numbers(self) -> Iterator[tuple[str, float]]:
        for each in fields(self):
            value = getattr(self, each.name)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, int | float):
                    yield each.name, number


def knobs() -> dict[str, Knob]:
    """The option of each field of a Behaviour, in their order."""
    return {each.name: each.metadata["knob"] for each in fields(Behaviour)}
