"""A wall clock that is never set while it is read, so that gaps between its readings are time that has passed."""

from __future__ import annotations

import time
from collections.abc import Callable

from vsock_loadgen.units import SECOND


def steady_wall(
    wall: Callable[[], float] = time.time, boot_ns: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)
) -> Callable[[], float]:
    """The wall clock as it is now, continued by the boot clock: with suspensions, without later settings."""
    began, began_ns = wall(), boot_ns()
    return lambda: began + (boot_ns() - began_ns) / SECOND
