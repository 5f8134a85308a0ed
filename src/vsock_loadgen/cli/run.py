"""`vsock-loadgen run`: simulate the fleet."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vsock_loadgen import app
from vsock_loadgen.cli.configuring import Given, config_options, streams


@click.command(short_help="Simulate the fleet.")
@config_options
@click.option("--result", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the result as JSON.")
@click.option(
    "--no-loopback-check", is_flag=True, help="Connect to vsock CID 1 even where the kernel would send it to the hypervisor."
)
def run(given: Given, result: Path | None, no_loopback_check: bool) -> None:
    """Simulate the fleet: every VM sends its reports when they are due, until the duration ends or a signal comes.

    Exit codes: 0 done, 1 internal error or incomplete run, 2 nothing was sent (bad input, or the target refused a first look).

    \b
    Examples:
      vsock-loadgen run --config fleet.yaml
      vsock-loadgen run --config fleet.yaml --target embedded --time-scale 45 --duration 15s
    """
    loaded = given.load()
    outputs = app.Outputs(result=result)
    sys.exit(app.run(loaded.config, streams(), outputs, warnings=loaded.warnings, go_on=no_loopback_check))
