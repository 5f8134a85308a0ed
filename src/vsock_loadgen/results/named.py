"""A result by the name under which people know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Annotated

from vsock_loadgen.record import FLAT, As, Record
from vsock_loadgen.results.result import Result
from vsock_loadgen.units import SECOND

_KEPT = ("verdict", "confirmation", "complete", "plan_digest", "elapsed_seconds", "totals", "failures")
_IN_SHORT = As(Result, lambda result: dict(zip(_KEPT, itemgetter(*_KEPT)(result.summary()), strict=True)), lambda result: result)


@dataclass(frozen=True, slots=True)
class Named(Record):
    """A result, and the file that it came from."""

    name: str
    result: Annotated[Result, _IN_SHORT, FLAT]

    @property
    def vms(self) -> range:
        """Global indices of its VMs."""
        first = self.result.slice["first_vm"]
        return range(first, first + self.result.slice["vms"])

    @property
    def node(self) -> int | None:
        """Index of its node; None where it is a sum of several nodes already."""
        index = self.result.slice.get("node_index")
        return index if isinstance(index, int) else None

    @property
    def began_ns(self) -> int:
        """Nanoseconds since the epoch at which its schedule began."""
        return round(datetime.fromisoformat(self.result.started_at).timestamp() * SECOND)

    @property
    def ended_ns(self) -> int:
        """Nanoseconds since the epoch at which its last report was over."""
        return self.began_ns + self.result.elapsed_ns
