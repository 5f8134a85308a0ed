"""What a soak leaves behind to be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soak.faults import Fault
from soak.receivers import Counted
from soak.samples import Sample
from soak.visitors import Visits


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that was put in, from and to when, in seconds since the start of the schedule, catching up included."""

    fault: Fault
    began_seconds: float
    ended_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was seen of one soak.

    `result` is the run's document, `scraped` the totals of its last metrics (None where the soak was broken off), `planned` the
    number of instants in the plan, `counted` what all receivers together had. `exit_code` is the run's, `log` what it wrote,
    `left_behind` processes and files that should not be there any more. Samples before `warm_up_seconds` do not count.
    """

    vm_count: int
    seconds: float
    warm_up_seconds: float
    seed: int
    interrupted: bool
    result: Mapping[str, Any]
    scraped: Mapping[str, int] | None
    planned: int
    counted: Counted
    exit_code: int
    log: str
    left_behind: Sequence[str]
    injected: Sequence[Injected]
    samples: Sequence[Sample]
    visits: Mapping[str, Visits]

    @property
    def is_asked(self) -> bool:
        """Whether the fleet was asked for its reports instead of sending them."""
        return "askings" in self.result
