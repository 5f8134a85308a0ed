"""What ends the schedule of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Cause = Literal["duration", "signal", "abort", "worker", "silence", "receiver"]
"""What ends a run: its `duration`; a stop `signal`; a missed threshold (`abort`); the loss of a `worker`, or its `silence`, for
which its parent ended it; the loss of the embedded `receiver`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A schedule that was ended `at_ns` from its start, which may be before it; `signal` is the name of the one that did it."""

    by: Cause
    at_ns: int
    signal: str | None = None
