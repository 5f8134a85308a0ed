"""How an asker misbehaves because it was asked to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """The ways in which an asker differs from one that reads at once and keeps what it has; by default in none.

    It reads so many bytes a second (0: all at once), breaks each connection off after so many bytes of the response, connects to
    each agent a second time while the first is open, and refuses a share of the reports that it took: it asks for these again.
    """

    read_bytes_per_second: int = 0
    break_off_bytes: int | None = None
    asks_twice: bool = False
    nacks: Fraction = Fraction(0)


GOOD = Manners()
