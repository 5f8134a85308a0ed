"""How the stand-in misbehaves on request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

MOST_BYTES = 16_384 * 1024
"""What the relay reads from one connection at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The ways in which a receiver differs from one that reads at once and closes at once; by default in none.

    Times are nanoseconds, sizes bytes. Connections that the receiver ends by its own decision count as rejected.
    """

    close_delay_ns: int = 0
    """Wait between the end of a report and the close that confirms it."""
    read_bytes_per_second: int = 0
    """Pace of reading, per connection; 0 reads as fast as the data comes."""
    close_after_bytes: int | None = None
    """Close every connection once so many of its bytes were read; 0 closes it when it is accepted."""
    reset: bool = False
    """With `close_after_bytes`: close abortively, with data unread, so that the peer sees a reset and not an end."""
    refuse_after: int | None = None
    """Accept so many connections and then no more: the listener stays, and its backlog fills."""
    stall: tuple[int, int] | None = None
    """(start, length): from so long after the first connection, do nothing at all for so long, then go on."""
    most_connections: int = 0
    """Connections that are handled at once, 0 for any number. Others are accepted and wait their turn unread."""
    wait_for_handler_ns: int = 0
    """How long a connection waits for its turn before it is closed unread; 0 does not wait at all."""
    most_bytes: int = MOST_BYTES
    """Size of the largest report that is taken; a connection that sends more is closed."""
    read_deadline_ns: int = 0
    """Longest time for reading one report, 0 for any."""
    checked_cid: int | Literal["peer"] | None = None
    """The CID that every report must carry, or that of its own connection (`peer`, vsock only); others are thrown away."""
    most_reports_a_minute: float = 0.0
    """Reports of one VM that are forwarded in a minute, 0 for any number; others are thrown away."""

    def __post_init__(self) -> None:
        """Raise ValueError for a combination that cannot be meant."""
        if self.reset and self.close_after_bytes is None:
            raise ValueError("reset needs close_after_bytes: expected the number of bytes after which to reset")
        if self.wait_for_handler_ns and not self.most_connections:
            raise ValueError("wait_for_handler_ns needs most_connections: expected a limit to wait for")
        if math.isnan(self.most_reports_a_minute):
            raise ValueError("most_reports_a_minute is not a number, expected 0 or more")
        negative = [name for name, value in self._numbers() if value < 0]
        if negative:
            raise ValueError(f"{negative[0]} is negative, expected 0 or more")

    def _numbers(self) -> list[tuple[str, float]]:
        start, length = self.stall or (0, 0)
        return [
            ("close_delay_ns", self.close_delay_ns),
            ("read_bytes_per_second", self.read_bytes_per_second),
            ("close_after_bytes", self.close_after_bytes or 0),
            ("refuse_after", self.refuse_after or 0),
            ("stall", min(start, length)),
            ("most_connections", self.most_connections),
            ("wait_for_handler_ns", self.wait_for_handler_ns),
            ("most_bytes", self.most_bytes),
            ("read_deadline_ns", self.read_deadline_ns),
            ("most_reports_a_minute", self.most_reports_a_minute),
        ]
