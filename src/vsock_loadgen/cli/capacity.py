"""`vsock-loadgen capacity`: how much a target holds."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from vsock_loadgen.capacity.amounts import Amount, Asked, Vary
from vsock_loadgen.cli.configuring import Given, config_options, thresholds_given
from vsock_loadgen.cli.loads import AMOUNT, LADDER, PRECISION
from vsock_loadgen.cli.outputs import OUTPUT, result_option
from vsock_loadgen.cli.sections import Sectioned

_MOST_CONFIRM = 10


@click.command(cls=Sectioned)
@config_options
@click.option(
    "--goal", "goals", multiple=True, metavar="THRESHOLD", help="Require THRESHOLD of a load [default: the config's thresholds]."
)
@click.option(
    "--vary",
    type=click.Choice(["rate", "vms"]),
    default="rate",
    show_default=True,
    help="Vary how often VMs report, or how many VMs there are.",
)
@click.option("--from", "start", type=AMOUNT, metavar="LOAD", help="Begin with LOAD [default: that of the config].")
@click.option("--to", "highest", type=AMOUNT, metavar="LOAD", help="Try nothing above LOAD.")
@click.option(
    "--precision", type=PRECISION, default=0.05, metavar="PERCENT", help="Stop when the bounds are this close [default: 5%]."
)
@click.option(
    "--confirm",
    type=click.IntRange(1, _MOST_CONFIRM),
    default=2,
    show_default=True,
    metavar="N",
    help="Confirm each bound in N trials.",
)
@click.option(
    "--ladder",
    type=LADDER,
    metavar="LOAD,LOAD,...",
    help="Try these loads in place of a search, the lowest first, in slots of equal length; on several nodes starting at startAt.",
)
@click.option("--at-least", type=AMOUNT, metavar="LOAD", help="Exit with 3 if less than LOAD holds.")
@click.option("--dry-run", is_flag=True, help="Show what the search would do, and send nothing.")
@click.option(
    "--continue",
    "continued",
    type=OUTPUT,
    metavar="FILE",
    help="Continue the interrupted search that wrote FILE, and write there.",
)
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@result_option("Write the outcome as JSON, after every trial.")
@click.option("--html", type=OUTPUT, metavar="FILE", help="Write the outcome as an HTML page.")
@click.option("--no-live", is_flag=True, help="Write a line for each trial, even to a terminal.")
@click.option("--no-loopback-check", is_flag=True, help="Connect to vsock CID 1 even if the kernel sends it to the hypervisor.")
def capacity(
    given: Given,
    goals: tuple[str, ...],
    vary: Vary,
    start: Amount | None,
    highest: Amount | None,
    precision: float,
    confirm: int,
    ladder: tuple[Amount, ...] | None,
    at_least: Amount | None,
    dry_run: bool,
    continued: Path | None,
    output: str,
    result: Path | None,
    html: Path | None,
    no_live: bool,
    no_loopback_check: bool,
) -> None:
    """Search for the highest load that the target holds. Trials with the config's fleet follow one another until the highest load
    that keeps all goals and the lowest that does not are close.

    A LOAD is reports per second of the whole fleet (100/s), or a number. The number is a factor on how often VMs report; with
    --vary vms it counts VMs.

    Several nodes cannot search, since nothing tells them which trial comes next. With --ladder each node tries the same loads with
    its own VMs, in the same slots. compare --merge makes one outcome of their --result files.

    \b
    Exit codes:
      0  found, or every load within the bounds holds
      1  interrupted, not recovered, or contradictory
      2  nothing was sent
      3  the lowest load misses a goal, or less than --at-least holds
      4  the generator was the limit

    One of several nodes exits with 0 if it has tried all loads.

    \b
    Examples:
      vsock-loadgen capacity --config fleet.yaml --goal 'response_time.p99 < 500ms'
      vsock-loadgen capacity --config fleet.yaml --vary vms --at-least 5000 --result capacity.json
      vsock-loadgen capacity --config fleet.yaml --dry-run
      vsock-loadgen capacity --config fleet.yaml --ladder 50/s,100/s,200/s --node-index 0 --node-count 2 --result node-0.json
    """
    from vsock_loadgen.cli.refusing import require_linux

    require_linux("capacity")
    from vsock_loadgen.cli.searches import Shown, search_or_climb

    given = replace(given, overrides=(*given.overrides, *thresholds_given(goals, "--goal")))
    if continued and result:
        raise click.UsageError("--continue FILE writes to that FILE; expected no --result beside it")
    loaded = given.load({"--result": result, "--html": html, "--continue": continued})
    asked = Asked(vary, start, highest, at_least, precision, confirm, ladder or ())
    shown = Shown(output, result or continued, html, live=not no_live)
    sys.exit(search_or_climb(loaded, asked, shown, continued=continued, dry_run=dry_run, go_on=no_loopback_check))
