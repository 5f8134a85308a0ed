"""The options of a search, as written. The command line declares its options with this, and imports no more of the tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vsock_loadgen.config.expressions import plain_number

Vary = Literal["rate", "vms"]
"""What makes a load: how often VMs report, or how many VMs there are."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A load as it is written: reports per second, or else a factor or VMs, as the search varies them."""

    value: float
    per_second: bool
    text: str

    @classmethod
    def parse(cls, text: str) -> Amount:
        """The amount of a text, as in `100/s`, `2` or `5,000`. Raises ValueError."""
        number = text.strip().removesuffix("/s").replace(",", "")
        value = plain_number(number.strip())
        if value is None or not value:
            raise ValueError("expected reports per second such as 100/s, or a number above 0")
        return cls(float(value), text.strip().endswith("/s"), text.strip())


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a search, as written; None if not given."""

    vary: Vary = "rate"
    start: Amount | None = None
    highest: Amount | None = None
    at_least: Amount | None = None
    precision: float = 0.05
    confirm: int = 2
    ladder: tuple[Amount, ...] = ()
    """The loads that are tried, in place of a search."""
