"""A search as terminal text: the outcome first, then its trials."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.capacity.search import Terms
from vsock_loadgen.capacity.timing import Expected
from vsock_loadgen.capacity.trial import Trial
from vsock_loadgen.text.capacity_sheet import goal_line, outcome_lines, sheet_of, span_text
from vsock_loadgen.text.console import rendered, table


def capacity_text(capacity: Capacity, *, width: int = 80, color: bool = False) -> str:
    """The outcome for people."""
    style = "bold green" if capacity.code == 0 else "bold red"
    first, *others = outcome_lines(capacity)
    parts: list[RenderableType] = [Text(first, style=style), *(Text(line) for line in others), ""]
    if capacity.trials:
        parts.append(trials_table(capacity.trials))
    return rendered(parts, width=width, color=color)


def trials_table(trials: Sequence[Trial]) -> Table:
    """The trials in their order, a row each; columns without room are left out."""
    sheet = sheet_of(trials)
    made = table("Trials", *(_broken(heading) for heading in sheet.headings))
    for row in sheet.rows:
        made.add_row(*row)
    return made


def _broken(heading: str) -> str:
    """A heading in two lines, if it has two parts: columns are as wide as their figures."""
    return heading.replace("/s", "\n/s") if heading == "delivered/s" else heading.replace(" ", "\n", 1)


def dry_run_text(terms: Terms, expected: Expected, first: str, *, width: int = 80) -> str:
    """What a search would do: its goals, its first load, its bounds, and how long it takes."""
    lines = [
        *map(goal_line, terms.goals),
        f"begins with {first}, and ends when its bounds are at most {100 * terms.precision:g} % apart",
        span_text(expected),
    ]
    return rendered([Text(line) for line in lines], width=width, color=False)
