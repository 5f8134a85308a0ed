"""How long each worker has said nothing, in time during which its parent was awake to hear it."""

from __future__ import annotations

from collections.abc import Iterable

from vsock_loadgen.units import SECOND

PATIENCE_NS = 30 * SECOND
"""A live worker reports four times per second, even on a busy machine."""
_LONGEST_GAP_NS = SECOND // 2


class Silence:
    """Counts the silence of workers. If the parent was stopped, or the machine suspended, the workers may have been too: a gap
    between two checks counts only as far as an awake parent leaves one."""

    def __init__(self, workers: Iterable[int], now_ns: int) -> None:
        self._looked_ns = now_ns
        self._silent_ns = dict.fromkeys(workers, 0)

    def look(self, now_ns: int) -> None:
        """Note the present, and that the parent is awake."""
        gap_ns = min(now_ns - self._looked_ns, _LONGEST_GAP_NS)
        self._looked_ns = now_ns
        for worker in self._silent_ns:
            self._silent_ns[worker] += gap_ns

    def end(self, worker: int) -> None:
        """Note that a worker has reported."""
        self._silent_ns[worker] = 0

    def beyond_patience(self, workers: Iterable[int]) -> list[int]:
        """Those of the workers that have been silent for too long."""
        return [worker for worker in workers if self._silent_ns[worker] > PATIENCE_NS]
