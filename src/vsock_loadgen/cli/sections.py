"""The help of a verb that takes the whole config: its options in sections, as many as there are."""

from __future__ import annotations

import click

from vsock_loadgen.cli.verb import Verb
from vsock_loadgen.config.schema import OLDER, scalar_keys

OWN = "Options"
PREDECESSOR = "Names of the predecessor"
_OF_GROUPS = {
    "fleet": "Fleet",
    "content": "Fleet",
    "limits": "Fleet",
    "time": "Load",
    "sending": "Target",
    "judging": "Judging",
    "showing": "Output",
    "nodes": "Nodes",
}
_OF_FLAGS = {
    "--workers": "Load",
    "--repeat": "Load",
    "--no-loopback-check": "Target",
    "--lag-limit": "Judging",
    "--threshold": "Judging",
    "--result": "Output",
    "--output": "Output",
    "--html": "Output",
    "--summary": "Output",
    "--samples": "Output",
    "--samples-share": "Output",
    "--format": "Output",
    "--no-live": "Output",
    "--after-run": "Output",
}
"""Options that are not keys, and keys that people look for under another heading than the file's."""
SECTIONS = (OWN, *dict.fromkeys(_OF_GROUPS.values()), PREDECESSOR)


def section_of(flags: list[str]) -> str:
    """In which section an option with these names stands."""
    named = (_OF_FLAGS[flag] for flag in flags if flag in _OF_FLAGS)
    older = {key.flag for key in OLDER.values()}
    if older & set(flags):
        return PREDECESSOR
    keys = (_OF_GROUPS[key.group] for key in scalar_keys() if key.flag in flags)
    return next(named, None) or next(keys, OWN)


class Sectioned(Verb):
    """A command whose help has its options in sections, in an order that is the same for every verb."""

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """The options of each section."""
        found: dict[str, list[click.Option]] = {section: [] for section in SECTIONS}
        for option in super().sections(ctx)[OWN]:
            found[section_of(option.opts)].append(option)
        return found
