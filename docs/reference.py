"""Writes the parts of README.md that the code knows better: run `make docs`, or with --check to have them only compared.

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic.alias_generators import to_camel

from vsock_loadgen.config.leaves import Leaf
from vsock_loadgen.config.schema import leaf_of, scalar_keys
from vsock_loadgen.config.section import Section
from vsock_loadgen.measures.outcome import EXPLANATIONS

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"


def config_table() -> str:
    """A row for every key below `loadgen:`: what it takes, its default, what it means."""
    defaults = {key.key: key.default for key in scalar_keys()}
    rows = []
    for name, field in Section.model_fields.items():
        key = to_camel(name)
        default = defaults.get(key, "")
        what = leaf_of(name).wanted.removesuffix(", such as 1m30s")
        if not any(isinstance(note, Leaf) for note in field.metadata):
            what += ", or a distribution"
        rows.append((f"`{key}`", what, f"`{default}`" if default else "", field.description or ""))
    return table(("key", "takes", "default", "meaning"), rows)


def failure_table() -> str:
    """A row for every class of failure."""
    rows = [(f"`{failure}`", explanation.cause, explanation.remedy) for failure, explanation in EXPLANATIONS.items()]
    return table(("class", "what happened", "what to do"), rows)


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


PARTS = {"config": config_table, "failures": failure_table}


def current(text: str) -> str:
    """The README with every generated part as it should be. Raises ValueError where one has no place in it."""
    for name, part in PARTS.items():
        opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        found = re.findall(f"{opening}.*?{closing}", text, re.DOTALL)
        if len(found) != 1:
            raise ValueError(f"{README.name} has {len(found)} places for {opening}, expected one")
        text = text.replace(found[0], f"{opening}\n{part()}\n{closing}")
    return text


def main(arguments: list[str]) -> None:
    """Write the README, or compare it; ends with a message where it is not current."""
    before = README.read_text()
    after = current(before)
    if "--check" not in arguments:
        README.write_text(after)
    elif after != before:
        sys.exit(f"{README.name} is not what the code says: run make docs")


if __name__ == "__main__":
    main(sys.argv[1:])
