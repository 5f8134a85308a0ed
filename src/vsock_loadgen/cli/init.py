"""`vsock-loadgen init`: a config to start from."""

from __future__ import annotations

from pathlib import Path

import click

from vsock_loadgen.cli.outputs import check_files, output_option, put_out
from vsock_loadgen.cli.verb import Verb


@click.command(cls=Verb)
@output_option("Write there instead of to stdout.")
def init(to: Path | None) -> None:
    """Print a commented starter config, to be saved and changed.

    \b
    Example:
      vsock-loadgen init -o fleet.yaml
    """
    from vsock_loadgen.config.starter import STARTER

    check_files({"--output": to})
    put_out(STARTER, to)
