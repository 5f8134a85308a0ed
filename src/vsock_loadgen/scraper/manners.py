"""The faults that an asker injects on request."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """The ways in which an asker differs from one that reads at once and keeps what it has; by default in none.

    It reads `read_rate` bytes per second (0: all at once), drops each connection or stops reading it after some bytes of the
    response. It connects to each agent a second time while the first connection is open, or never closes one. It sends a share of
    its requests as bytes that are not requests. It refuses a share of the reports that it took: it asks for these again.
    """

    read_bytes_per_second: int = 0
    break_off_bytes: int | None = None
    stop_reading_bytes: int | None = None
    asks_twice: bool = False
    never_closes: bool = False
    rubbish: Fraction = Fraction(0)
    nacks: Fraction = Fraction(0)


GOOD = Manners()
