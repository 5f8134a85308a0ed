"""The help of a verb: no wider than a terminal, with examples that can be copied, and ranges that can be read."""

from __future__ import annotations

import re
from typing import Any

import click

COLUMNS = 80
_MARGIN = 2
"""click's indentation of a verb's description."""
_CONTINUED = 4
_PART = re.compile(r"(?:-[\w-]+ (?!-))?(?:'[^']*'|\S)+")
"""A word of a command; an option and its value are one."""
_RANGES = {
    re.compile(r"(\d+)<=x<=(\d+)"): r"\1 to \2",
    re.compile(r"x>=(\d+)"): r"at least \1",
    re.compile(r"x>(\d+)"): r"above \1",
    re.compile(r" {2}\["): " [",
}
"""How click writes ranges and defaults, each with how they are shown."""


class Verb(click.Command):
    """A command whose help fits a terminal."""

    def __init__(self, *given: Any, **others: Any) -> None:
        super().__init__(*given, **others)
        self.help = "\n".join(map(_broken, (self.help or "").splitlines()))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, under their headings."""
        for heading, options in self.sections(ctx).items():
            records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
            if records:
                with formatter.section(heading):
                    formatter.write_dl([(names, _readable(says)) for names, says in records])

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """The options by the heading under which they stand."""
        return {"Options": [each for each in self.get_params(ctx) if isinstance(each, click.Option)]}


def _readable(says: str) -> str:
    for pattern, shown in _RANGES.items():
        says = pattern.sub(shown, says)
    return says


def _broken(line: str) -> str:
    """A line of help; a command that is too wide continues in the next line, as a shell accepts it."""
    command = line.strip()
    if _MARGIN + len(line) <= COLUMNS or not command.startswith("vsock-loadgen "):
        return line
    indent = line[: len(line) - len(command)]
    lines = [indent.removesuffix(" ")]
    for part in _PART.findall(command):
        if _MARGIN + len(f"{lines[-1]} {part} \\") > COLUMNS:
            lines.append(f"{indent}{' ' * (_CONTINUED - 1)}")
        lines[-1] += f" {part}"
    return " \\\n".join(lines)
