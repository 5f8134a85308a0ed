"""Which VMs Sensor asks when: a pure function of the outcome of each asking, the settings and a seed. Times are nanoseconds."""

from __future__ import annotations

import heapq
import random

from vsock_loadgen.plan.polling import Settings


class Pacer:
    """The VMs 0 to `vms` - 1, each due again some time after its last asking ended."""

    def __init__(self, vms: int, settings: Settings, *, now_ns: int, seed: int = 0) -> None:
        self._settings = settings
        self._random = random.Random(f"{seed}/scrape").random  # noqa: S311 (to be repeated, not to be secret)
        self._backoffs = [0] * vms
        window_ns = settings.window_ns if settings.is_spread else 0
        self._heap = [(now_ns + int(self._random() * window_ns), vm) for vm in range(vms)]
        heapq.heapify(self._heap)
        self.most_starts = settings.most_starts(vms)
        """How many askings one tick may start."""

    def due(self, now_ns: int) -> list[int]:
        """The VMs that a tick at this moment asks: those that are due, as many as a tick may start."""
        taken: list[int] = []
        while self._heap and self._heap[0][0] <= now_ns and len(taken) < self.most_starts:
            taken.append(heapq.heappop(self._heap)[1])
        return taken

    def settle(self, vm: int, now_ns: int) -> None:
        """A VM has answered, or has failed in a way that asking again soon would not help."""
        self._backoffs[vm] = 0
        spread_ns = int(self._random() * self._settings.spread_ns)
        heapq.heappush(self._heap, (now_ns + self._settings.poll_ns + spread_ns, vm))

    def retry(self, vm: int, now_ns: int) -> None:
        """A VM is to be asked again soon."""
        before_ns = self._backoffs[vm]
        self._backoffs[vm] = min(self._settings.longest_backoff_ns, 2 * before_ns if before_ns else self._settings.backoff_ns)
        heapq.heappush(self._heap, (now_ns + self._backoffs[vm], vm))
