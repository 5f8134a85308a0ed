"""Which VMs Sensor asks when: a pure function of what became of each asking, the settings and a seed.

The rules, and the settings by default, are those of Sensor's scraper in September 2026, or in August. Times are nanoseconds.
"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, Self

from vsock_loadgen.units import HOUR, MINUTE, SECOND, scaled

Release = Literal["august", "september"]
_LONGEST_BACKOFF_NS = 30 * MINUTE
_LONGEST_SPREAD_NS = 20 * MINUTE
_SPREADS = 3
_STEADY_SPREAD = Fraction(2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What Sensor is set to. Of a VM that has answered, the whole report is asked for every `refresh_ns`, whatever it has.

    With `is_spread` (September) the first askings are spread over the cold-start window, later ones by two thirds of the interval,
    and a tick starts no more than its share of the fleet; else (August) whatever is due is asked at once.
    """

    poll_ns: int = 4 * HOUR
    tick_ns: int = 10 * SECOND
    concurrency: int = 20
    timeout_ns: int = 30 * SECOND
    backoff_ns: int = 10 * SECOND
    refresh_ns: int = 4 * HOUR
    is_spread: bool = True

    @classmethod
    def of(cls, release: Release) -> Self:
        """The defaults of a month's release."""
        return cls() if release == "september" else cls(poll_ns=5 * MINUTE, is_spread=False)

    def scaled(self, time_scale: Fraction) -> Self:
        """All but the time-out divided by a factor, as the fleet's own intervals are."""
        return replace(
            self,
            poll_ns=scaled(self.poll_ns, time_scale),
            tick_ns=scaled(self.tick_ns, time_scale),
            backoff_ns=scaled(self.backoff_ns, time_scale),
            refresh_ns=scaled(self.refresh_ns, time_scale),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What Sensor never waits longer for, divided by the time scale as the settings are."""

    backoff_ns: int = _LONGEST_BACKOFF_NS
    spread_ns: int = _LONGEST_SPREAD_NS

    @classmethod
    def scaled(cls, time_scale: Fraction) -> Self:
        """Those at a time scale."""
        return cls(scaled(_LONGEST_BACKOFF_NS, time_scale), scaled(_LONGEST_SPREAD_NS, time_scale))


UNSCALED = Limits()


class Pacer:
    """The VMs 0 to `vms` - 1, each due again some time after its last asking came to its end."""

    def __init__(self, vms: int, settings: Settings, limits: Limits = UNSCALED, *, now_ns: int, seed: int = 0) -> None:
        self._settings = settings
        self._random = random.Random(f"{seed}/scrape").random  # noqa: S311 (to be repeated, not to be secret)
        self._window_ns = max(1, min(limits.spread_ns, settings.poll_ns // _SPREADS))
        self._longest_backoff_ns = min(settings.poll_ns, limits.backoff_ns)
        self._backoffs = [0] * vms
        self._heap = [(now_ns + (int(self._random() * self._window_ns) if settings.is_spread else 0), vm) for vm in range(vms)]
        heapq.heapify(self._heap)
        self._vms = vms

    def due(self, now_ns: int) -> list[int]:
        """The VMs that a tick at this moment asks: those that are due, as many as a tick may start."""
        taken: list[int] = []
        while self._heap and self._heap[0][0] <= now_ns and len(taken) < self.most_starts:
            taken.append(heapq.heappop(self._heap)[1])
        return taken

    @property
    def most_starts(self) -> int:
        """How many askings one tick may start."""
        if not self._settings.is_spread:
            return self._vms
        share = math.ceil(self._vms * self._settings.tick_ns / self._window_ns)
        return min(self._settings.concurrency, max(1, share))

    def settle(self, vm: int, now_ns: int) -> None:
        """A VM has answered, or has failed in a way that asking again soon would not help."""
        self._backoffs[vm] = 0
        spread = self._settings.poll_ns * _STEADY_SPREAD if self._settings.is_spread else 0
        heapq.heappush(self._heap, (now_ns + self._settings.poll_ns + int(self._random() * float(spread)), vm))

    def retry(self, vm: int, now_ns: int) -> None:
        """A VM is to be asked again soon."""
        before_ns = self._backoffs[vm]
        self._backoffs[vm] = min(self._longest_backoff_ns, 2 * before_ns if before_ns else self._settings.backoff_ns)
        heapq.heappush(self._heap, (now_ns + self._backoffs[vm], vm))
