"""`vsock-loadgen run`: simulate the fleet."""

from __future__ import annotations

import sys
from functools import partial

import click

from vsock_loadgen.cli.configuring import Given, config_options
from vsock_loadgen.cli.sections import Sectioned
from vsock_loadgen.cli.written import Written, written_options

_MOST_RUNS = 100


@click.command(cls=Sectioned)
@config_options
@written_options
@click.option(
    "--repeat",
    type=click.IntRange(1, _MOST_RUNS),
    default=1,
    metavar="N",
    help="Run N times, and show how much the runs differ. Files are numbered: result-1.json for result.json.",
)
@click.option("--no-live", is_flag=True, help="Write lines of statistics, even to a terminal.")
@click.option("--no-loopback-check", is_flag=True, help="Connect to vsock CID 1 even if the kernel sends it to the hypervisor.")
def run(
    given: Given,
    written: Written,
    repeat: int,
    no_live: bool,
    no_loopback_check: bool,
) -> None:
    """Simulate the fleet: every VM sends its reports when they are due, until the duration ends or a signal arrives.

    \b
    Exit codes:
      0  passed
      1  internal error, incomplete run, or a file that could not be written
      2  nothing was sent: bad input, or the preflight check failed
      3  a threshold was missed, or reports were lost
      4  the generator could not keep its own schedule

    With --repeat the worst code of all runs counts: 1, then 4, then 3.

    \b
    Examples:
      vsock-loadgen run --config fleet.yaml
      vsock-loadgen run --config fleet.yaml --target embedded --time-scale 45 --duration 15s
      vsock-loadgen run --config fleet.yaml --duration 5m --repeat 3 --result old.json
    """
    from vsock_loadgen.cli.refusing import require_linux, said_as

    require_linux("run")
    from vsock_loadgen import app
    from vsock_loadgen.cli.repeating import Repeat, check_repeatable, files_of
    from vsock_loadgen.cli.terminal import streams
    from vsock_loadgen.log import Log
    from vsock_loadgen.modes.calling import Calling
    from vsock_loadgen.stage import Stage

    files = written.anew
    loaded = given.load({**(files if repeat == 1 else files_of(files, repeat)), **written.appended})
    config, where, outputs = loaded.config, streams(live=not no_live), written.outputs()
    with said_as(config.log_format, where.log):
        once = partial(app.run, config, where, mode=Calling(go_on=no_loopback_check), warnings=loaded.warnings)
        if repeat == 1:
            sys.exit(once(outputs, ends_process=True))
        check_repeatable(config, outputs)
        repeated = Repeat(repeat, Stage(where, outputs, Log(where.log, style=config.log_format)))
        sys.exit(repeated.run(lambda numbered, concluded: once(numbered, concluded=concluded)))
