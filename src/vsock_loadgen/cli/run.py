"""`vsock-loadgen run`: simulate the fleet."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.outputs import OUTPUT


@click.command()
@config_options
@click.option("--result", type=OUTPUT, metavar="FILE", help="Write the result as JSON.")
@click.option("--html", type=OUTPUT, metavar="FILE", help="Write the result as an HTML page.")
@click.option("--no-live", is_flag=True, help="Write lines of statistics also where the log is a terminal.")
@click.option(
    "--no-loopback-check", is_flag=True, help="Connect to vsock CID 1 even where the kernel would send it to the hypervisor."
)
def run(given: Given, result: Path | None, html: Path | None, no_live: bool, no_loopback_check: bool) -> None:
    """Simulate the fleet: every VM sends its reports when they are due, until the duration ends or a signal comes.

    Exit codes: 0 done, 1 internal error, incomplete run, or a file that could not be written, 2 nothing was sent (bad input, or the
    target did not pass the preflight check), 3 a threshold was missed or the target threw reports away, 4 the generator could not
    keep its own schedule.

    \b
    Examples:
      vsock-loadgen run --config fleet.yaml
      vsock-loadgen run --config fleet.yaml --target embedded --time-scale 45 --duration 15s
    """
    from vsock_loadgen import app
    from vsock_loadgen.cli.refusing import said_as
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.modes.calling import Calling
    from vsock_loadgen.stage import Outputs

    loaded = given.load({"--result": result, "--html": html})
    outputs = Outputs(result=result, html=html)
    where = streams(live=not no_live)
    with said_as(loaded.config.log_format, where.log):
        mode = Calling(go_on=no_loopback_check)
        sys.exit(app.run(loaded.config, where, outputs, mode=mode, warnings=loaded.warnings, ends_process=True))
