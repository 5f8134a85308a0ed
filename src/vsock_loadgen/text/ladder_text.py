"""A ladder as terminal text: what it would do, and what one node of several has seen of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from vsock_loadgen.capacity.goals import Goal
from vsock_loadgen.capacity.ladder import Ladder
from vsock_loadgen.capacity.node_document import LadderPart
from vsock_loadgen.capacity.trial import Level
from vsock_loadgen.text.capacity_sheet import goal_line, level_text
from vsock_loadgen.text.capacity_text import trials_table
from vsock_loadgen.text.console import rendered
from vsock_loadgen.units import format_duration


def ladder_text(ladder: Ladder, goals: Sequence[Goal], levels: Sequence[Level], *, width: int = 80) -> str:
    """What a ladder would do: its goals, its slots, and the load of each."""
    lengths, count = ladder.lengths, len(ladder.loads)
    whole = format_duration(count * ladder.slot_ns)
    lines = [
        *map(goal_line, goals),
        f"{count} {'slot' if count == 1 else 'slots'} of {format_duration(ladder.slot_ns)}, {whole} in all; in each "
        f"{format_duration(lengths.settle_ns)} to settle, {format_duration(lengths.window_ns)} measured, up to "
        f"{format_duration(ladder.drain_ns)} until nothing is in flight, the rest for the target to recover",
        *(f"after {format_duration(number * ladder.slot_ns)}: {level_text(level)}" for number, level in enumerate(levels)),
    ]
    return rendered([Text(line) for line in lines], width=width, color=False)


def node_text(part: LadderPart, *, width: int = 80, color: bool = False) -> str:
    """What one node has seen, for people."""
    tried = len(part.kept)
    parts: list[RenderableType] = [
        Text(f"node {part.node_index} of {part.node_count}: {tried} of {len(part.loads)} loads tried", style="bold"),
        Text("due/s is that of the whole fleet, all else is of this node's VMs: alone it proves nothing"),
        Text("the outcome: vsock-loadgen compare --merge, with the documents of all nodes"),
        "",
    ]
    if part.outcome.trials:
        parts.append(trials_table(part.outcome.trials))
    return rendered(parts, width=width, color=color)
