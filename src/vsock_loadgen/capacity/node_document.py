"""What one node of several has seen of a ladder, as a document: a contract (`vsock-loadgen/ladder/v1`).

It has the trials of the node's VMs, and what is needed to add the nodes' documents up exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from vsock_loadgen.capacity.backlog import SLICES
from vsock_loadgen.capacity.cells import window_of
from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.trial import BATCHES
from vsock_loadgen.config.model import MOST_NODES
from vsock_loadgen.inputs import STDIN
from vsock_loadgen.measures.cells import PHASE
from vsock_loadgen.measures.figures import PartFigures
from vsock_loadgen.measures.histogram import AsHistogram, Histogram
from vsock_loadgen.measures.totals import RunTotals
from vsock_loadgen.outputs import write_text
from vsock_loadgen.record import Derived, MisfitError, Nanoseconds, Number, Record, Text, Whole, shown
from vsock_loadgen.results.ended import Instant
from vsock_loadgen.results.files import read_each

LADDER_SCHEMA = "vsock-loadgen/ladder/v1"
_HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class GoalKept(Record):
    """What a trial has seen of a goal: (over, of) for each batch of its window, and the times that its limit is about; None if
    it has no limit."""

    goal: Text
    batches: tuple[tuple[Whole, Whole], ...]
    times: AsHistogram | None


@dataclass(frozen=True, slots=True)
class TrialKept(Record):
    """What is kept of a trial: the response times of its window with the number of reports that have none, and what it has seen of
    each goal. `due` and `delivered` include those before its window: with the probes, what the target was sent."""

    number: Whole
    due: Whole
    delivered: Whole
    response: Annotated[AsHistogram, Field(alias="response_time")]
    undelivered: Whole
    goals: tuple[GoalKept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPart(Record):
    """A node's part of a ladder. `loads` are all that it had to try, and `outcome` is what its own VMs have seen: nothing follows
    from it for the fleet."""

    schema: ClassVar[Any] = Derived(lambda _: LADDER_SCHEMA)
    node_index: Whole
    node_count: Whole
    begins_at: Instant
    slot_ns: Annotated[Nanoseconds, Field(alias="slot_seconds")]
    loads: tuple[Number, ...]
    outcome: Capacity
    kept: tuple[TrialKept, ...]

    def checked(self) -> Self:
        """The part, once its kept data are checked to match its trials."""
        if not self.loads:
            raise MisfitError("found none, expected the loads of a ladder", "loads")
        if not self.node_index < self.node_count <= MOST_NODES:
            raise MisfitError(f"found {self.node_count}, expected more than node_index, and at most {MOST_NODES}", "node_count")
        if len(self.kept) != len(self.outcome.trials):
            raise MisfitError(f"found {len(self.kept)} trials, expected {len(self.outcome.trials)} as in outcome", "kept")
        for number, (trial, kept) in enumerate(zip(self.outcome.trials, self.kept, strict=True), 1):
            goals = tuple(each.goal for each in kept.goals)
            is_whole = goals == self.outcome.goals and all(len(each.batches) == BATCHES for each in kept.goals)
            if not (kept.number == trial.number == number and is_whole and len(trial.in_flight) == SLICES):
                raise MisfitError(f"the data kept of trial {number} do not match that trial", "kept")
        return self


def kept_of(number: int, goals: Iterable[Goal], totals: RunTotals) -> TrialKept:
    """What is kept of a trial."""
    parts = window_of(totals, PHASE)
    whole = PartFigures.together(parts)
    seen = tuple(_seen(goal, totals) for goal in goals)
    return TrialKept(number, totals.counts.due, totals.counts.delivered, whole.times.response, whole.counts.undelivered, seen)


def _seen(goal: Goal, totals: RunTotals) -> GoalKept:
    parts = window_of(totals, goal.scope)
    batches = tuple((goal.over(part), goal.due(part.counts)) for part in parts)
    times = None if goal.limit_ns is None else Histogram.merged(goal.times(part) for part in parts)
    return GoalKept(goal.expression, batches, times)


def write_part(part: LadderPart, path: Path) -> None:
    """Write a document, in one go. Raises OSError."""
    write_text(json.dumps(part.to_json()) + "\n", path)


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part under the name of its file."""

    name: str
    part: LadderPart


def read_parts(paths: Sequence[Path]) -> list[NamedPart]:
    """The parts in these files, in order. Raises ConfigError with a problem for every file that holds none."""
    return [NamedPart(name, part) for name, part in read_each(paths, part_of_document)]


def part_of_document(document: object) -> LadderPart:
    """The part in a plain document. Raises ValueError with a sentence about what was found."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != LADDER_SCHEMA:
        raise ValueError(f'not a node\'s part of a ladder: found "schema" {shown(schema)}, expected "{LADDER_SCHEMA}"')
    return LadderPart.read(document)


def are_parts(paths: Sequence[Path]) -> bool:
    """Whether one of these files begins like a part. Stdin is not checked, as it can be read only once."""
    return any(_is_part(path) for path in paths if path != STDIN)


def _is_part(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return f'"{LADDER_SCHEMA}"'.encode() in file.read(_HEAD_BYTES)
    except (OSError, ValueError):  # reported when it is read
        return False
