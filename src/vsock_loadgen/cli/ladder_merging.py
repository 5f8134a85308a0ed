"""What `compare --merge` does with the parts of a ladder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from vsock_loadgen.capacity.files import write_capacity
from vsock_loadgen.capacity.merging import merge_parts
from vsock_loadgen.capacity.node_document import read_parts
from vsock_loadgen.cli.outputs import writing
from vsock_loadgen.cli.terminal import streams
from vsock_loadgen.text.capacity_text import capacity_text


def merge_ladder(files: Sequence[Path], to: Path | None, output: str) -> int:
    """Add up what the nodes of a ladder have seen, and show it; returns the exit code. Raises ConfigError."""
    found = merge_parts(read_parts(files))
    if to is not None:
        with writing("--output", to):
            write_capacity(found, to)
    terminal = streams()
    if output == "json":
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        click.echo(capacity_text(found, width=terminal.width, color=terminal.color), nl=False, color=terminal.color)
    return found.code
