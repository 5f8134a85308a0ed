"""Sensor's settings, and its schedule: for the stand-in that keeps it, and for the plan that forecasts it.

The rules, and the settings by default, are those of Sensor's scraper in September 2026, or in August. Times are nanoseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, Self

from vsock_loadgen.units import HOUR, MINUTE, SECOND, scaled

Release = Literal["august", "september"]
_SPREADS = 3
_STEADY_SPREAD = Fraction(2, 3)
_SCALED = ("poll_ns", "tick_ns", "backoff_ns", "refresh_ns", "most_backoff_ns", "most_window_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sensor's settings. The whole report of a VM that has answered is asked for every `refresh_ns`, changed or not.

    With `is_spread` (September) the first askings are spread over the cold-start window, later ones by two thirds of the interval.
    A tick then starts no more than its share of the fleet; else (August) all VMs that are due are asked at once.
    """

    poll_ns: int = 4 * HOUR
    tick_ns: int = 10 * SECOND
    concurrency: int = 20
    timeout_ns: int = 30 * SECOND
    backoff_ns: int = 10 * SECOND
    refresh_ns: int = 4 * HOUR
    is_spread: bool = True
    most_backoff_ns: int = 30 * MINUTE
    most_window_ns: int = 20 * MINUTE

    @classmethod
    def of(cls, release: Release) -> Self:
        """The defaults of a month's release."""
        return cls() if release == "september" else cls(poll_ns=5 * MINUTE, is_spread=False)

    def scaled(self, time_scale: Fraction) -> Self:
        """All but the time-out divided by a factor, as the fleet's own intervals are."""
        divided: dict[str, Any] = {name: scaled(getattr(self, name), time_scale) for name in _SCALED}
        return replace(self, **divided)

    def document(self) -> dict[str, object]:
        """The settings, as documents have them."""
        return {
            "sensor_release": "september" if self.is_spread else "august",
            "poll_interval_seconds": self.poll_ns / SECOND,
            "tick_interval_seconds": self.tick_ns / SECOND,
            "concurrency": self.concurrency,
            "vm_timeout_seconds": self.timeout_ns / SECOND,
            "initial_backoff_seconds": self.backoff_ns / SECOND,
            "refresh_interval_seconds": self.refresh_ns / SECOND,
        }

    @property
    def window_ns(self) -> int:
        """The cold-start window, over which the first askings of a fleet are spread."""
        return max(1, min(self.most_window_ns, self.poll_ns // _SPREADS))

    @property
    def spread_ns(self) -> int:
        """How much longer than the interval a VM may wait for its next asking."""
        return int(self.poll_ns * _STEADY_SPREAD) if self.is_spread else 0

    @property
    def longest_backoff_ns(self) -> int:
        """The longest time after which a VM that was not ready is asked again."""
        return min(self.poll_ns, self.most_backoff_ns)

    def most_starts(self, vms: int) -> int:
        """How many askings one tick may start."""
        if not self.is_spread:
            return vms
        return min(self.concurrency, max(1, math.ceil(vms * self.tick_ns / self.window_ns)))
