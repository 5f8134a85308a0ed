"""`vsock-loadgen serve`: a fleet that is asked for its reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsock_loadgen import app
from vsock_loadgen.cli.configuring import Given, config_options, streams
from vsock_loadgen.cli.outputs import OUTPUT
from vsock_loadgen.cli.refusing import require, said_as
from vsock_loadgen.cli.scraping_options import sensor_options
from vsock_loadgen.stage import Outputs

if TYPE_CHECKING:
    from vsock_loadgen.scraper.pacing import Settings


@click.command()
@config_options
@click.option(
    "--listen",
    metavar="URL",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Where agents are found: http://HOST:PORT; port 0 is any that is free.",
)
@click.option("--asker", type=click.Choice(["embedded"]), help="Ask the fleet as well, in a process of its own.")
@sensor_options
@click.option("--result", type=OUTPUT, metavar="FILE", help="Write the result as JSON.")
@click.option("--html", type=OUTPUT, metavar="FILE", help="Write the result as an HTML page.")
@click.option("--no-live", is_flag=True, help="Write lines of statistics also where the log is a terminal.")
def serve(
    given: Given, listen: str, asker: str | None, settings: Settings, result: Path | None, html: Path | None, no_live: bool
) -> None:
    """Let every VM of the fleet answer whoever asks it for its report, as its agent would behind the API server's subresource
    `virtualmachineinstances/vsock`, until the duration ends or a signal comes.

    A VM has a new report whenever its interval says so. The options of Sensor's settings are those of --asker embedded.

    Exit codes: 0 done, 1 internal error, incomplete run, or a file that could not be written, 2 nothing was served (bad input, or
    the address cannot be listened on), 3 a threshold was missed or reports were asked for in vain, 4 this machine was too slow.

    \b
    Examples:
      vsock-loadgen serve --config fleet.yaml --listen http://127.0.0.1:8080
      vsock-loadgen serve --config fleet.yaml --asker embedded --time-scale 720 --duration 20s
    """
    require("serve", "aiohttp", "serve")
    from vsock_loadgen.modes.answering import Answering, Listening

    try:
        listening = Listening.of(listen)
    except ValueError as error:
        raise click.BadParameter(f"{listen!r}: {error}", param_hint="--listen") from error
    loaded = given.load({"--result": result, "--html": html})
    where = streams(live=not no_live)
    with said_as(loaded.config.log_format, where.log):
        mode = Answering(listening, settings if asker else None)
        outputs = Outputs(result=result, html=html)
        sys.exit(app.run(loaded.config, where, outputs, mode=mode, warnings=loaded.warnings, ends_process=True))
