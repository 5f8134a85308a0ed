"""`vsock-loadgen init`: a config to start from."""

from __future__ import annotations

from pathlib import Path

import click

from vsock_loadgen.cli.outputs import check_files, output_option, put_out
from vsock_loadgen.cli.verb import Verb
from vsock_loadgen.errors import ConfigError, Problem
from vsock_loadgen.outputs import is_stream
from vsock_loadgen.printable import printable


@click.command(cls=Verb)
@output_option("Write there instead of to stdout; a file with content is left alone.")
def init(to: Path | None) -> None:
    """Print a commented starter config to save and edit.

    Exit codes: 0 done, 2 the file cannot be written, or is there already.

    \b
    Example:
      vsock-loadgen init -o fleet.yaml
    """
    from vsock_loadgen.config.starter import STARTER

    check_files({"--output": to})
    if to is not None and not is_stream(to) and to.exists() and to.stat().st_size:
        raise ConfigError([Problem("--output", "", printable(f"{to} exists already; remove it, or name another file"))])
    put_out(STARTER, to)
