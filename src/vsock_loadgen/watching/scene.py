"""What there is to show of a run at one instant: all that a picture is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vsock_loadgen.log import Entry
from vsock_loadgen.measures.histogram import Histogram
from vsock_loadgen.measures.knowledge import Knowledge
from vsock_loadgen.measures.outcome import FailureClass, Mode
from vsock_loadgen.measures.snapshot import Counts
from vsock_loadgen.plan.shape import Shape
from vsock_loadgen.results.standing import Standing
from vsock_loadgen.watching.groups import GroupRows
from vsock_loadgen.watching.pace import Rates


@dataclass(frozen=True, slots=True)
class Clock:
    """Quantiles of one of the clocks, in nanoseconds: P50, P95, P99, P99.9 and the largest of the shown stretch, P50 and P99 of the
    last ten seconds. None if nothing was recorded, or if it falls among the reports that were `undelivered`."""

    name: str
    figures: Sequence[int | None] = (None,) * 5
    lately: Sequence[int | None] = (None,) * 2
    undelivered: int = 0
    lately_undelivered: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is being run: all that does not change during the run. `duration_ns` 0 means until it is stopped; `groups` are as they
    were before it began, `shape` has the phases of load. `mode` says who opens connections."""

    title: str
    duration_ns: int
    groups: Sequence[GroupRows] = ()
    shape: Shape | None = None
    mode: Mode = "push"


@dataclass(frozen=True, slots=True)
class Looked:
    """The shown stretch, the whole run or its last ten seconds: its counts, the response times of what was delivered, and how many
    reports were not."""

    counts: Counts
    response: Histogram = field(default_factory=Histogram)
    undelivered: int = 0
    is_recent: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to show at one instant. `offered`, `achieved`, `in_flight` and `asked` are reports and askings in each whole
    second so far. `has_keys` says whether there are keys to press; with `is_help`, they are explained."""

    subject: Subject
    elapsed_ns: int
    zero_wall_ns: int
    is_stopping: bool
    counts: Counts
    looked: Looked
    standing: Standing
    rates: Rates
    offered: Sequence[int]
    achieved: Sequence[int]
    in_flight: Sequence[int]
    asked: Sequence[int]
    clocks: Sequence[Clock]
    errors: Mapping[FailureClass, str]
    groups: Sequence[GroupRows]
    entries: Sequence[Entry]
    knowledge: Knowledge | None = None
    has_keys: bool = False
    is_help: bool = False
