"""`vsock-loadgen init`: a config to start from."""

from __future__ import annotations

import click

from vsock_loadgen.config.starter import STARTER


@click.command()
def init() -> None:
    """Print a commented starter config, to be saved and changed.

    \b
    Example:
      vsock-loadgen init > fleet.yaml
    """
    click.echo(STARTER, nl=False)
