"""The outcome of a search in Markdown, for a pull request: what was found, and the trials that show it."""

from __future__ import annotations

from vsock_loadgen.capacity.outcome import Capacity
from vsock_loadgen.text.capacity_sheet import outcome_lines, sheet_of
from vsock_loadgen.text.markdown import escaped, markdown_table


def capacity_markdown(capacity: Capacity) -> str:
    """The outcome as a document of its own."""
    first, *others = map(escaped, outcome_lines(capacity))
    parts = ["## Capacity", f"**{first}**", "\n".join(f"- {line}" for line in others)]
    if capacity.trials:
        sheet = sheet_of(capacity.trials)
        parts.append(markdown_table(tuple(map(escaped, sheet.headings)), sheet.rows))
    return "\n\n".join(parts) + "\n"
